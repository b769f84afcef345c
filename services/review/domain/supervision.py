"""监督公开件: what the supervisor alone gets, to see who stands behind each pseudonym and that every draw was fair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field

from services.campaigns.findings import Frozen
from services.review.domain.assignment import Panelist, Reading, Seat, draw, draw_label
from services.review.domain.audit import DrawnSeats, RoundAudit, SeatKey
from services.review.domain.ballots import panel_tie
from services.review.domain.canonical import Algorithm, commit, digest
from services.review.domain.faults import Shortage
from services.review.domain.record import panel_content
from services.review.domain.streams import Stream

Nonce = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class PanelMember(Frozen):
    """An expert of the round and the units whose works he or she may not read."""

    expert: str
    units: tuple[str, ...]


class Panel(Frozen):
    """The opening of the commitment to the panel."""

    nonce: Nonce
    panel: tuple[PanelMember, ...]


class OpenedSeat(Frozen):
    """The opening of a second commitment: who stands behind the pseudonym."""

    work: str
    pseudonym: str
    expert: str
    nonce: Nonce


class Opening(Frozen):
    """The file."""

    format: Literal["laurel-record-opening/1"] = "laurel-record-opening/1"
    round: str
    seed: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    panels: tuple[Panel, ...]
    seats: tuple[OpenedSeat, ...]


def supervise(opening: Opening, audits: Iterable[RoundAudit]) -> list[str]:
    """Return what does not fit between the record of a round and the supervisor's opening of it."""
    audit = next((audit for audit in audits if audit.round == opening.round), None)
    if audit is None or audit.alg is None:
        return ["监督公开件：记录中没有该轮次"]
    problems = []
    if digest(audit.alg, bytes.fromhex(opening.seed)) != audit.seed_hash:
        problems.append("监督公开件：种子与其承诺不符")
    if [_commitment(audit.alg, panel) for panel in opening.panels] != audit.panels:
        problems.append("监督公开件：专家名单与其承诺不符")
    experts, faults = _experts(opening, audit)
    problems += faults
    if experts.keys() != audit.seats:
        return [*problems, "监督公开件：没有公开全部专家"]
    return problems + _redrawn(opening, audit, experts)


def _commitment(alg: Algorithm, panel: Panel) -> str:
    members = {member.expert: member.units for member in panel.panel}
    return commit(alg, bytes.fromhex(panel.nonce), panel_content(members))


def _experts(opening: Opening, audit: RoundAudit) -> tuple[dict[SeatKey, str], list[str]]:
    committed = {(seat.work, seat.pseudonym): seat.expert for drawn in audit.draws for seat in drawn.seats}
    experts, problems = {}, []
    for seat in opening.seats:
        key = (seat.work, seat.pseudonym)
        content = panel_tie(seat.work, seat.pseudonym, seat.expert)
        if audit.alg is None or commit(audit.alg, bytes.fromhex(seat.nonce), content) != committed.get(key):
            problems.append(f"监督公开件：{seat.pseudonym}与专家的承诺不符")
        experts[key] = seat.expert
    return experts, problems


def _redrawn(opening: Opening, audit: RoundAudit, experts: Mapping[SeatKey, str]) -> list[str]:
    before: list[SeatKey] = []
    problems = []
    for number, drawn in enumerate(audit.draws):
        stream = Stream(bytes.fromhex(opening.seed), draw_label(opening.round, number))
        members = [
            Panelist(member.expert, frozenset(member.units))
            for panel in opening.panels[: drawn.panels]
            for member in panel.panel
        ]
        keys = [(seat.work, seat.pseudonym) for seat in drawn.seats]
        try:
            seats = draw(stream, _readings(audit, drawn, before, experts), members, _loads(drawn, before, experts))
        except Shortage:
            seats = []
        if sorted(Seat(key[0], experts[key]) for key in keys) != seats:
            problems.append(f"监督公开件：第{number}次抽签与种子不符")
        before += keys
    return problems


def _loads(drawn: DrawnSeats, before: Iterable[SeatKey], experts: Mapping[SeatKey, str]) -> Counter[str]:
    return Counter(experts[key] for key in before if key not in drawn.recused and key[0] not in drawn.left)


def _readings(audit: RoundAudit, drawn: DrawnSeats, before: Iterable[SeatKey], experts: Mapping[SeatKey, str]) -> list[Reading]:
    need = Counter(seat.work for seat in drawn.seats)
    return [
        Reading(
            work=work,
            title=audit.title(work),
            units=frozenset(audit.works[work].units) if work in audit.works else frozenset(),
            need=count,
            seated=frozenset(experts[key] for key in before if key[0] == work),
        )
        for work, count in need.items()
    ]
