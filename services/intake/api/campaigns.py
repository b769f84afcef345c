"""A campaign's way in: its file, its readings, its publication by two persons, its letters."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import ValidationError
from sqlalchemy import Connection

from services.intake.actions import campaigns as actions
from services.intake.actions import invitations, views
from services.intake.actions.campaigns import Files, Read
from services.intake.actions.rules import in_force
from services.intake.api.access import Anyone, Body, Head, Organiser, Ref, is_organiser
from services.intake.store import campaigns, people
from services.intake.tools.papers import letters_pdf
from services.kernel.errors import NotFound
from services.kernel.ports import Transaction
from services.kernel.service import Context
from services.kernel.web import Answer, Ctx, IfMatch, MustMatch, Received, Router, answer, parse_json, perform, read_body
from services.kernel.web.bodies import JSON_TYPE, UnsupportedMediaType
from services.kernel.web.validation import validation_problem

MAX_BYTES = 4 * 1024 * 1024
YAML_TYPES = frozenset({"text/yaml", "application/yaml", "text/x-yaml", "application/x-yaml"})

router = Router()


class CampaignFiles(Body):
    """The files as JSON members, each the text of a file; `extends` is the campaign that this one copies."""

    campaign: str
    campaign_name: str = "campaign.yaml"
    units: str | None = None
    units_name: str = "units.yaml"
    extends: str | None = None


class Choice(Body):
    """The option of a reading that a person confirms."""

    option: Ref


async def _files(request: Request, file_name: str) -> Files:
    """Read the files of a request: YAML text, the campaign alone, or JSON members."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = await read_body(request, MAX_BYTES)
    if kind in YAML_TYPES:
        return Files(campaign=raw, campaign_name=file_name)
    if not JSON_TYPE.fullmatch(request.headers.get("content-type", "").strip()):
        raise UnsupportedMediaType(
            "请以text/yaml提交活动文件，或以application/json提交活动和单位两个文件。", "Send text/yaml or application/json."
        )
    try:
        told = CampaignFiles.model_validate(parse_json(raw))
    except ValidationError as wrong:
        raise validation_problem([{**error, "loc": ("body", *error["loc"])} for error in wrong.errors()]) from None
    return Files(
        campaign=told.campaign.encode(),
        campaign_name=told.campaign_name,
        units=None if told.units is None else told.units.encode(),
        units_name=told.units_name,
        extends=None if told.extends is None else told.extends.encode(),
    )


async def _read(context: Context, files: Files, choices: dict[str, str] | None = None) -> Read:
    def stored(campaign_id: str) -> bytes | None:
        return context.database.look(lambda rows: actions.stored_source(rows, campaign_id))

    return await asyncio.to_thread(actions.read_files, files, stored, choices)


FileName = Annotated[Ref, Query(alias="file")]


@router.post("/campaigns")
async def draft(request: Request, context: Ctx, who: Organiser, file_name: FileName = "campaign.yaml") -> Response:
    """Keep a campaign as a draft; every fault of its files comes back at once."""
    read = await _read(context, await _files(request, file_name))

    def piece(transaction: Transaction) -> Answer:
        row = actions.draft(transaction, who, read, rehearsal=context.rehearsal)
        told = views.campaign(transaction.connection, row, preparing=True)
        return Answer(told, row.revision, f"/campaigns/{row.id}")

    return await perform(request, piece, status=201)


@router.get("/campaigns")
async def list_campaigns(request: Request, context: Ctx, who: Anyone) -> Response:
    """List the campaigns, drafts for the organiser only."""

    def query(rows: Connection) -> list[dict[str, Any]]:
        return [views.campaign_line(row) for row in campaigns.all_of(rows, drafts=is_organiser(who))]

    return answer(request, {"campaigns": await context.database.read(query)})


@router.get("/campaigns/{campaign_id}")
async def read_campaign(request: Request, context: Ctx, campaign_id: str, who: Anyone) -> Response:
    """Read a campaign back in Chinese; for the organiser with findings and readings."""

    def query(rows: Connection) -> tuple[dict[str, Any], int]:
        row = actions.present(rows, campaign_id)
        if row.state != "published" and not is_organiser(who):
            raise NotFound
        return views.campaign(rows, row, preparing=is_organiser(who)), row.revision

    told, revision = await context.database.read(query)
    return answer(request, told, revision=revision)


@router.get("/campaigns/{campaign_id}/export")
async def export(context: Ctx, campaign_id: str, _who: Anyone) -> Response:
    """Return the normalised campaign in force, whose SHA-256 every verdict names; offline commands take it."""

    def query(rows: Connection) -> str:
        rules = in_force(rows, campaign_id)
        return str(campaigns.version(rows, campaign_id, rules.version).normalised)

    return Response(await context.database.read(query), media_type="application/json")


@router.put("/campaigns/{campaign_id}")
async def replace(
    request: Request,
    context: Ctx,
    campaign_id: str,
    *,
    who: Organiser,
    revision: MustMatch,
    file_name: FileName = "campaign.yaml",
) -> Response:
    """Put other files in a draft's place; its readings are open again."""
    read = await _read(context, await _files(request, file_name))

    def piece(transaction: Transaction) -> Answer:
        row = actions.replace(transaction, who, campaign_id, read, revision)
        return Answer(views.campaign(transaction.connection, row, preparing=True), row.revision)

    return await perform(request, piece)


@router.put("/campaigns/{campaign_id}/readings/{reading_id}")
async def confirm_reading(
    request: Request,
    context: Ctx,
    campaign_id: str,
    reading_id: str,
    *,
    body: Choice,
    who: Organiser,
    revision: IfMatch,
) -> Response:
    """Confirm how a reading stands."""
    row, known = await context.database.read(
        lambda rows: (actions.present(rows, campaign_id), campaigns.readings(rows, campaign_id))
    )
    chosen = {name: each.option for name, each in known.items()} | {reading_id: body.option}
    read = await _read(context, actions.files_of(row), chosen)
    as_read = row.revision if revision is None else revision

    def piece(transaction: Transaction) -> Answer:
        done = actions.confirm_reading(
            transaction, who, campaign_id, reading_id, option=body.option, read=read, revision=as_read
        )
        return Answer(views.campaign(transaction.connection, done, preparing=True), done.revision)

    return await perform(request, piece)


@router.post("/campaigns/{campaign_id}/publication")
async def request_publication(request: Request, context: Ctx, campaign_id: str, who: Organiser) -> Response:
    """Ask the head to publish."""
    piece = partial(actions.request_publication, who=who, campaign_id=campaign_id, rehearsal=context.rehearsal)
    return await perform(request, piece)


@router.post("/campaigns/{campaign_id}/publication/confirmation")
async def confirm_publication(request: Request, context: Ctx, campaign_id: str, who: Head, received: Received) -> Response:
    """Publish, as the head."""

    def piece(transaction: Transaction) -> actions.Said:
        return actions.confirm_publication(transaction, who, context.keys, campaign_id, received, rehearsal=context.rehearsal)

    return await perform(request, piece)


@router.get("/campaigns/{campaign_id}/letters")
async def letters(
    request: Request, context: Ctx, campaign_id: str, _who: Organiser, unit: Annotated[list[Ref] | None, Query()] = None
) -> Response:
    """Print the letters of invitation that were not used yet, of these units or of all, a page each."""
    now = context.clock.now()
    address = f"{context.settings.public_origin or str(request.base_url).rstrip('/')}/"

    def query(rows: Connection) -> list[Any]:
        rules, wanted = in_force(rows, campaign_id), frozenset(unit or ())
        found = people.invitations(rows, campaign_id)
        return invitations.letters(rules, context.keys, found, address=address, now=now, unit_ids=wanted)

    printed = await context.database.read(query)
    if not printed:
        raise NotFound("没有尚未使用的开通函。", "No letter is unused.")
    pdf = await asyncio.to_thread(letters_pdf, printed, stamp=now)
    return Response(pdf, media_type="application/pdf", headers={"Content-Disposition": 'attachment; filename="letters.pdf"'})


@router.get("/campaigns/{campaign_id}/liaisons")
async def liaisons(request: Request, context: Ctx, campaign_id: str, _who: Organiser) -> Response:
    """Return the liaisons as they were reported, with name and work contact, and when."""

    def query(rows: Connection) -> list[dict[str, Any]]:
        rules = in_force(rows, campaign_id)
        names = ("unit_id", "account_id", "name", "mobile", "email", "received_at", "late")
        return [
            {**{name: getattr(row, name) for name in names}, "unit_name": rules.unit(row.unit_id).name}
            for row in people.liaison_reports(rows, campaign_id)
        ]

    return answer(request, {"liaisons": await context.database.read(query)})
