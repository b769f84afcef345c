"""A work's states and the steps between them, and the sentence for a step that its state does not allow."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.kernel.errors import Conflict


class WorkState(StrEnum):
    """Where a work stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    LISTED = "listed"
    LOCKED = "locked"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The state as people read it."""
        return _LABELS[self]


class Step(StrEnum):
    """What is done to a work."""

    SUBMIT = "submit"
    LIST = "list"
    UNLIST = "unlist"
    LOCK = "lock"
    UNLOCK = "unlock"
    RETURN = "return"
    MEND = "mend"
    ACCEPT = "accept"
    REJECT = "reject"
    WITHDRAW = "withdraw"


_LABELS: Mapping[WorkState, str] = {
    WorkState.DRAFT: "未提交",
    WorkState.SUBMITTED: "已提交",
    WorkState.LISTED: "已列入推荐名单",
    WorkState.LOCKED: "已锁定",
    WorkState.RETURNED: "退回补正",
    WorkState.ACCEPTED: "形式审查通过",
    WorkState.REJECTED: "形式审查不通过",
    WorkState.WITHDRAWN: "已撤回",
}
_WORDS: Mapping[Step, str] = {
    Step.SUBMIT: "提交",
    Step.LIST: "列入推荐名单",
    Step.UNLIST: "移出推荐名单",
    Step.LOCK: "锁定",
    Step.UNLOCK: "解除锁定",
    Step.RETURN: "退回补正",
    Step.MEND: "报告补正完成",
    Step.ACCEPT: "通过形式审查",
    Step.REJECT: "判为形式审查不通过",
    Step.WITHDRAW: "撤回",
}
_AFTER: Mapping[Step, Mapping[WorkState, WorkState]] = {
    Step.SUBMIT: {
        WorkState.DRAFT: WorkState.SUBMITTED,
        WorkState.SUBMITTED: WorkState.SUBMITTED,
        WorkState.LISTED: WorkState.LISTED,
    },
    Step.LIST: {WorkState.SUBMITTED: WorkState.LISTED},
    Step.UNLIST: {WorkState.LISTED: WorkState.SUBMITTED},
    Step.LOCK: {WorkState.LISTED: WorkState.LOCKED},
    Step.UNLOCK: {WorkState.LOCKED: WorkState.LISTED},
    Step.RETURN: {WorkState.LOCKED: WorkState.RETURNED, WorkState.RETURNED: WorkState.RETURNED},
    Step.MEND: {WorkState.RETURNED: WorkState.LOCKED},
    Step.ACCEPT: {WorkState.LOCKED: WorkState.ACCEPTED},
    Step.REJECT: {WorkState.LOCKED: WorkState.REJECTED, WorkState.RETURNED: WorkState.REJECTED},
    Step.WITHDRAW: {
        WorkState.DRAFT: WorkState.WITHDRAWN,
        WorkState.SUBMITTED: WorkState.WITHDRAWN,
        WorkState.LISTED: WorkState.WITHDRAWN,
    },
}
EDITABLE = frozenset({WorkState.DRAFT, WorkState.SUBMITTED, WorkState.LISTED})
RECEIVED = frozenset(WorkState) - {WorkState.DRAFT, WorkState.WITHDRAWN}
ON_LIST = frozenset({WorkState.LISTED, WorkState.LOCKED, WorkState.RETURNED, WorkState.ACCEPTED, WorkState.REJECTED})


class StepRefused(Conflict):
    """409: the work's state does not allow this step."""

    kind = "work-state"


def may(state: WorkState, step: Step) -> bool:
    """Whether the step can be taken from this state."""
    return state in _AFTER[step]


def after(state: WorkState, step: Step) -> WorkState:
    """Return the state after a step. Raises `StepRefused` with the sentence."""
    if not may(state, step):
        raise StepRefused(
            f"作品现为“{state.label}”，不能{_WORDS[step]}。",
            f"A work that is {state.value} does not allow: {step.value}.",
            state=state.value,
        )
    return _AFTER[step][state]


def check_editable(state: WorkState, items: frozenset[str], changed: frozenset[str]) -> None:
    """Refuse a change of fields that the state does not allow; of a returned work only the named items may change.

    Raises `StepRefused`.
    """
    if state in EDITABLE:
        return
    if state is WorkState.RETURNED:
        beyond = sorted(changed - items)
        if not beyond:
            return
        raise StepRefused(
            "退回补正期间只能修改列明的补正事项。", f"Only the returned items may change, not: {', '.join(beyond)}."
        )
    locked = "推荐名单已锁定，如需修改请先解除锁定。" if state is WorkState.LOCKED else f"作品现为“{state.label}”，不能修改。"
    raise StepRefused(locked, f"A work that is {state.value} cannot be changed.", state=state.value)
