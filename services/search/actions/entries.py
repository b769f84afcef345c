"""From what an event carries of a work to what the register compares."""

from __future__ import annotations

from hashlib import sha256

from services.kernel.contracts.events import Compared
from services.search.domain import values
from services.search.domain.entries import Entry, IdDigest, Place, Subject

_OF_NOTHING = sha256().hexdigest()


def entry_of(subject: str, title: str, compared: Compared, region_code: str) -> Entry:
    """Return the entry that a work stands for. A person's own name goes before the title of the work."""
    kind = Subject(subject)
    return Entry(
        subject=kind,
        name=(compared.person or title) if kind is Subject.PERSON else title,
        organisation=compared.organisation,
        place=Place(code=region_code),
        birth=values.birth(compared.birth) if compared.birth else None,
        id_digest=_id(compared),
        contents=_contents(compared) if kind is Subject.WORK else frozenset(),
    )


def _id(compared: Compared) -> IdDigest | None:
    if compared.id_hash and compared.id_kid:
        return IdDigest(compared.id_kid, compared.id_hash, "")
    return None


def _contents(compared: Compared) -> frozenset[str]:
    told = compared.content_hash
    return frozenset({told}) if told and told != _OF_NOTHING else frozenset()
