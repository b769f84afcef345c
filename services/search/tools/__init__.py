"""What search does outside itself: files of earlier years, keyed hashes of ID numbers and of content."""
