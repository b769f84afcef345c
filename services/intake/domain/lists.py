"""A recommendation list's states and the steps between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.kernel.errors import Conflict


class ListState(StrEnum):
    """Where a unit's list stands."""

    OPEN = "open"
    REQUESTED = "requested"
    LOCKED = "locked"
    ACCEPTED = "accepted"

    @property
    def label(self) -> str:
        """The state as people read it."""
        return _LABELS[self]


class Step(StrEnum):
    """What is done to a list."""

    CHANGE = "change"
    REQUEST = "request"
    CONFIRM = "confirm"
    UNLOCK = "unlock"
    ACCEPT = "accept"


_LABELS: Mapping[ListState, str] = {
    ListState.OPEN: "未锁定",
    ListState.REQUESTED: "待单位负责人确认",
    ListState.LOCKED: "已锁定",
    ListState.ACCEPTED: "形式审查通过",
}
_WORDS: Mapping[Step, str] = {
    Step.CHANGE: "修改",
    Step.REQUEST: "提交锁定",
    Step.CONFIRM: "确认锁定",
    Step.UNLOCK: "解除锁定",
    Step.ACCEPT: "通过形式审查",
}
_AFTER: Mapping[Step, Mapping[ListState, ListState]] = {
    Step.CHANGE: {ListState.OPEN: ListState.OPEN, ListState.REQUESTED: ListState.OPEN},
    Step.REQUEST: {ListState.OPEN: ListState.REQUESTED, ListState.REQUESTED: ListState.REQUESTED},
    Step.CONFIRM: {ListState.REQUESTED: ListState.LOCKED},
    Step.UNLOCK: {ListState.LOCKED: ListState.OPEN},
    Step.ACCEPT: {ListState.LOCKED: ListState.ACCEPTED},
}
_HELD: Mapping[tuple[ListState, Step], str] = {
    (ListState.LOCKED, Step.CHANGE): "名单已锁定。如需修改，请先解除锁定。",
    (ListState.OPEN, Step.CONFIRM): "名单尚未由联络员提交，或提交后又有改动，请联络员重新提交锁定。",
    (ListState.OPEN, Step.ACCEPT): "名单未锁定，不能进行形式审查。",
    (ListState.REQUESTED, Step.ACCEPT): "名单未锁定，不能进行形式审查。",
}


class StepRefused(Conflict):
    """409: the list's state does not allow this step."""

    kind = "list-state"


def after(state: ListState, step: Step) -> ListState:
    """Return the state after a step. A change of a list that waits for its head opens it again. Raises `StepRefused`."""
    if state in _AFTER[step]:
        return _AFTER[step][state]
    words = _HELD.get((state, step), f"名单现为“{state.label}”，不能{_WORDS[step]}。")
    raise StepRefused(words, f"A list that is {state.value} does not allow: {step.value}.", state=state.value)
