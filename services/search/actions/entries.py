"""From what an event carries of a work to what the register compares."""

from __future__ import annotations

from hashlib import sha256

from services.kernel.contracts.events import Compared
from services.search.domain import forms, values
from services.search.domain.entries import Entry, IdDigest, Place, Subject

_OF_NOTHING = sha256().hexdigest()


def place_of_unit(unit_name: str, region_code: str, host: str) -> Place:
    """Return where a unit stands: a district of its own name, in the place with which the host's name begins."""
    province, city, district = forms.places_in(host)
    return Place(province, city, forms.places_in(unit_name)[2] or district, region_code)


def entry_of(subject: str, title: str, compared: Compared, place: Place) -> Entry:
    """Return the entry that a work stands for. A person's own name goes before the title of the work."""
    kind = Subject(subject)
    return Entry(
        subject=kind,
        name=(compared.person or title) if kind is Subject.PERSON else title,
        organisation=compared.organisation,
        place=place,
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
