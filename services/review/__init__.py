"""Rounds, experts, assignment, ballots, tallies, results and the record of them."""
