"""The search index in SQLite FTS5: one file an index, owned by this adapter alone."""

from services.kernel.adapters.embedded_index.index import EmbeddedIndex

__all__ = ["EmbeddedIndex"]
