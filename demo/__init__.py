"""Plays a campaign through the public HTTP API; imports nothing of the platform."""
