"""The tus 1.0 endpoints.

`domain.uploads` reads what a request says, `tools.receiving` takes its bytes, `actions.uploads` writes its facts.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from services.intake.actions import uploads as actions
from services.intake.actions.uploads import Different, Works
from services.intake.domain import uploads as protocol
from services.intake.domain.uploads import CONTENT_TYPE, Progress
from services.intake.store import uploads as store
from services.intake.store.uploads import Upload
from services.intake.tools.part_files import ShorterThanAcknowledged
from services.intake.tools.receiving import ensure_room
from services.kernel import metrics
from services.kernel.auth import UPLOAD_QUERY, Principal, Role, check_upload_token, upload_token
from services.kernel.errors import Forbidden, LaurelError, NotFound, Problem
from services.kernel.ports import Transaction
from services.kernel.service import Context
from services.kernel.web import Ctx, Received, exchange_of, public, require, signed_address
from services.kernel.web.bodies import StrictRoute

PAUSE = timedelta(seconds=30)
BY_ADDRESS = [signed_address("upload", UPLOAD_QUERY)]


class TusRoute(StrictRoute):
    """A route whose every answer, refusals included, names the protocol's version."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the strict handler."""
        handle = super().get_route_handler()

        async def versioned(request: Request) -> Response:
            try:
                response = await handle(request)
            except Problem as problem:
                problem.headers.setdefault("Tus-Resumable", protocol.VERSION)
                raise
            response.headers.setdefault("Tus-Resumable", protocol.VERSION)
            return response

        return versioned


def router(works: Works) -> APIRouter:
    """Return the routes of `/uploads`, for works as they are kept here."""
    routes = APIRouter(route_class=TusRoute, redirect_slashes=False)

    @routes.options("/uploads", dependencies=[public()])
    @routes.options("/uploads/{upload_id}", dependencies=[public()])
    async def describe(context: Ctx) -> Response:
        return Response(status_code=204, headers=protocol.options_headers(context.settings.upload_max_bytes))

    @routes.post("/uploads")
    async def create(
        request: Request, context: Ctx, who: Annotated[Principal, require(Role.LIAISON)], received: Received
    ) -> Response:
        return await _Desk(context, works).create(request, who, received)

    @routes.head("/uploads/{upload_id}", dependencies=BY_ADDRESS)
    async def head(request: Request, context: Ctx, upload_id: str) -> Response:
        return await _Desk(context, works).head(request, upload_id)

    @routes.patch("/uploads/{upload_id}", dependencies=BY_ADDRESS)
    async def patch(request: Request, context: Ctx, upload_id: str) -> Response:
        return await _Desk(context, works).patch(request, upload_id)

    @routes.delete("/uploads/{upload_id}", dependencies=BY_ADDRESS)
    async def delete(request: Request, context: Ctx, upload_id: str) -> Response:
        return await _Desk(context, works).delete(request, upload_id)

    @routes.post("/uploads/{upload_id}", dependencies=BY_ADDRESS)
    async def override(request: Request, context: Ctx, upload_id: str) -> Response:
        """Serve clients whose network lets only GET and POST through, as the protocol asks."""
        desk = _Desk(context, works)
        exchange_of(request.scope).release()
        match request.headers.get("x-http-method-override", "").upper():
            case "PATCH":
                return await desk.patch(request, upload_id)
            case "DELETE":
                return await desk.delete(request, upload_id)
        raise NotFound

    return routes


class _Desk:
    """Serves one request."""

    def __init__(self, context: Context, works: Works) -> None:
        self._context = context
        self._works = works
        self._receiver = actions.receiver_of(context)

    async def create(self, request: Request, who: Principal, received: datetime) -> Response:
        protocol.check_version(request.headers.get("tus-resumable"))
        settings = self._context.settings
        creation = protocol.read_creation(request.headers, settings.upload_max_bytes)
        ensure_room(self._receiver.folder, creation.length_bytes)
        unit_id = who.unit_id
        if unit_id is None:
            raise Forbidden("您的账号不属于推荐单位，不能上传。", "This account belongs to no unit.")
        lifetime = timedelta(seconds=settings.upload_lifetime_s)

        def piece(transaction: Transaction) -> Upload:
            return actions.begin(
                transaction,
                self._works,
                creation,
                account_id=who.account_id,
                unit_id=unit_id,
                received=received,
                lifetime=lifetime,
            )

        row = await self._context.database.submit(piece)
        exchange_of(request.scope).release()
        token = upload_token(self._context.keys, row.id, row.expires_at)
        headers = {"Location": f"/uploads/{row.id}?token={token}"}
        try:
            row = await self._first_bytes(request, row)
        except Problem as problem:
            problem.headers.update(headers)
            raise
        return Response(status_code=201, headers=headers | protocol.progress_headers(row.progress))

    async def _first_bytes(self, request: Request, row: Upload) -> Upload:
        """Take what came with the creation; an empty file is whole at once."""
        if row.length_bytes and not _brings_bytes(request):
            return row
        return await self._receive(request, row.id, 0, CONTENT_TYPE)

    async def head(self, request: Request, upload_id: str) -> Response:
        row = await self._admitted(request, upload_id)
        headers = protocol.progress_headers(row.progress) | {"Upload-Length": str(row.length_bytes)}
        if row.client_metadata:
            headers["Upload-Metadata"] = row.client_metadata
        return Response(status_code=200, headers=headers)

    async def patch(self, request: Request, upload_id: str) -> Response:
        self._admit(request, upload_id)
        offset, kind = protocol.read_offset(request.headers), request.headers.get("content-type")
        try:
            row = await self._receive(request, upload_id, offset, kind)
        except _AlreadyWhole as whole:
            row = whole.row
            await self._store(upload_id)
        return Response(status_code=204, headers=protocol.progress_headers(row.progress))

    async def delete(self, request: Request, upload_id: str) -> Response:
        await self._admitted(request, upload_id)
        await self._receiver.discard(upload_id, lambda: self._terminate(upload_id))
        return Response(status_code=204)

    def _admit(self, request: Request, upload_id: str) -> None:
        """Let in whoever speaks our version and holds the upload's address. Raises VersionMismatch, `NotFound`, `Gone`."""
        protocol.check_version(request.headers.get("tus-resumable"))
        token = request.query_params.get("token", "")
        check_upload_token(self._context.keys, token, upload_id, now=self._context.clock.now())

    async def _admitted(self, request: Request, upload_id: str) -> Upload:
        """Return the upload whose address this is; one that is whole and not stored yet is stored first."""
        self._admit(request, upload_id)
        row = await self._row(upload_id)
        protocol.check_alive(row.progress, self._context.clock.now())
        if row.is_whole:
            await self._store(upload_id)
        return row

    async def _row(self, upload_id: str) -> Upload:
        row = await self._context.database.read(lambda connection: store.find(connection, upload_id))
        if row is None:
            raise NotFound
        return row

    async def _receive(self, request: Request, upload_id: str, offset: int, kind: str | None) -> Upload:
        """Take the body, and when it was the last of the file store it; return the upload as it stands then.

        A refusal says where the upload stands. Raises `_AlreadyWhole` when there is nothing to take any more.
        """
        save = _Saver(self._context)

        async def look() -> Progress:
            row, now = await self._row(upload_id), self._context.clock.now()
            protocol.check_alive(row.progress, now)
            protocol.check_patch(row.progress, offset, kind, _content_length(request))
            if row.is_whole:
                raise _AlreadyWhole(row)
            save.begin(row, resumes=offset > 0 and now - row.moved_at > PAUSE)
            return row.progress

        try:
            await self._receiver.receive(
                upload_id,
                request.stream(),
                look=look,
                save=save,
                checksum=protocol.read_checksum(request.headers.get("upload-checksum")),
                announced_bytes=_content_length(request),
                sync_bytes=self._context.settings.upload_sync_bytes,
            )
        except ShorterThanAcknowledged as shorter:
            present_bytes = shorter.size_bytes
            await self._context.database.submit(lambda transaction: actions.move_on(transaction, upload_id, present_bytes))
            raise protocol.wrong_offset(offset, present_bytes) from shorter
        except Different:
            await self._receiver.discard(upload_id, lambda: self._terminate(upload_id))
            raise
        except Problem as problem:
            problem.headers.setdefault("Upload-Offset", str((await self._row(upload_id)).offset_bytes))
            raise
        if save.whole:
            await self._store(upload_id)
        return save.row

    async def _store(self, upload_id: str) -> None:
        """Move a whole upload into the object store and record it, unless that is done."""
        path = self._receiver.path(upload_id)
        row = await self._row(upload_id)
        if row.state != "receiving":
            return
        key = await self._receiver.alone(upload_id, lambda: actions.store_object(self._context.store, row, path))
        await self._context.database.submit(partial(actions.complete, works=self._works, upload_id=upload_id, object_key=key))

    async def _terminate(self, upload_id: str) -> None:
        await self._context.database.submit(lambda transaction: actions.terminate(transaction, upload_id))


class _AlreadyWhole(LaurelError):
    """Every byte is here; `row` says so."""

    def __init__(self, row: Upload) -> None:
        super().__init__(row.id)
        self.row = row


class _Saver:
    """Writes an upload's offsets as they become durable; `row` is the upload as it stands, `whole` that this was its end."""

    row: Upload

    def __init__(self, context: Context) -> None:
        self._context = context
        self._resumes = False
        self.whole = False

    def begin(self, row: Upload, *, resumes: bool) -> None:
        """Go on from this row; `resumes` after a pause."""
        self.row, self._resumes = row, resumes

    async def __call__(self, offset_bytes: int, sha256: str | None) -> None:
        durable_at = self._context.clock.now()

        def piece(transaction: Transaction) -> None:
            if sha256 is None:
                actions.move_on(transaction, self.row.id, offset_bytes)
            else:
                actions.close(transaction, self.row.id, sha256, durable_at=durable_at)

        await self._context.database.submit(piece)
        metrics.UPLOAD_BYTES.inc(offset_bytes - self.row.offset_bytes)
        metrics.UPLOAD_RESUMES.inc(int(self._resumes))
        self.row = replace(self.row, offset_bytes=offset_bytes)
        self._resumes, self.whole = False, sha256 is not None


def _content_length(request: Request) -> int | None:
    stated = request.headers.get("content-length")
    return int(stated) if stated is not None else None


def _brings_bytes(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == CONTENT_TYPE and request.headers.get("content-length") != "0"
