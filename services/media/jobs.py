"""The long work: measuring a file in recorded stages and judging it, and encoding a preview."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from services.kernel.errors import Problem, StorageFull
from services.kernel.jobs import JobContext, Jobs, Outcome
from services.kernel.metrics import MEDIA_CPU
from services.media import actions, store
from services.media.actions import JUDGE, REJUDGE, RENDER, Case, Renditions
from services.media.domain.levels import waveform_svg
from services.media.domain.measures import Counted, Decoded, Film, Measured, Photo, Probed, Refused
from services.media.domain.preview import card_stills, copies, poster_of
from services.media.store import Asset
from services.media.tools.workspace import NoRoomError, demand_room, workspace

JOBS = Jobs()
MP4, JPEG = "video/mp4", "image/jpeg"
# Level files, stills and the sheet of the longest film that is taken.
WORKING_BYTES = 192 << 20
MEBIBYTE = 1 << 20
_DECODE_FROM, _DECODE_TO = 10, 97

M = TypeVar("M", Probed, Counted, Decoded, Photo)
log = structlog.get_logger(__name__)


class NotProcessed(Problem):
    """The platform could not process a file; somebody who mends it may let it be tried again."""

    kind = "not-processed"


@JOBS.kind(JUDGE, failed=actions.give_up)
def judge(context: JobContext) -> Outcome:
    """Measure a file unless that was done before, and judge it under the campaign of the job."""
    asset_id, campaign_hash = context.payload["asset_id"], context.payload["campaign_hash"]
    case = context.service.database.look(lambda rows: actions.case_of(rows, asset_id, campaign_hash))
    if case is None:
        return lambda _transaction: None
    measured, made = case.measured, None
    if measured is None:
        with _room(context, case.asset) as directory:
            measured, made = _measured(context, case, directory)
    context.progress(98, "正在汇总结果")
    return partial(actions.conclude, case=case, measured=measured, made=made, objects=context.service.store)


@JOBS.kind(REJUDGE)
def rejudge(context: JobContext) -> Outcome:
    """Ask for every file of a changed campaign to be judged again, a few in each transaction."""
    last: str | None = ""
    while last is not None:
        ask = partial(actions.judge_some_again, campaign_hash=context.payload["campaign_hash"], after=last)
        last = context.service.database.call(ask)
        context.check()
    return lambda _transaction: None


@JOBS.kind(RENDER)
def render(context: JobContext) -> Outcome:
    """Encode a preview of a film whose streams a browser does not play."""
    from services.media.tools import preview  # noqa: PLC0415 keeps ffmpeg-python out of the idle platform

    asset, film = context.service.database.look(lambda rows: _film(rows, context.payload["asset_id"]))
    if film is None:
        return lambda _transaction: None
    key = _key(asset, preview.PREVIEW)

    def encode() -> None:
        length_s = film.decoded.timing.extent_s
        on_share = partial(_share, context, 0, _DECODE_TO, "正在转换预览版")
        with _room(context, asset) as directory:
            made = preview.encode(directory, film.probed, length_s, on_share, context.stopping.is_set)
            context.service.store.put_file(key, str(made))

    context.stage("encode", encode)
    return partial(actions.rendered, asset=asset, preview_key=key, preview_type=MP4)


def _film(rows: Any, asset_id: str) -> tuple[Asset | None, Film | None]:
    asset = store.asset_of(rows, asset_id)
    known = store.measurement_of(rows, asset_id, asset.sha256) if asset and not asset.retired else None
    measured = None if known is None else actions.MEASURED.validate_json(known)
    return asset, measured if isinstance(measured, Film) else None


@contextmanager
def _room(context: JobContext, asset: Asset) -> Iterator[Path]:
    """Offer a private directory with the file, after making sure that the work fits.

    What goes wrong with the machine is told apart: a full disk waits, a missing program or an endless child fails.
    """
    folder: Path = context.service.folder
    with _told(context), context.service.store.local(asset.object_key) as path:
        demand_room(folder, asset.size_bytes + WORKING_BYTES)
        with workspace(Path(path), folder) as directory:
            yield directory


@contextmanager
def _told(context: JobContext) -> Iterator[None]:
    try:
        yield
    except NoRoomError as lacking:
        needed, free = lacking.needed_bytes // MEBIBYTE, lacking.free_bytes // MEBIBYTE
        raise StorageFull(
            f"临时空间不足：需要{needed:,}MB，剩余{free:,}MB。腾出空间后自动继续。",
            f"Temporary space is short: {needed} MiB are needed, {free} MiB are free.",
        ) from lacking
    except OSError as trouble:
        context.check()
        if trouble.errno == errno.ENOSPC:
            raise StorageFull("临时空间已满，腾出空间后自动继续。", "Temporary space is full.") from trouble
        log.exception("file not processed", job=context.job_id)
        why = trouble.strerror or type(trouble).__name__
        raise NotProcessed(f"未能处理：{why}。可重试。", f"Not processed: {why}.") from trouble


def _measured(context: JobContext, case: Case, directory: Path) -> tuple[Measured, Renditions]:
    if case.slot.medium == "photo":
        return _photo(context, case.asset, directory)
    return _stages(context, case.asset, directory)


def _stages(context: JobContext, asset: Asset, directory: Path) -> tuple[Measured, Renditions]:
    """Probe, count, copy when that is enough, decode. Each finished stage is recorded and never repeated."""
    from services.media.tools import films  # noqa: PLC0415 keeps ffmpeg-python out of the idle platform

    context.progress(1, "正在读取文件信息")
    probed = _stage(context, "probe", Probed, lambda: films.probe_film(directory))
    if isinstance(probed, Refused):
        return probed, Renditions()
    context.progress(3, "正在清点数据")
    counted = _stage(context, "packets", Counted, lambda: films.count_film(directory, probed))
    if isinstance(counted, Refused):
        return counted, Renditions()
    preview_key = _copied(context, asset, directory, probed) if copies(probed, counted, asset.size_bytes) else None
    kept = context.stage("decode", lambda: _decoded(context, asset, directory, probed, counted))
    if "refused" in kept:
        return Refused.model_validate(kept["refused"]), Renditions(preview_key=preview_key, preview_type=MP4)
    decoded = Decoded.model_validate(kept["measured"])
    film = films.film_from(probed, counted, decoded, asset.size_bytes)
    return film, Renditions(preview_key, MP4 if preview_key else None, **_keys(kept["objects"]))


def _stage(context: JobContext, name: str, kind: type[M], work: Any) -> M | Refused:
    def recorded() -> dict[str, Any]:
        found = work()
        return {"refused" if isinstance(found, Refused) else "measured": found.model_dump(mode="json")}

    kept = context.stage(name, recorded)
    return Refused.model_validate(kept["refused"]) if "refused" in kept else kind.model_validate(kept["measured"])


def _copied(context: JobContext, asset: Asset, directory: Path, probed: Probed) -> str | None:
    """Copy the streams into a preview and offer it at once; return its key, None where the copy cannot be made."""
    from services.media.tools import preview  # noqa: PLC0415 keeps ffmpeg-python out of the idle platform

    def copy() -> str | None:
        context.progress(6, "正在生成预览版")
        try:
            made = preview.remux(directory, probed, asset.size_bytes)
        except preview.NotMadeError as not_made:
            log.warning("no preview by copy", job=context.job_id, reason=str(not_made))
            return None
        key = _key(asset, preview.PREVIEW)
        context.service.store.put_file(key, str(made))
        made.unlink()
        return key

    key: str | None = context.stage("remux", copy)
    if key is not None:
        offer = partial(actions.show_early, asset=asset, preview_key=key, preview_type=MP4)
        context.service.database.call(offer)
    return key


def _decoded(context: JobContext, asset: Asset, directory: Path, probed: Probed, counted: Counted) -> dict[str, Any]:
    from services.media.tools import films  # noqa: PLC0415 keeps ffmpeg-python out of the idle platform

    context.progress(_DECODE_FROM, "正在解码核验")
    on_share = partial(_share, context, _DECODE_FROM, _DECODE_TO, "正在解码核验")
    found = films.decode_film(directory, probed, counted, on_share, context.stopping.is_set)
    if isinstance(found, Refused):
        return {"refused": found.model_dump(mode="json")}
    MEDIA_CPU.observe(found.cpu_s / max(found.timing.extent_s / 60, 1 / 60))
    return {"measured": found.model_dump(mode="json"), "objects": _kept_pictures(context, asset, directory, found)}


def _kept_pictures(context: JobContext, asset: Asset, directory: Path, decoded: Decoded) -> dict[str, Any]:
    """Store poster, contact sheet, waveform and the stills of head and tail; return their keys."""
    from services.media.tools.decode import SHEET  # noqa: PLC0415 keeps ffmpeg-python out of the idle platform

    objects = context.service.store

    def put(name: str, path: Path) -> str | None:
        key = _key(asset, name)
        return objects.put_file(key, str(path)).key if path.exists() else None

    poster = poster_of(decoded)
    waveform = None
    if decoded.sound is not None:
        waveform = objects.put(_key(asset, "waveform.svg"), iter([waveform_svg(decoded.sound).encode()])).key
    frames = [(still.at_s, put(still.name, directory / still.name)) for still in card_stills(decoded)]
    return {
        "poster_key": put("poster.jpg", directory / poster.name) if poster else None,
        "sheet_key": put(SHEET, directory / SHEET),
        "waveform_key": waveform,
        "frames": [(at_s, key) for at_s, key in frames if key],
    }


def _photo(context: JobContext, asset: Asset, directory: Path) -> tuple[Measured, Renditions]:
    from services.media.tools.photos import PHOTO_PREVIEW, measure_photo  # noqa: PLC0415 keeps it out of the idle platform

    def recorded() -> dict[str, Any]:
        context.progress(10, "正在核验照片")
        found = measure_photo(directory)
        shown = directory / PHOTO_PREVIEW
        key = context.service.store.put_file(_key(asset, PHOTO_PREVIEW), str(shown)).key if shown.exists() else None
        return {"refused" if isinstance(found, Refused) else "measured": found.model_dump(mode="json"), "preview": key}

    kept = context.stage("photo", recorded)
    if "refused" in kept:
        return Refused.model_validate(kept["refused"]), Renditions()
    preview_key = kept["preview"]
    return Photo.model_validate(kept["measured"]), Renditions(preview_key, JPEG if preview_key else None)


def _share(context: JobContext, begin: float, end: float, label: str, share: float) -> None:
    context.progress(begin + (end - begin) * share, label)


def _key(asset: Asset, name: str) -> str:
    """Return the key of what was made of exactly these bytes."""
    return f"renditions/{asset.asset_id}/{asset.sha256[:16]}/{name}"


def _keys(objects: dict[str, Any]) -> dict[str, Any]:
    return objects | {"frames": tuple((at_s, key) for at_s, key in objects["frames"])}
