"""What services promise each other: the envelope, the events and the topics."""
