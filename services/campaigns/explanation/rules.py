"""Each part of a campaign as a section."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from services.campaigns.evaluation.sentences import range_text
from services.campaigns.explanation.lines import Line, Section, types
from services.campaigns.instants import closing_text, opening_text
from services.campaigns.models import Act, Campaign, Late, Quota, Reading, Round, Stage, Tier
from services.campaigns.models.winners import LEVEL_WORDS

_TIERS: dict[Tier, str] = {"T0": "公开信息", "T1": "内部信息", "T2": "个人信息", "T3": "敏感信息"}
_ACTS: dict[Act, str] = {"enter": "录入", "submit": "提交", "list": "列入", "lock": "锁定", "ballot": "评分"}


def identity(campaign: Campaign) -> Section:
    """Return who holds it, by which document, for which units."""
    notice, terms = campaign.notice, campaign.terms
    issued = f"{notice.issued_on.year}年{notice.issued_on.month}月{notice.issued_on.day}日"
    lines = [
        Line(text=f"通知：{notice.title}，{notice.document_number}，{issued}"),
        Line(text=f"{terms.organiser}：{notice.organiser}"),
    ]
    if notice.level:
        lines.append(Line(text=f"结果的级别：{LEVEL_WORDS[notice.level]}"))
    if notice.implementer:
        lines.append(Line(text=f"{terms.implementer}：{notice.implementer}"))
    lines += [Line(text=f"{terms.recommending_unit}：{kind.label}", cite=kind.cite) for kind in campaign.unit_types]
    if campaign.liaisons:
        who = types(campaign, campaign.liaisons.unit_types)
        lines.append(Line(text=f"{who}各安排联络员{campaign.liaisons.count}名", cite=campaign.liaisons.cite))
    mark = "（试运行，不作为正式材料）" if campaign.rehearsal else ""
    return Section(title=f"{campaign.title}{mark}", lines=tuple(lines))


def stages(campaign: Campaign) -> Section:
    """Return the windows and the deadlines beside them."""
    lines = [line for stage in campaign.stages for line in _stage(stage)]
    lines += [
        Line(text=f"{types(campaign, due.unit_types)}报送{due.label}：{closing_text(due.closes, year=True)}截止", cite=due.cite)
        for due in campaign.deadlines
    ]
    return Section(title="阶段与截止时间（北京时间）", lines=tuple(lines))


def _stage(stage: Stage) -> Iterator[Line]:
    acts = "、".join(_ACTS[act] for act in stage.governs)
    window = f"{opening_text(stage.opens, year=True)}—{closing_text(stage.closes)}"
    yield Line(text=f"{stage.label}：{window}{f'，其间可{acts}' if acts else ''}", cite=stage.cite)
    if stage.late:
        yield Line(text=f"{stage.label}截止后：{_late(stage.late)}", cite=stage.late.cite)
    if stage.upload_grace:
        until = closing_text(stage.uploads_close)
        yield Line(text=f"{stage.label}截止前已开始的上传可续传至{until}", cite=stage.upload_grace.cite)


def _late(late: Late) -> str:
    effects = {"hold": "存为逾期材料，由主办单位决定是否受理", "statement": "不接收，可附特殊情况说明补录", "refuse": "不接收"}
    return (late.words or effects[late.effect]).removesuffix("。")


def quotas(campaign: Campaign) -> Section:
    """Return the places of each unit type, floors included."""
    return Section(
        title=campaign.terms.quota, lines=tuple(line for quota in campaign.quotas for line in _quota(campaign, quota))
    )


def _quota(campaign: Campaign, quota: Quota) -> Iterator[Line]:
    track = campaign.track(quota.track)
    if track is None:
        return
    about = f"{types(campaign, {quota.unit_type})}：{track.label}{range_text(quota.min, quota.max)}{track.measure}"
    below = {"warn": "须填写特殊情况说明后锁定", "block": "不能锁定"}[quota.below_min]
    yield Line(text=f"{about}，达到上限后不能再列入{f'；低于下限{below}' if quota.min else ''}", cite=quota.cite)
    for floor in quota.floors:
        waived = f"（经{campaign.terms.organiser}同意可不报某一类）" if floor.waivable else ""
        yield Line(text=f"{types(campaign, {quota.unit_type})}：{floor.words}{waived}", cite=floor.cite)


def layout(campaign: Campaign) -> Section:
    """Return the recommendation list's columns and form."""
    paper = campaign.recommendation_list
    columns = "、".join(column.label for column in paper.columns)
    ranked = "按优先程度排序" if paper.ranked else "不排序"
    return Section(
        title=f"{campaign.terms.recommendation_list}：{paper.short_title}",
        lines=(
            Line(text=f"表头：{paper.unit_header}；各列：{columns}；{ranked}", cite=paper.cite),
            Line(text=f"报送形式：{paper.filed_as}", cite=paper.cite),
        ),
    )


def review(campaign: Campaign) -> Section:
    """Return rounds, criteria, what is chosen, ties and awards."""
    lines = [line for item in campaign.rounds for line in _round(campaign, item)]
    lines += [Line(text=f"{award.label}{award.count}{award.measure}", cite=award.cite) for award in campaign.awards]
    return Section(title=campaign.terms.round, lines=tuple(lines))


def _round(campaign: Campaign, item: Round) -> Iterator[Line]:
    measure = campaign.tracks[0].measure
    recused = "，不评本单位作品" if item.own_unit_recused else ""
    yield Line(text=f"{item.label}：每{measure}由{item.experts_per_work}名专家评分{recused}", cite=item.rubric.cite)
    points = "、".join(f"{criterion.label}{criterion.points:f}分" for criterion in item.rubric.criteria)
    total = {"sum": "各专家总分相加", "mean": "各专家总分取平均"}[item.aggregate]
    yield Line(text=f"评分标准：{points}；{total}", cite=item.rubric.cite)
    for outcome in item.outcomes:
        yield Line(text=f"{outcome.label}：{outcome.count}{measure}", cite=outcome.cite)
    decided = {"panel": "由专家组复议", "second_ballot": "由二次评议"}[item.tie.decided_by]
    yield Line(text=f"同分：{decided}。{item.tie.words}".removesuffix("。"), cite=item.tie.cite)


def handling(campaign: Campaign) -> Section:
    """Return terms of repair, consent and retention."""
    repair = campaign.repair
    term = f"{repair.working_days}个工作日" if repair.working_days else f"由{campaign.terms.organiser}每次确定"
    kept = "，名额保留" if repair.keeps_place else ""
    return Section(
        title="补正、授权与保存",
        lines=(
            Line(text=f"退回补正期限：{term}{kept}", cite=repair.cite),
            Line(text=f"授权与知情同意：{campaign.consent.statement}".removesuffix("。"), cite=campaign.consent.cite),
            *(
                Line(text=f"{_TIERS[rule.tier]}（{rule.words}）：{_kept(rule.until)}", cite=rule.cite)
                for rule in campaign.retention
            ),
        ),
    )


def _kept(until: datetime | None) -> str:
    return f"保存至{closing_text(until, year=True)}" if until else "长期保存"


def readings(campaign: Campaign, confirmed: Collection[str]) -> Section:
    """Return how each open point is read, and what else it could have been."""
    lines = tuple(Line(text=_reading(each, each.id in confirmed), cite=each.cite) for each in campaign.readings)
    return Section(title="读法", lines=lines)


def _reading(reading: Reading, confirmed: bool) -> str:
    others = "；".join(option.words for option in reading.options if option.id != reading.chosen)
    state = "已确认" if confirmed else "未确认"
    return f"{reading.question}按：{reading.standing.words}（{state}）。另可选：{others}"


def clauses(campaign: Campaign) -> Section:
    """Return the clauses of the notice in its own words."""
    quoted = tuple(Line(text=f"{clause.id}：{clause.quote}") for clause in campaign.notice.clauses)
    return Section(title="条款原文", lines=quoted)
