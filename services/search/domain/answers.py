"""Exclude, ask a person, or clear: what a campaign makes of the earlier records that resemble an entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.campaigns.models.winners import Level, PriorWinnerRule
from services.search.domain import forms
from services.search.domain.comparison import Comparison, compare
from services.search.domain.decisions import Decision, fields_hash, record_hash
from services.search.domain.entries import EarlierRecord, Entry
from services.search.domain.evidence import Agreement, Evidence
from services.search.domain.likeness import Likeness, likeness


class Answer(StrEnum):
    """What a check answers, gravest first."""

    EXCLUDE = "exclude"
    ASK = "ask"
    CLEAR = "clear"


class Reach(StrEnum):
    """Whether a record is one that a rule speaks of; PERHAPS where the record does not say enough."""

    YES = "yes"
    PERHAPS = "perhaps"
    NO = "no"


@dataclass(frozen=True)
class Rules:
    """What a campaign says of earlier winners, in its words. `recommend` is its word for 推荐, ◆ of the glossary."""

    rules: tuple[PriorWinnerRule, ...] = ()
    recommend: str = "推荐"


@dataclass(frozen=True)
class Match:
    """An earlier record that counts: the answer it alone would give, the sentence that says so, and the evidence."""

    record: EarlierRecord
    answer: Answer
    conclusion: str
    evidence: tuple[Evidence, ...]
    decision: Decision | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """The conclusion, a person's decision, and each field with its values."""
        decided = (self.decision.sentence,) if self.decision else ()
        return (self.conclusion, *decided, *(evidence.sentence for evidence in self.evidence))

    @property
    def words(self) -> tuple[str, ...]:
        """How each field agrees, without values: what may leave the service."""
        return tuple(evidence.words for evidence in self.evidence)


@dataclass(frozen=True)
class Outcome:
    """The answer for an entry, and every earlier record that led to it or is worth telling, gravest first."""

    answer: Answer
    matches: tuple[Match, ...]

    @property
    def sentence(self) -> str:
        """What people read."""
        if not self.matches:
            return "未发现往年获得记录。"
        more = f"另有{len(self.matches) - 1}条往年记录，请一并查看。" if len(self.matches) > 1 else ""
        return self.matches[0].conclusion + more


def judge(entry: Entry, records: Iterable[EarlierRecord], rules: Rules, decisions: Sequence[Decision] = ()) -> Outcome:
    """Answer for an entry. What a person decided of a pair stands as long as the fields compared are the same.

    `decisions` are in the order in which they were made; the last one of a pair counts.
    """
    fields = fields_hash(entry) if decisions else ""
    decided = {decision.earlier: decision for decision in decisions if decision.fields == fields}
    found = (_match(entry, record, rules, decided) for record in records)
    matches = sorted((match for match in found if match), key=_gravest_first)
    return Outcome(matches[0].answer if matches else Answer.CLEAR, tuple(matches))


def _gravest_first(match: Match) -> tuple[int, int, str]:
    return list(Answer).index(match.answer), -match.record.year, match.record.record


def _match(entry: Entry, record: EarlierRecord, rules: Rules, decided: Mapping[str, Decision]) -> Match | None:
    if entry.subject is not record.entry.subject:
        return None
    found = compare(entry, record.entry)
    decision = decided.get(record_hash(record)) if decided else None
    like = decision.likeness if decision else likeness(entry, record.entry, found)
    concluded = None if like is Likeness.OTHER else _conclude(record, found, like, rules)
    return Match(record, *concluded, found.told(), decision) if concluded else None


def _conclude(record: EarlierRecord, found: Comparison, like: Likeness, rules: Rules) -> tuple[Answer, str] | None:
    """Return the gravest answer that a rule gives, or the hint where no rule excludes anybody."""
    if not rules.rules:
        return Answer.CLEAR, f"往年记录：{record}，{_agreeing(found)}。本通知未规定往年作品不得再报，仅作提示。"
    answers = [_by_rule(record, found, like, rule, rules.recommend) for rule in rules.rules]
    given = [answer for answer in answers if answer]
    return min(given, key=lambda each: list(Answer).index(each[0])) if given else None


def _by_rule(
    record: EarlierRecord, found: Comparison, like: Likeness, rule: PriorWinnerRule, recommend: str
) -> tuple[Answer, str] | None:
    reach = reaches(rule, record)
    if reach is Reach.NO:
        return None
    if rule.effect == "note":
        return Answer.CLEAR, f"往年记录：{record}，{_agreeing(found)}。{rule.words or f'仅作提示（{rule.cite}）。'}"
    if like is Likeness.SAME and reach is Reach.YES:
        return (
            Answer.EXCLUDE,
            f"往年已获得，不再{recommend}（{rule.cite}）：{_where(record)}。如有不同意见，可提交复核申请。",
        )
    return Answer.ASK, f"疑似往年已获得，待核实（{rule.cite}）：{_where(record)}。"


def _where(record: EarlierRecord) -> str:
    place = str(record.entry.place)
    return "，".join(part for part in (str(record), place, record.source) if part)


def _agreeing(found: Comparison) -> str:
    """Say in a few words what a record shares with an entry beside the name that found it."""
    shared = {"证件号相同": found.id_number, "作品内容相同": found.content, "申报单位同名": found.organisation}
    words = [word for word, evidence in shared.items() if evidence.agreement is Agreement.EQUAL]
    if words:
        return "、".join(words)
    apart = found.organisation.agreement is Agreement.DIFFERENT
    return "名称相同，申报单位不同" if apart else "名称相同"


_DEEPEST_FIRST: tuple[Level, ...] = ("district", "city", "province", "national")


def reaches(rule: PriorWinnerRule, record: EarlierRecord) -> Reach:
    """Say whether a rule speaks of a record."""
    if rule.subject != record.entry.subject or rule.outcome not in {record.outcome, "any"}:
        return Reach.NO
    if (rule.from_year and record.year < rule.from_year) or (rule.to_year and record.year > rule.to_year):
        return Reach.NO
    parts = {_level_reached(rule, record.level), _title_reached(rule.titles, record.honour)}
    return Reach.NO if Reach.NO in parts else Reach.PERHAPS if Reach.PERHAPS in parts else Reach.YES


def _level_reached(rule: PriorWinnerRule, level: Level | None) -> Reach:
    asked = rule.level.level
    if asked is None:
        return Reach.YES
    if level is None:
        return Reach.PERHAPS
    if rule.level.match == "equal":
        return Reach.YES if level == asked else Reach.NO
    return Reach.YES if _DEEPEST_FIRST.index(level) >= _DEEPEST_FIRST.index(asked) else Reach.NO


def _title_reached(titles: Sequence[str], honour: str) -> Reach:
    """Compare titles without level and year; one that only contains the other is a question."""
    if not titles:
        return Reach.YES
    ours, asked = forms.honour(honour), {forms.honour(title) for title in titles}
    if ours in asked:
        return Reach.YES
    return Reach.PERHAPS if any(title in ours or ours in title for title in asked) else Reach.NO
