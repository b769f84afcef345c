"""What an operator does from the command line: look after a home, its dead letters and its log."""
