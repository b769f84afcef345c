"""One module an engine; each translates its vendor's errors."""
