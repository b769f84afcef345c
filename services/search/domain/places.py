"""Places: completed from what an organisation's name says, and compared from the top."""

from __future__ import annotations

from collections.abc import Callable

from services.search.domain import forms
from services.search.domain.entries import Entry, Place, Subject
from services.search.domain.evidence import Agreement

_MUNICIPALITIES = frozenset({"北京", "上海", "天津", "重庆"})
_UNDER_A_MUNICIPALITY = frozenset({"", "市辖区", "县"})


def place_of(entry: Entry) -> Place:
    """Return an entry's place with what its organisation's full name adds, a municipality as province and as city."""
    told = Place(*forms.places_in(entry.name if entry.subject is Subject.ORGANISATION else entry.organisation))
    place = entry.place
    return _with_municipality(
        Place(place.province or told.province, place.city or told.city, place.district or told.district, code=place.code)
    )


def _with_municipality(place: Place) -> Place:
    if forms.place_stem(place.province) in _MUNICIPALITIES and place.city in _UNDER_A_MUNICIPALITY:
        return Place(place.province, place.province, place.district, code=place.code)
    if not place.province and forms.place_stem(place.city) in _MUNICIPALITIES:
        return Place(place.city, place.city, place.district, code=place.code)
    return place


def compare_places(ours: Place, theirs: Place) -> Agreement:
    """Say how two completed places agree.

    EQUAL: both end at the same tier and agree there, under an agreeing city (a district) or alone (a city, a province);
    or their codes are one. A district's name counts only inside its city, for several cities have it. LOOSE: they agree
    as far as they go, and one goes further, or its kind of place differs (云栈县, 云栈区).
    """
    if ours.code and theirs.code:
        return Agreement.EQUAL if ours.code == theirs.code else Agreement.DIFFERENT
    tiers = [
        _one(ours.province, theirs.province),
        _one(ours.city, theirs.city),
        _one(ours.district, theirs.district),
    ]
    if Agreement.DIFFERENT in tiers:
        return Agreement.DIFFERENT
    if _end_together(ours, theirs, tiers):
        return Agreement.EQUAL
    return Agreement.LOOSE if Agreement.EQUAL in tiers[:2] or Agreement.LOOSE in tiers else Agreement.UNKNOWN


def _one(ours: str, theirs: str) -> Agreement:
    """Compare two names of one tier: 云栈 is 云栈区, but 云栈县 is not proved to be 云栈区."""
    names, stems = _both(forms.place_name, ours, theirs), _both(forms.place_stem, ours, theirs)
    if "" in names:
        return Agreement.UNKNOWN
    if stems[0] != stems[1]:
        return Agreement.DIFFERENT
    one_says_no_kind = any(name == stem for name, stem in zip(names, stems, strict=True))
    return Agreement.EQUAL if names[0] == names[1] or one_says_no_kind else Agreement.LOOSE


def _both(form: Callable[[str], str], ours: str, theirs: str) -> tuple[str, str]:
    return form(ours), form(theirs)


def _end_together(ours: Place, theirs: Place, tiers: list[Agreement]) -> bool:
    province, city, district = tiers
    if Agreement.LOOSE in tiers or bool(ours.district) != bool(theirs.district):
        return False
    if ours.district:
        return district is Agreement.EQUAL and city is Agreement.EQUAL
    if bool(ours.city) != bool(theirs.city):
        return False
    return city is Agreement.EQUAL if ours.city else province is Agreement.EQUAL
