"""notify's rows."""

from services.notify.store.tables import metadata

__all__ = ["metadata"]
