"""Turns events into messages, and keeps the heads of the record."""
