"""Publishing a campaign takes two persons, or one where the office says so; and the sentences that go with it."""

from __future__ import annotations

from collections.abc import Sequence

from services.campaigns.models import Campaign, Unit
from services.kernel.errors import Conflict, Forbidden


class NotReady(Conflict):
    """409: the campaign cannot be published yet; the sentence says what is missing."""

    kind = "not-ready"


class NotForReal(Conflict):
    """409: what belongs to a rehearsal does not enter a real deployment."""

    kind = "rehearsal-only"


def check_may_enter(campaign: Campaign, *, rehearsal: bool) -> None:
    """Raise `NotForReal` for a campaign of a rehearsal outside one."""
    if campaign.rehearsal and not rehearsal:
        raise NotForReal("试运行的活动不能进入正式平台。", "A rehearsal's campaign cannot enter a real deployment.")


def check_second_person(requested_by: str, confirmed_by: str, *, one_person: bool) -> bool:
    """Return whether one person did both, which the office must allow. Raises `Forbidden`."""
    alone = requested_by == confirmed_by
    if alone and not one_person:
        raise Forbidden("发布须由另一人确认：提交和确认不能是同一人。", "Two persons are needed.", kind="second-person")
    return alone


def waiting_sentence(heads: Sequence[str]) -> str:
    """Return “发布须由负责人确认，已送陆砚秋待办。”."""
    return f"发布须由负责人确认，已送{'、'.join(heads)}待办。"


def published_sentence(units: Sequence[Unit]) -> str:
    """Return “已发布。20个推荐单位的开通函已生成，其中2个单位没有手机号码，请打印后送达。”."""
    without = sum(unit.mobile is None for unit in units)
    then = f"，其中{without}个单位没有手机号码，请打印后送达" if without else ""
    return f"已发布。{len(units)}个推荐单位的开通函已生成{then}。"
