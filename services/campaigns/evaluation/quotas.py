"""Places: the cap when a work is listed, floors and the lower bound when the list is locked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.campaigns.evaluation.sentences import cited, range_text
from services.campaigns.findings import Finding, Severity
from services.campaigns.models import Campaign, ChoiceField, Floor, Option, Quota, Track

PLATFORM = "平台要求"
QUOTA_CHECKS = ("no_quota", "quota_cap", "quota_floor", "quota_below_min", "quota_empty")


@dataclass(frozen=True, slots=True)
class Listed:
    """A work on a list: its track, and its choice fields by id (option id or label)."""

    track: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Waivers:
    """特殊情况说明 of a unit by key (`below_min_key`, `floor_key`): filed, and agreed by the organiser."""

    filed: frozenset[str] = frozenset()
    agreed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LockDecision:
    """Whether a list may be locked, and what is to be said of it either way."""

    may_lock: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """The quota of one unit in one track, and what is said of it."""

    campaign: Campaign
    quota: Quota
    track: Track
    unit_name: str

    @property
    def named(self) -> str:
        """The track's name where the campaign has several."""
        return self.track.label if len(self.campaign.tracks) > 1 else ""

    def full(self, count: int, *, act: str, out: int) -> Finding:
        measure, quota = self.track.measure, self.quota
        places = f"{range_text(quota.min, quota.max)}{measure}"
        about = quota.words or f"{self.unit_name}{self.named}{self.campaign.terms.quota}{places}"
        used = f"已占用{count}{measure}"
        message = f"{about}，{used}，不能{act}。请先移出{out}{measure}{cited(quota.cite)}。"
        return _finding("quota_cap", Severity.BLOCK, used, places, quota.cite, message)

    def below(self, count: int, then: str | None = None) -> Finding:
        measure, quota = self.track.measure, self.quota
        warns = quota.below_min == "warn"
        held = f"暂不能锁定{self.campaign.terms.recommendation_list}。"
        next_step = then or ("可填写特殊情况说明后锁定。" if warns else held)
        counted, least = f"{count}{measure}", f"{quota.min}{measure}"
        message = f"{self.named}{counted}，低于{least}{cited(quota.cite)}。{next_step}"
        severity = Severity.WARN if warns else Severity.BLOCK
        return _finding("quota_below_min", severity, counted, f"应不少于{least}", quota.cite, message)

    def short(self, floor: Floor, counts: Mapping[Option, int], short: Mapping[Option, int]) -> Finding:
        terms, measure = self.campaign.terms, self.track.measure
        lacking = "、".join(f"‘{option.label}’类{terms.work}{count}{measure}" for option, count in short.items())
        present = "、".join(f"{option.label}{count}{measure}" for option, count in counts.items())
        held = f"缺少{lacking}，暂不能锁定{terms.recommendation_list}"
        message = f"{held}：{floor.words}{cited(floor.cite)}。现有：{present}。"
        return _finding("quota_floor", Severity.BLOCK, present, floor.words, floor.cite, message)


def below_min_key(track_id: str) -> str:
    """Return the key of a statement on fewer works than the lower bound."""
    return f"below_min:{track_id}"


def floor_key(track_id: str, field_id: str, option_id: str) -> str:
    """Return the key of a waiver of one option of a floor."""
    return f"floor:{track_id}:{field_id}:{option_id}"


def decide_listing(campaign: Campaign, unit_type: str, unit_name: str, track_id: str, listed: int) -> Finding | None:
    """Return why one more work cannot be listed beside `listed` works of the track, or None when a place is free."""
    quota, track = campaign.quota(unit_type, track_id), campaign.track(track_id)
    if quota is None or track is None:
        return _no_quota(campaign, unit_name, track_id)
    if listed < quota.max:
        return None
    return _Place(campaign, quota, track, unit_name).full(listed, act="再列入", out=listed - quota.max + 1)


def decide_lock(
    campaign: Campaign, unit_type: str, unit_name: str, works: Sequence[Listed], waivers: Waivers | None = None
) -> LockDecision:
    """Decide whether a unit's list of works may be locked: cap, floors, lower bounds, never empty."""
    known = waivers or Waivers()
    if not works:
        return LockDecision(may_lock=False, findings=(_empty(campaign),))
    held = [*_strangers(campaign, unit_type, unit_name, works)]
    notes: list[Finding] = []
    for place in _places(campaign, unit_type, unit_name):
        mine = [work for work in works if work.track == place.track.id]
        held += _holding(place, mine, known)
        notes += _noted(place, len(mine), known)
    return LockDecision(may_lock=not held, findings=(*held, *notes))


def waiver_sentence(campaign: Campaign, unit_name: str, option_label: str) -> str:
    """Return how an agreed waiver is told.

    “经主办单位同意，石桥区本次可不报‘家庭’类作品。”
    """
    terms = campaign.terms
    return f"经{terms.organiser}同意，{unit_name}本次可不报‘{option_label}’类{terms.work}。"


def counts_by_option(field: ChoiceField, works: Sequence[Listed]) -> dict[Option, int]:
    """Return how many works stand under each option, in the field's order."""
    found: Counter[str] = Counter()
    for work in works:
        option = field.option(str(work.values.get(field.id, "")))
        found[option.id if option else ""] += 1
    return {option: found[option.id] for option in field.options}


def _places(campaign: Campaign, unit_type: str, unit_name: str) -> Iterator[_Place]:
    for track in campaign.tracks:
        quota = campaign.quota(unit_type, track.id)
        if quota is not None:
            yield _Place(campaign, quota, track, unit_name)


def _holding(place: _Place, works: Sequence[Listed], waivers: Waivers) -> Iterator[Finding]:
    quota, count = place.quota, len(works)
    if count > quota.max:
        yield place.full(count, act="锁定", out=count - quota.max)
    if works:
        for floor in quota.floors:
            yield from _floor(place, floor, works, waivers)
    if count < quota.min and not _excused(quota, waivers):
        yield place.below(count)


def _excused(quota: Quota, waivers: Waivers) -> bool:
    return quota.below_min == "warn" and below_min_key(quota.track) in waivers.filed | waivers.agreed


def _noted(place: _Place, count: int, waivers: Waivers) -> Iterator[Finding]:
    if count < place.quota.min and _excused(place.quota, waivers):
        yield place.below(count, then="已填写特殊情况说明。")


def _floor(place: _Place, floor: Floor, works: Sequence[Listed], waivers: Waivers) -> Iterator[Finding]:
    field = place.track.field(floor.field)
    if not isinstance(field, ChoiceField):
        return
    counts = counts_by_option(field, works)
    short = {
        option: floor.at_least - count
        for option, count in counts.items()
        if count < floor.at_least and not _waived(floor, place.track, option, waivers)
    }
    if short:
        yield place.short(floor, counts, short)


def _waived(floor: Floor, track: Track, option: Option, waivers: Waivers) -> bool:
    return floor.waivable and floor_key(track.id, floor.field, option.id) in waivers.agreed


def _empty(campaign: Campaign) -> Finding:
    terms = campaign.terms
    listed = f"{terms.recommendation_list}没有{terms.work}，不能锁定{cited(PLATFORM)}。"
    message = f"{listed}如本次无推荐，请报送无推荐（零报告）。"
    return _finding("quota_empty", Severity.BLOCK, "0", "至少1", PLATFORM, message)


def _strangers(campaign: Campaign, unit_type: str, unit_name: str, works: Sequence[Listed]) -> Iterator[Finding]:
    for track_id in sorted({work.track for work in works}):
        if campaign.quota(unit_type, track_id) is None:
            yield _no_quota(campaign, unit_name, track_id)


def _no_quota(campaign: Campaign, unit_name: str, track_id: str) -> Finding:
    track, term = campaign.track(track_id), campaign.terms.quota
    label = track.label if track else track_id
    message = f"{unit_name}没有“{label}”的{term}，不能列入{cited(PLATFORM)}。"
    return _finding("no_quota", Severity.BLOCK, "0", f"应有{term}", PLATFORM, message)


def _finding(check: str, severity: Severity, measured: str, required: str, cite: str, message: str) -> Finding:  # noqa: PLR0917 - the fields of a finding, in their order
    return Finding(check=check, severity=severity, measured=measured, required=required, cite=cite, message=message)
