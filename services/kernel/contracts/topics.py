"""The topics: each one's owner, key, partitions, retention, highest data tier and who reads it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Tier(IntEnum):
    """Data tiers: public, internal, personal, secret."""

    T0 = 0
    T1 = 1
    T2 = 2
    T3 = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `retention_days` of None keeps everything; `key` says what its events are ordered by."""

    name: str
    owner: str
    key: str
    tier: Tier
    consumers: tuple[str, ...]
    partitions: int = 8
    retention_days: int | None = 7

    @property
    def visibility(self) -> str:
        """`public` or `internal`, the second part of the name."""
        return self.name.split(".")[1]


ALL_SERVICES = ("intake", "media", "review", "notify", "search")
OTHERS = ("media", "review", "notify", "search")  # all but intake
EVERY = "*"  # the owner of a topic that each service writes, its own subjects only

CLOCK = Topic("laurel.internal.platform.clock.v1", EVERY, "subject", Tier.T1, ALL_SERVICES, 1, None)
CAMPAIGN = Topic("laurel.internal.intake.campaign.v1", "intake", "campaign", Tier.T1, OTHERS, 8, None)
ACCOUNT = Topic("laurel.internal.intake.account.v1", "intake", "account", Tier.T2, ALL_SERVICES)
WORK = Topic("laurel.internal.intake.work.v1", "intake", "work", Tier.T2, OTHERS)
LIST = Topic("laurel.internal.intake.list.v1", "intake", "list", Tier.T2, ("search",))
UPLOAD = Topic("laurel.internal.intake.upload.v1", "intake", "upload", Tier.T1, ("media",))
RECEIPT = Topic("laurel.internal.intake.receipt.v1", "intake", "receipt", Tier.T1, ("notify",))
ASSET = Topic("laurel.internal.media.asset.v1", "media", "asset", Tier.T1, ("intake", "review", "notify", "search"))
ROUND = Topic("laurel.internal.review.round.v1", "review", "round", Tier.T1, ("notify",))
RECORD = Topic("laurel.internal.review.record.v1", "review", "round", Tier.T1, ("notify",), 8, None)
RESULT = Topic("laurel.internal.review.result.v1", "review", "result", Tier.T2, ("intake", "notify", "search"), 8, None)
EXCLUSION = Topic("laurel.internal.search.exclusion.v1", "search", "exclusion", Tier.T1, ("intake",))
PUBLIC_CAMPAIGN = Topic("laurel.public.intake.campaign.v1", "intake", "campaign", Tier.T0, (), 8, None)
PUBLIC_RESULT = Topic("laurel.public.review.result.v1", "review", "result", Tier.T0, (), 8, None)

TOPICS: dict[str, Topic] = {topic.name: topic for topic in list(globals().values()) if isinstance(topic, Topic)}
