"""What search does: load, decide, save, emit."""
