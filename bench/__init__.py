"""Measurements: `python -m bench.<name>` prints each figure beside its bare reference, and their ratio."""
