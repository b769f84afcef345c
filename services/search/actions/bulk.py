"""Checking a whole list against the register, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from services.kernel.keys import Keys
from services.search.actions.checks import answer
from services.search.domain.answers import Answer, Match, Rules
from services.search.domain.columns import Column
from services.search.domain.entries import Entry, Subject
from services.search.domain.tables import NotTaken, Row, Sheet, place
from services.search.store.campaigns import CampaignRules, TrackRules
from services.search.tools.files import read_sheets
from services.search.tools.register_rows import NoEntry, read_entry


@dataclass(frozen=True)
class RowAnswer:
    """The answer for a row. `remarks` say what of the row could not be used, or why it could not be compared at all.

    `row` counts the file's rows of data; `sheet` and `line` say where it stands, as a spreadsheet shows it.
    """

    row: int
    sheet: str | None
    line: int
    answer: Answer
    sentence: str
    matches: tuple[Match, ...]
    remarks: tuple[str, ...]

    @property
    def place(self) -> str:
        """Where the row stands, in words."""
        return place(self.sheet, self.line)

    def document(self) -> dict[str, object]:
        """Return the line that a script reads."""
        return {
            "row": self.row,
            "answer": self.answer.value,
            "matches": [
                {
                    "record": match.record.record,
                    "external_id": match.record.external_id,
                    "source": match.record.source,
                    "reasons": list(match.reasons),
                }
                for match in self.matches
            ],
        }


def check_list(connection: Connection, data: bytes, campaign: CampaignRules, keys: Keys) -> Iterator[RowAnswer]:
    """Yield the answer for each row in order. Raises `FaultyFile` when the file as a whole cannot be read.

    A row that names nobody cannot be compared: it asks. Repeated heads and remarks are no rows.
    """
    for each in _in_order(read_sheets(data)):
        if isinstance(each, Row):
            yield _answer(connection, each, campaign, keys)
        elif not each.is_decoration:
            yield _unread(each, each.reason)


def _in_order(sheets: Iterable[Sheet]) -> list[Row | NotTaken]:
    rows = list[Row | NotTaken]()
    for sheet in sheets:
        rows += [*sheet.rows, *sheet.not_taken]
    return sorted(rows, key=lambda row: row.row)


def _unread(row: Row | NotTaken, reason: str) -> RowAnswer:
    return RowAnswer(row.row, row.sheet, row.line, Answer.ASK, f"未能比对：{reason}。", (), (reason,))


def _answer(connection: Connection, row: Row, campaign: CampaignRules, keys: Keys) -> RowAnswer:
    try:
        tracks = _tracks(row, campaign)
        read = read_entry(row, keys, _only_subject(row, tracks))
        outcome = answer(connection, read.entry, _rules(read.entry, tracks, campaign))
    except NoEntry as reason:
        return _unread(row, str(reason))
    return RowAnswer(row.row, row.sheet, row.line, outcome.answer, outcome.sentence, outcome.matches, read.set_aside)


def _tracks(row: Row, campaign: CampaignRules) -> list[TrackRules]:
    """Return the tracks that a row may belong to: the one it names, else all."""
    named = row.values.get(Column.TRACK)
    return [track for track in campaign.tracks if named in {track.id, track.label}] or list(campaign.tracks)


def _only_subject(row: Row, tracks: Iterable[TrackRules]) -> Subject | None:
    subjects = {Subject(track.subject) for track in tracks}
    if len(subjects) == 1:
        return subjects.pop()
    if Column.NAME in row.values and Column.SUBJECT not in row.values:
        raise NoEntry("本活动有几类对象，请加“类别”一列，或用“姓名”“项目名称”“作品名称”作列名")
    return None


def _rules(entry: Entry, tracks: Iterable[TrackRules], campaign: CampaignRules) -> Rules:
    own = [track for track in tracks if track.subject == entry.subject]
    if not own:
        labels = "、".join(track.label for track in campaign.tracks)
        raise NoEntry(f"本活动没有这一类对象（有{labels}）")
    return Rules(tuple(rule for track in own for rule in track.prior_winners), campaign.recommend)
