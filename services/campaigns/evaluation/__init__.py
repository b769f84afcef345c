"""Campaign rules applied: pure decisions over values, times and ids, and the sentences that go with them."""
