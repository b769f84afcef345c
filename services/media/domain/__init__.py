"""What was measured in a file, and what a slot's rules say of it. Pure: no file is opened here."""
