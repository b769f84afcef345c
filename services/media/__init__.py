"""Judges each uploaded file against its slot's rules and makes what people need to look at it."""
