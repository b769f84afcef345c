"""The programs that measure and convert, each run as a child of its own with limits and no network."""
