"""Events about S0 in 江州市 (invented), as the services would write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.campaigns.files import read_campaign, read_units
from services.campaigns.normal import campaign_hash
from services.kernel.contracts.events import (
    AccountOpened,
    AssetJudged,
    BallotsAssigned,
    CampaignPublished,
    Compared,
    Contact,
    ExpertReminded,
    FindingData,
    InvitationIssued,
    ReceiptIssued,
    RecordAdvanced,
    ResultPublished,
    ResultWork,
    ReturnedItem,
    UnitRef,
    WorkContent,
    WorkReturned,
    WorkSaved,
)

ROOT = Path(__file__).parents[2]
S0 = ROOT / "campaigns" / "s0-shanghai-2024-stories.yaml"
JIANGZHOU = ROOT / "campaigns" / "units" / "jiangzhou.yaml"
AT = datetime(2024, 9, 30, 15, 59, 59, 999000, tzinfo=UTC)


@dataclass
class Story:
    """Events about S0 in 江州市."""

    published: CampaignPublished

    @property
    def campaign_id(self) -> str:
        return self.published.campaign_id

    def liaison(self, account: str, unit: str = "yunzhan", role: str = "liaison", email: str | None = "shen@example.org"):
        return AccountOpened(
            account_id=account,
            role=role,
            unit_id=unit,
            campaign_id=self.campaign_id,
            invitation_id=f"i-{account}",
            personal=Contact(name="沈禾", mobile="13900000001", email=email),
        )

    def work(self, work: str, unit: str = "yunzhan", unit_name: str = "云栈区", title: str = "夜班后的课堂", revision: int = 1):
        return WorkSaved(
            work_id=work,
            campaign_id=self.campaign_id,
            campaign_version=1,
            campaign_hash=self.published.campaign_hash,
            unit_id=unit,
            unit_name=unit_name,
            unit_type="district",
            region_code="990101",
            track="organisation",
            title=title,
            revision=revision,
            compared_hash="0" * 64,
            personal=WorkContent(compared=Compared(person="罗桂枝"), story="灯下。"),
        )


def read_story() -> Story:
    campaign = read_campaign(S0)
    units = read_units(JIANGZHOU, campaign)
    named = tuple(UnitRef(unit_id=u.id, name=u.name, unit_type=u.type, region_code=u.region_code) for u in units.units)
    published = CampaignPublished(
        campaign_id=campaign.id,
        version=1,
        campaign_hash=campaign_hash(campaign),
        title=campaign.title,
        host=units.host.name,
        rehearsal=False,
        published_at=AT,
        normalised=campaign.model_dump(mode="json", exclude_none=True),
        units=named,
    )
    return Story(published)


def invitation(story, identity="i-1", role="liaison", unit="yunzhan", has_mobile=True):
    return InvitationIssued(
        invitation_id=identity,
        campaign_id=story.campaign_id,
        role=role,
        unit_id=unit,
        unit_name="云栈区",
        code_hash="f" * 64,
        has_mobile=has_mobile,
    )


def receipt(story, number="JZ-2024-0091", kind="work", complete=True):
    return ReceiptIssued(
        number=number,
        kind=kind,
        campaign_id=story.campaign_id,
        unit_id="yunzhan",
        unit_name="云栈区",
        work_id="w-1",
        title="夜班后的课堂",
        check_code="7F3K-92QX-M4TD",
        received_at=AT,
        complete=complete,
    )


def judged(story, work="w-1", verdict="block"):
    findings = (
        finding("duration", "block", "时长8分12秒，应为5–8分钟（附件1 二（一））"),
        finding("frozen", "warn", "03:10—03:22画面静止"),
        finding("tail_card", "ask", "片尾未识别到推荐区“云栈区”，请看08:05画面（附件1 二（三））"),
    )
    return AssetJudged(
        asset_id="a-1",
        work_id=work,
        campaign_id=story.campaign_id,
        campaign_hash=story.published.campaign_hash,
        slot="video",
        sha256="1" * 64,
        verdict=verdict,
        findings=findings if verdict != "clean" else (),
        summary="规格核验通过：7分41秒，1920×1080，H.264，MP4，0.99G。" if verdict == "clean" else "",
        remedies=("时长不能靠转换解决，请提供剪辑后的原片。",) if verdict == "block" else (),
    )


def finding(check, severity, message):
    return FindingData(check=check, severity=severity, measured="", required="", cite="附件1 二（一）", message=message)


def returned(story, term=AT):
    items = (
        ReturnedItem(item="video", reason="片头未写主讲人（附件1 二（三））"),
        ReturnedItem(item="organisation", reason="与公章不一致"),
    )
    return WorkReturned(
        work_id="w-1", campaign_id=story.campaign_id, unit_id="yunzhan", title="渡口夜校", items=items, term=term
    )


def assigned(story, account, ballots=9):
    return BallotsAssigned(round_id="r-1", campaign_id=story.campaign_id, account_id=account, ballots=ballots, drawn=0)


def reminded(story, account, outstanding=4):
    return ExpertReminded(
        reminder_id=f"m-{account}", round_id="r-1", campaign_id=story.campaign_id, account_id=account, outstanding=outstanding
    )


def result(story):
    works = (
        ResultWork(
            work_id="w-1",
            title="夜班后的一课",
            unit_id="yunzhan",
            unit_name="云栈区",
            region_code="990101",
            track="organisation",
            outcome="优秀作品（入围决赛）",
        ),
    )
    return ResultPublished(
        result_id="p-1",
        round_id="r-1",
        campaign_id=story.campaign_id,
        campaign_title=story.published.title,
        level="city",
        year=2024,
        published_at=AT,
        record_head="ab" * 32,
        works=works,
        personal={},
    )


def advanced(story, height, head, round_id="r-1"):
    return RecordAdvanced(round_id=round_id, campaign_id=story.campaign_id, height=height, head=head, alg="sha256")
