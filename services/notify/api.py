"""HTTP of notify: one's messages, and the record's heads as this service witnessed them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from services.kernel.auth import Principal, Role
from services.kernel.ports import Transaction
from services.kernel.web import Ctx, CurrentPrincipal, Cursor, Router, answer, perform, public
from services.notify import actions
from services.notify.domain.audiences import ORGANISER, Sight
from services.notify.domain.catalogue import TemplateId
from services.notify.store import messages
from services.notify.store.messages import Handed, Kept, Wanted

MESSAGES, RECORD = Router(), Router()

Id = Annotated[str, Query(max_length=64)]


class Asked(BaseModel):
    """Which messages are asked for; `before` is the `next` of the answer before."""

    model_config = ConfigDict(extra="forbid")

    campaign: str | None = Field(None, max_length=64)
    template: TemplateId | None = None
    before: Cursor | None = None
    unread: bool = False
    limit: int = Field(50, ge=1, le=200)

    def wanted(self) -> Wanted:
        """Return it as the store takes it."""
        return Wanted(self.campaign, self.template, self.before, self.unread)


@MESSAGES.get("/messages")
async def list_messages(request: Request, context: Ctx, asked: Annotated[Asked, Query()], who: CurrentPrincipal) -> Response:
    """List the messages this person may see, the latest first; `unread` counts those to this person."""

    def query(connection: Connection) -> dict[str, Any]:
        seen = actions.sight(connection, who)
        found = messages.find(connection, seen, asked.wanted(), asked.limit + 1)
        page = found[: asked.limit]
        return {
            "messages": _shown(page, seen, messages.sendings(connection, [kept.id for kept in page])),
            "unread": messages.count_unread(connection, seen),
            "next": page[-1].id if len(found) > asked.limit else None,
        }

    return answer(request, await context.database.read(query))


@MESSAGES.get("/messages/{message_id}")
async def show_message(request: Request, context: Ctx, message_id: str, who: CurrentPrincipal) -> Response:
    """Show one message."""

    def query(connection: Connection) -> dict[str, Any]:
        kept, seen = actions.find_message(connection, who, message_id)
        return _shown([kept], seen, messages.sendings(connection, [kept.id]))[0]

    return answer(request, await context.database.read(query))


@MESSAGES.post("/messages/{message_id}/read")
async def read_message(request: Request, message_id: str, who: CurrentPrincipal) -> Response:
    """Note that this person has read a message; the first time counts."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        return {"message_id": message_id, "read_at": actions.mark_read(transaction, who, message_id)}

    return await perform(request, piece)


@RECORD.get("/record/heads")
async def list_heads(request: Request, context: Ctx, round: Id, who: Annotated[Principal | None, public()]) -> Response:  # noqa: A002 - the name in the address
    """List the heads of a round's record: to the organiser and operators at once, to everybody once its result is public."""
    everything = who is not None and who.role in ORGANISER | {Role.OPERATOR}
    heads, contradictory = await context.database.read(partial(actions.witnessed, round_id=round, everything=everything))
    told = [{"height": one.height, "head": one.head, "alg": one.alg, "told_at": one.told_at} for one in heads]
    return answer(request, {"round": round, "heads": told, "contradictory_heights": contradictory})


def _shown(page: Iterable[Kept], seen: Sight, handed: Iterable[Handed]) -> list[dict[str, Any]]:
    sent: dict[str, list[dict[str, Any]]] = {}
    for one in handed:
        sent.setdefault(one.message_id, []).append({"mail_id": one.mail_id, "channel": one.channel, "handed_at": one.handed_at})
    return [_document(kept, own=kept.recipient in seen.own, sent=sent.get(kept.id, [])) for kept in page]


def _document(kept: Kept, *, own: bool, sent: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "message_id": kept.id,
        "template": kept.template,
        "campaign_id": kept.campaign_id,
        "recipient": kept.recipient,
        "own": own,
        "by_hand": kept.by_hand,
        "subject": kept.zh.subject,
        "text": kept.zh.text,
        "subject_en": kept.en.subject,
        "text_en": kept.en.text,
        "at": kept.at,
        "read_at": kept.read_at,
        "sent": sent,
    }
