"""The metadata on which every table of intake stands."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData()
