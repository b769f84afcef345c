"""Evidence: how each field of two entries agrees, and what that says about their being one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.search.domain import forms
from services.search.domain.entries import Birth, Entry, IdDigest, Place, Subject


class Agreement(StrEnum):
    """How two values agree; LOOSE is alike in a way that proves nothing."""

    EQUAL = "equal"
    LOOSE = "loose"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Likeness(StrEnum):
    """What the evidence says of a pair: hard evidence for one, something a person must judge, or two."""

    SAME = "same"
    PERHAPS = "perhaps"
    OTHER = "other"


@dataclass(frozen=True)
class Evidence:
    """One field of a pair and the sentence that says how it agrees."""

    agreement: Agreement
    sentence: str


@dataclass(frozen=True)
class Comparison:
    """The evidence of a pair, field by field."""

    name: Evidence
    organisation: Evidence
    place: Evidence
    birth: Evidence
    id_number: Evidence
    level: Evidence
    content: Evidence

    def told(self) -> tuple[Evidence, ...]:
        """Return what is worth telling: agreements first, then conflicts, then what cannot be compared."""
        found = [evidence for evidence in self._all() if evidence.sentence]
        return tuple(sorted(found, key=lambda evidence: list(Agreement).index(evidence.agreement)))

    def _all(self) -> tuple[Evidence, ...]:
        return (self.name, self.id_number, self.content, self.birth, self.organisation, self.level, self.place)


def compare(entry: Entry, earlier: Entry) -> Comparison:
    """Compare an entry with an earlier one of the same subject."""
    person, work = entry.subject is Subject.PERSON, entry.subject is Subject.WORK
    places = [
        complete(each.place, each.name if each.subject is Subject.ORGANISATION else each.organisation)
        for each in (entry, earlier)
    ]
    return Comparison(
        name=_name(entry, earlier),
        organisation=_organisation(entry, earlier),
        place=_place(*places),
        birth=_birth(entry.birth, earlier.birth) if person else _UNTOLD,
        id_number=_id_number(entry.id_digest, earlier.id_digest) if person else _UNTOLD,
        level=_level(entry, earlier) if entry.subject is Subject.PROJECT else _UNTOLD,
        content=_content(entry, earlier) if work else _UNTOLD,
    )


_UNTOLD = Evidence(Agreement.UNKNOWN, "")


def _missing(word: str, ours: object, theirs: object) -> Evidence:
    where = "双方均未填" if not ours and not theirs else "本次未填" if not ours else "往年记录未填"
    return Evidence(Agreement.UNKNOWN, f"{word}无法比对：{where}")


_NAMES = {
    Subject.PERSON: ("姓名", forms.person_name, forms.person_name),
    Subject.ORGANISATION: ("单位名称", forms.organisation, forms.organisation_loosely),
    Subject.PROJECT: ("项目名称", forms.title_core, forms.title_loosely),
    Subject.WORK: ("作品名称", forms.title_core, forms.title_loosely),
}


def _name(entry: Entry, earlier: Entry) -> Evidence:
    word = {
        Subject.PERSON: "姓名",
        Subject.ORGANISATION: "单位名称",
        Subject.PROJECT: "项目名称",
        Subject.WORK: "作品名称",
    }
    strict, loose = {
        Subject.PERSON: (forms.person_name, forms.person_name),
        Subject.ORGANISATION: (forms.organisation, forms.organisation_loosely),
        Subject.PROJECT: (forms.title_core, forms.title_loosely),
        Subject.WORK: (forms.title_core, forms.title_loosely),
    }[entry.subject]
    both = f"{entry.name}／{earlier.name}"
    if strict(entry.name) == strict(earlier.name) != "":
        same = entry.name == earlier.name
        return Evidence(Agreement.EQUAL, f"{word[entry.subject]}一致：{entry.name if same else both}")
    if loose(entry.name) == loose(earlier.name) != "":
        return Evidence(Agreement.LOOSE, f"{word[entry.subject]}写法相近：{both}")
    return Evidence(Agreement.DIFFERENT, f"{word[entry.subject]}不同：{both}")


def _organisation(entry: Entry, earlier: Entry) -> Evidence:
    word = "单位" if entry.subject is Subject.PERSON else "申报单位"
    ours, theirs = forms.organisation(entry.organisation), forms.organisation(earlier.organisation)
    if entry.subject is Subject.ORGANISATION:
        return _UNTOLD
    if not ours or not theirs:
        return _missing(word, ours, theirs)
    if ours == theirs:
        return Evidence(Agreement.EQUAL, f"{word}同名：{entry.organisation}")
    both = f"{entry.organisation}／{earlier.organisation}"
    if forms.organisation_loosely(entry.organisation) == forms.organisation_loosely(earlier.organisation):
        return Evidence(Agreement.LOOSE, f"{word}名称相近，地名或级别不同：{both}")
    return Evidence(Agreement.DIFFERENT, f"{word}不同：{both}")


_MUNICIPALITIES = frozenset({"北京", "上海", "天津", "重庆"})
_UNDER_A_MUNICIPALITY = frozenset({"", "市辖区", "县"})


def complete(place: Place, organisation: str) -> Place:
    """Return a place with what an organisation's full name adds, and a municipality both as province and as city."""
    told = Place(*forms.places_in(organisation))
    place = Place(place.province or told.province, place.city or told.city, place.district or told.district)
    if forms.place_stem(place.province) in _MUNICIPALITIES and place.city in _UNDER_A_MUNICIPALITY:
        return Place(place.province, place.province, place.district)
    if not place.province and forms.place_stem(place.city) in _MUNICIPALITIES:
        return Place(place.city, place.city, place.district)
    return place


def _one_place(ours: str, theirs: str) -> Agreement:
    """Compare two names of one tier: 云栈 is 云栈区, but 云栈县 is not proved to be 云栈区."""
    if not ours or not theirs:
        return Agreement.UNKNOWN
    names, stems = (
        (forms.place_name(ours), forms.place_name(theirs)),
        (forms.place_stem(ours), forms.place_stem(theirs)),
    )
    if names[0] == names[1] or (stems[0] == stems[1] and any(map(str.__eq__, names, stems))):
        return Agreement.EQUAL
    return Agreement.LOOSE if stems[0] == stems[1] else Agreement.DIFFERENT


def _place(ours: Place, theirs: Place) -> Evidence:
    """Compare two places from the top: a district's name counts only inside its city, for several cities have it."""
    tiers = [
        _one_place(ours.province, theirs.province),
        _one_place(ours.city, theirs.city),
        _one_place(ours.district, theirs.district),
    ]
    both = f"{ours}／{theirs}"
    if not str(ours) or not str(theirs):
        return _missing("所在地", str(ours), str(theirs))
    if Agreement.DIFFERENT in tiers:
        return Evidence(Agreement.DIFFERENT, f"所在地不同：{both}")
    if _same_to_the_deepest(ours, theirs, tiers):
        return Evidence(Agreement.EQUAL, f"所在地一致：{ours}")
    if Agreement.EQUAL in tiers[:2] or Agreement.LOOSE in tiers:
        return Evidence(Agreement.LOOSE, f"所在地相近，未能确定为同一地：{both}")
    return Evidence(Agreement.UNKNOWN, f"所在地无法比对：{both}")


def _same_to_the_deepest(ours: Place, theirs: Place, tiers: list[Agreement]) -> bool:
    """Say whether both end at the same tier and agree there, under an agreeing city or province."""
    _, city, district = tiers
    if bool(ours.district) != bool(theirs.district) or Agreement.LOOSE in tiers:
        return False
    if ours.district:
        return district is Agreement.EQUAL and city is Agreement.EQUAL
    if bool(ours.city) != bool(theirs.city):
        return False
    return city is Agreement.EQUAL if ours.city else tiers[0] is Agreement.EQUAL


def _birth(ours: Birth | None, theirs: Birth | None) -> Evidence:
    if ours is None or theirs is None:
        return _missing("出生年月", ours, theirs)
    if ours.year != theirs.year or (ours.month and theirs.month and ours.month != theirs.month):
        return Evidence(Agreement.DIFFERENT, f"出生年月不同：{ours}／{theirs}")
    if ours.month and theirs.month:
        return Evidence(Agreement.EQUAL, f"出生年月一致：{ours}")
    return Evidence(Agreement.LOOSE, f"出生年份一致：{ours.year}年，月份一方未填")


def _id_number(ours: IdDigest | None, theirs: IdDigest | None) -> Evidence:
    if ours is None or theirs is None:
        return _missing("证件号", ours, theirs)
    shown = f"（后四位{ours.last4}／{theirs.last4}）"
    if ours.kid != theirs.kid:
        return Evidence(Agreement.UNKNOWN, f"证件号无法比对：两次登记所用密钥不同{shown}")
    if ours.digest == theirs.digest:
        return Evidence(Agreement.EQUAL, f"证件号一致（后四位{ours.last4}）")
    return Evidence(Agreement.DIFFERENT, f"证件号不同{shown}")


def _level(entry: Entry, earlier: Entry) -> Evidence:
    if entry.level is None or earlier.level is None:
        return _UNTOLD
    same = entry.level == earlier.level
    return Evidence(Agreement.EQUAL, "级别一致") if same else Evidence(Agreement.DIFFERENT, "级别不同")


def _content(entry: Entry, earlier: Entry) -> Evidence:
    if not entry.contents or not earlier.contents:
        return _missing("作品内容", entry.contents, earlier.contents)
    if entry.contents & earlier.contents:
        return Evidence(Agreement.EQUAL, "作品内容完全一致")
    return Evidence(Agreement.DIFFERENT, "作品内容不同")


def likeness(entry: Entry, earlier: Entry, found: Comparison) -> Likeness:
    """Judge a pair. SAME rests on hard evidence alone: nothing is ever added up to it.

    A person: the same ID number under one key of the hash, and the same name. A project: the same title core by the
    same organisation of the same district at the same level. A work: the same content. An organisation: never.
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


_ALIKE = frozenset({Agreement.EQUAL, Agreement.LOOSE})
_TELLING_NAME_CHARS = 4


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
    return bool(entry.id_digest and earlier.id_digest and entry.id_digest.last4 == earlier.id_digest.last4)


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
