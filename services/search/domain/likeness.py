"""What the evidence says of a pair: hard evidence for one, something a person must judge, or two."""

from __future__ import annotations

from enum import StrEnum

from services.search.domain import forms
from services.search.domain.comparison import Comparison
from services.search.domain.entries import Entry, Subject
from services.search.domain.evidence import Agreement


class Likeness(StrEnum):
    """The same one, perhaps the same one, another one."""

    SAME = "same"
    PERHAPS = "perhaps"
    OTHER = "other"


_ALIKE = frozenset({Agreement.EQUAL, Agreement.LOOSE})
_TELLING_NAME_CHARS = 4


def likeness(entry: Entry, earlier: Entry, found: Comparison) -> Likeness:
    """Judge a pair. SAME rests on hard evidence alone: nothing is ever added up to it.

    A person: the same ID number under one key of the hash, and the same name. A project: the same title core by the
    same organisation of the same place, at the same level. A work: the same content. An organisation: never.
    """
    match entry.subject:
        case Subject.PERSON:
            return _person(entry, earlier, found)
        case Subject.PROJECT:
            return _project(found)
        case Subject.WORK:
            return Likeness.SAME if found.content.agreement is Agreement.EQUAL else _titled(found)
        case Subject.ORGANISATION:
            return _named(found)


def _person(entry: Entry, earlier: Entry, found: Comparison) -> Likeness:
    named = found.name.agreement is Agreement.EQUAL
    if found.id_number.agreement is Agreement.EQUAL:
        return Likeness.SAME if named else Likeness.PERHAPS
    if _under_two_keys(entry, earlier) and (named or _end_alike(entry, earlier)):
        return Likeness.PERHAPS
    if not named:
        return Likeness.OTHER
    if found.id_number.agreement is Agreement.DIFFERENT:
        mistyped = Agreement.EQUAL in {found.organisation.agreement, found.birth.agreement}
        return Likeness.PERHAPS if mistyped else Likeness.OTHER
    return _namesake(entry, found)


def _under_two_keys(entry: Entry, earlier: Entry) -> bool:
    """Say whether two ID numbers were hashed under two keys: such a pair is never cleared by its numbers."""
    return bool(entry.id_digest and earlier.id_digest and entry.id_digest.kid != earlier.id_digest.kid)


def _end_alike(entry: Entry, earlier: Entry) -> bool:
    ours, theirs = entry.id_digest, earlier.id_digest
    return bool(ours and theirs and ours.last4 and ours.last4 == theirs.last4)


def _namesake(entry: Entry, found: Comparison) -> Likeness:
    """Judge two of one name without two ID numbers: another birth is another person, anything shared asks.

    So does a name that hardly two people have, and a pair of which nothing else is known.
    """
    if found.birth.agreement is Agreement.DIFFERENT:
        return Likeness.OTHER
    agreements = {found.birth.agreement, found.organisation.agreement, found.place.agreement}
    rare = len(forms.person_name(entry.name)) >= _TELLING_NAME_CHARS
    if agreements & _ALIKE or rare or Agreement.DIFFERENT not in agreements:
        return Likeness.PERHAPS
    return Likeness.OTHER


def _project(found: Comparison) -> Likeness:
    hard = {found.name.agreement, found.organisation.agreement, found.place.agreement}
    if hard == {Agreement.EQUAL} and found.level.agreement is not Agreement.DIFFERENT:
        return Likeness.SAME
    return _titled(found)


def _titled(found: Comparison) -> Likeness:
    """Judge by a title: the same one always asks, one only alike does where the organisation may be the same."""
    if found.name.agreement is Agreement.LOOSE:
        apart = found.organisation.agreement is Agreement.DIFFERENT
        return Likeness.OTHER if apart else Likeness.PERHAPS
    return Likeness.PERHAPS if found.name.agreement is Agreement.EQUAL else Likeness.OTHER


def _named(found: Comparison) -> Likeness:
    """Judge by an organisation's name: stripping the place made a city's college equal a district's, so it counts."""
    if found.name.agreement not in _ALIKE or found.place.agreement is Agreement.DIFFERENT:
        return Likeness.OTHER
    return Likeness.PERHAPS
