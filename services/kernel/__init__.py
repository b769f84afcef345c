"""Mechanism without product nouns: delivery, storage, time, identity, web."""
