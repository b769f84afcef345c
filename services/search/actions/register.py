"""What published results bring into the register, and what campaigns say of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from services.campaigns.models import Campaign
from services.kernel.contracts.events import CampaignPublished, Compared, ResultPublished
from services.kernel.errors import NotYet
from services.kernel.ports import Transaction
from services.search.actions.entries import entry_of, place_of_unit
from services.search.domain import values
from services.search.domain.entries import EarlierRecord, Outcome
from services.search.store import campaigns, register
from services.search.store.campaigns import CampaignRules, TrackRules


def rules_of(campaign: Campaign, version: int) -> CampaignRules:
    """Return what search needs of a campaign."""
    tracks = (
        TrackRules(id=track.id, label=track.label, subject=track.subject, prior_winners=track.prior_winners)
        for track in campaign.tracks
    )
    return CampaignRules(
        campaign.id, version, campaign.title, campaign.terms.recommend, campaign.notice.organiser, tuple(tracks)
    )


def keep_campaign(transaction: Transaction, event: CampaignPublished) -> None:
    """Keep the version of a campaign that is in force."""
    campaign = Campaign.model_validate(event.normalised)
    rules = rules_of(campaign, event.version)
    told = replace(rules, campaign_id=event.campaign_id, title=event.title, host=event.host)
    campaigns.keep(transaction.connection, told)


def campaign_rules(transaction: Transaction, campaign_id: str) -> CampaignRules:
    """Return a campaign's rules. Raises `NotYet` while they have not arrived."""
    rules = campaigns.get(transaction.connection, campaign_id)
    if rules is None:
        raise NotYet(f"campaign/{campaign_id}")
    return rules


def enter_result(transaction: Transaction, result: ResultPublished) -> None:
    """Enter the works of a published result, in the place of what an earlier version of it said."""
    rules = campaign_rules(transaction, result.campaign_id)
    register.remove(transaction.connection, result_id=result.result_id)
    register.add(transaction.connection, _records(result, rules), result_id=result.result_id)


def _records(result: ResultPublished, rules: CampaignRules) -> Iterator[EarlierRecord]:
    level = values.level(result.level)
    for work in result.works:
        track = rules.track(work.track)
        if track is None or not work.outcome:
            continue
        compared = result.personal.get(work.work_id, Compared())
        entry = entry_of(track.subject, work.title, compared, place_of_unit(work.unit_name, work.region_code, rules.host))
        source = f"《{result.campaign_title}》公布的结果"
        record = f"{result.result_id}.{work.work_id}"
        yield EarlierRecord(record, entry, work.outcome, result.year, level, Outcome.WINNER, source)
