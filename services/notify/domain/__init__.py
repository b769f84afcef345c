"""What notify decides: who is told, in which words, and what a witness shows."""
