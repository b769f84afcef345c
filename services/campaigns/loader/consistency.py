"""What must agree between the parts of a campaign that are each well formed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import get_args

from services.campaigns.loader.tree import Loc
from services.campaigns.models import Act, Campaign, ChoiceField, Quota, Tier, Track, Units

_NAMED = ("unit_types", "tracks", "stages", "deadlines", "rounds", "awards", "readings")


def disagreements(campaign: Campaign) -> Iterator[tuple[Loc, str]]:
    """Yield the place of each disagreement and what it is."""
    for key in _NAMED:
        yield from _doubles([item.id for item in getattr(campaign, key)], (key,))
    yield from _doubles([clause.id for clause in campaign.notice.clauses], ("notice", "clauses"))
    for index, track in enumerate(campaign.tracks):
        yield from _of_track(track, ("tracks", index))
    yield from _of_stages(campaign)
    yield from _of_quotas(campaign)
    yield from _of_columns(campaign)
    yield from _of_rounds(campaign)
    yield from _of_retention(campaign)


def _doubles(names: Sequence[str], loc: Loc) -> Iterator[tuple[Loc, str]]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield (*loc, index), f"“{name}”写了两次"
        seen.add(name)


def _of_track(track: Track, loc: Loc) -> Iterator[tuple[Loc, str]]:
    yield from _doubles([field.id for field in track.fields], (*loc, "fields"))
    yield from _doubles([slot.id for slot in track.slots], (*loc, "slots"))
    yield from _doubles([rule.id for rule in track.prior_winners], (*loc, "prior_winners"))
    for role, name in track.compared or ():
        if name is not None and track.field(name) is None:
            yield (*loc, "compared", role), f"本类别没有填报项“{name}”"
    title = track.field(track.title_field)
    if title is None or title.kind != "text":
        yield (*loc, "title_field"), f"title_field 应为本类别的一个文字填报项，没有“{track.title_field}”"


def _of_stages(campaign: Campaign) -> Iterator[tuple[Loc, str]]:
    for index, (earlier, later) in enumerate(pairwise(campaign.stages)):
        if later.opens < earlier.closes:
            yield ("stages", index + 1, "opens"), f"“{later.label}”与“{earlier.label}”的时间重叠，阶段按先后排列"
    governed: Counter[str] = Counter(act for stage in campaign.stages for act in stage.governs)
    for act in get_args(Act):
        if governed[act] > 1:
            yield ("stages",), f"“{act}”由不止一个阶段管理"
    for act in ("submit", "list", "lock"):
        if governed[act] == 0:
            yield ("stages",), f"没有阶段管理“{act}”，请在一个阶段的 governs 中写明"


def _of_quotas(campaign: Campaign) -> Iterator[tuple[Loc, str]]:
    yield from _doubles([f"{quota.unit_type}×{quota.track}" for quota in campaign.quotas], ("quotas",))
    for index, quota in enumerate(campaign.quotas):
        yield from _of_floors(campaign, quota, ("quotas", index))


def _of_floors(campaign: Campaign, quota: Quota, loc: Loc) -> Iterator[tuple[Loc, str]]:
    track = campaign.track(quota.track)
    for index, floor in enumerate(quota.floors):
        field = track.field(floor.field) if track else None
        if not isinstance(field, ChoiceField):
            yield (*loc, "floors", index, "field"), f"“{floor.field}”不是类别“{quota.track}”的选择项"
        elif len(field.options) * floor.at_least > quota.max:
            least = len(field.options) * floor.at_least
            yield (*loc, "floors", index, "at_least"), f"各类至少合计{least}，多于名额上限{quota.max}"


def _of_columns(campaign: Campaign) -> Iterator[tuple[Loc, str]]:
    for index, column in enumerate(campaign.recommendation_list.columns):
        without = [track.id for track in campaign.tracks if column.field and track.field(column.field) is None]
        if without:
            yield (
                ("recommendation_list", "columns", index, "field"),
                f"类别 {'、'.join(without)} 没有填报项“{column.field}”",
            )


def _of_rounds(campaign: Campaign) -> Iterator[tuple[Loc, str]]:
    for index, review in enumerate(campaign.rounds):
        yield from _doubles([item.id for item in review.rubric.criteria], ("rounds", index, "rubric", "criteria"))
        yield from _doubles([item.id for item in review.outcomes], ("rounds", index, "outcomes"))
        for place, (wide, narrow) in enumerate(pairwise(review.outcomes)):
            if narrow.count > wide.count:
                yield (
                    ("rounds", index, "outcomes", place + 1, "count"),
                    f"“{narrow.label}”{narrow.count}，多于“{wide.label}”{wide.count}；由多到少排列",
                )


def _of_retention(campaign: Campaign) -> Iterator[tuple[Loc, str]]:
    stated = [rule.tier for rule in campaign.retention]
    yield from _doubles(stated, ("retention",))
    missing = [tier for tier in get_args(Tier) if tier not in stated]
    if missing:
        yield ("retention",), f"未写明 {'、'.join(missing)} 级数据保存多久"


def unit_disagreements(units: Units) -> Iterator[tuple[Loc, str]]:
    """Yield ids, names and aliases that stand for two units."""
    yield from _doubles([unit.id for unit in units.units], ("units",))
    owners: dict[str, str] = {}
    for index, unit in enumerate(units.units):
        for name in (unit.name, *unit.aliases):
            if owners.setdefault(name, unit.id) != unit.id:
                yield ("units", index), f"“{name}”已是单位“{owners[name]}”的名称"
