"""What a review is, without I/O, clock or chance: rubric, assignment, ballots, tally, and the record of them."""
