"""The tus 1.0 protocol as values and decisions: what a request says, and whether it may be done. No bytes, no clock.

Extensions: creation, creation-with-upload, expiration, checksum, termination. An upload of unknown length
(`creation-defer-length`) is refused: size decides about the cap and the room on the disk before the first byte comes.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

from services.kernel.errors import Conflict, Gone, Invalid, Problem, TooLarge
from services.kernel.instants import BEIJING
from services.kernel.text import without_hidden

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
CHECKSUM_ALGORITHMS = ("sha256", "sha1", "md5")
DIGEST_BYTES = {"sha256": 32, "sha1": 20, "md5": 16}
CONTENT_TYPE = "application/offset+octet-stream"
MAX_METADATA_BYTES = 8192
MAX_NAME_CHARACTERS = 120
MAX_SUFFIX_CHARACTERS = 16
UNNAMED = "未命名"
GIB = 1024**3
MIB = 1024**2

WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")
METADATA_KEY = re.compile(r"[!-+\--~]+")  # printable ASCII without space and comma
SHA256_HEX = re.compile(r"[0-9a-f]{64}")


class VersionMismatch(Problem):
    """412: the client speaks another version of the protocol."""

    status = 412
    kind = "tus-version"


class WrongMediaType(Problem):
    """415: a PATCH whose body is not `application/offset+octet-stream`."""

    status = 415
    kind = "tus-content-type"


class Busy(Problem):
    """423: another request is writing to this upload at this moment."""

    status = 423
    kind = "upload-locked"


class ChecksumMismatch(Problem):
    """460: what arrived is not what was sent; it was put away, and the offset is what it was before."""

    status = 460
    kind = "checksum-mismatch"


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a client says its body hashes to."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Creation:
    """A request to begin an upload. `name` is fit to be shown; `sha256` is the client's own hash of the whole file."""

    length_bytes: int
    work_id: str
    slot: str
    name: str
    media_type: str
    sha256: str | None
    metadata: str


Ended = Literal["", "completed", "terminated", "expired"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an upload stands: `offset_bytes` is durable. `ended` is a terminal state's name, empty while it goes on."""

    length_bytes: int
    offset_bytes: int
    expires_at: datetime
    ended: Ended = ""


# --- reading a request ----------------------------------------------------------------------------------------------


def check_version(value: str | None) -> None:
    """Refuse a request that speaks no version we know. Raises VersionMismatch."""
    if value != VERSION:
        raise VersionMismatch(
            "上传程序的协议版本与平台不一致（平台要求tus 1.0.0）。请更新上传程序。",
            f"Tus-Resumable must be {VERSION}.",
            headers={"Tus-Version": VERSION},
        )


def read_creation(headers: Mapping[str, str], cap_bytes: int) -> Creation:
    """Read the headers (names in lower case) of a creation. Raises Invalid, or TooLarge beyond the deployment's cap."""
    if "upload-concat" in headers:
        raise Invalid("平台不接收分段合并的上传，请按整个文件上传。", "Upload-Concat is not supported.")
    if "upload-defer-length" in headers:
        raise Invalid("上传前须给出文件大小（Upload-Length）。", "Upload-Defer-Length is not supported.")
    length = _whole(headers, "upload-length")
    check_cap(length, cap_bytes)
    raw = headers.get("upload-metadata", "")
    return _creation(length, raw, read_metadata(raw))


def _creation(length: int, raw: str, metadata: Mapping[str, str]) -> Creation:
    for key in ("work", "slot", "filename"):
        if not metadata.get(key):
            raise Invalid(f"上传信息缺少{key}（Upload-Metadata）。", f"Upload-Metadata lacks {key}.", errors=[{"field": key}])
    sha256 = metadata.get("sha256", "").lower() or None
    if sha256 is not None and not SHA256_HEX.fullmatch(sha256):
        raise Invalid("sha256须为64位十六进制数。", "sha256 must be 64 hexadecimal digits.", errors=[{"field": "sha256"}])
    return Creation(
        length_bytes=length,
        work_id=metadata["work"],
        slot=metadata["slot"],
        name=display_name(metadata["filename"]),
        media_type=metadata.get("filetype", "")[:100],
        sha256=sha256,
        metadata=raw,
    )


def read_metadata(value: str) -> dict[str, str]:
    """Read `Upload-Metadata`: pairs of a key and base64 of UTF-8 text, joined by commas; a key alone has an empty value."""
    if len(value) > MAX_METADATA_BYTES:
        raise Invalid(f"上传信息过长，至多{MAX_METADATA_BYTES}字节。", f"Upload-Metadata exceeds {MAX_METADATA_BYTES} bytes.")
    pairs = [_pair(part.strip()) for part in value.split(",") if part.strip()]
    metadata = dict(pairs)
    if len(metadata) != len(pairs):
        raise Invalid("上传信息中有重复的项（Upload-Metadata）。", "Upload-Metadata repeats a key.")
    return metadata


def _pair(part: str) -> tuple[str, str]:
    key, _, encoded = part.partition(" ")
    try:
        value = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        key = value = ""
    if not METADATA_KEY.fullmatch(key):
        raise Invalid(
            "上传信息无法读取：每项为名称和UTF-8文字的base64（Upload-Metadata）。",
            "Upload-Metadata must hold keys and base64 of UTF-8 text.",
        )
    return key, value


def read_offset(headers: Mapping[str, str]) -> int:
    """Read `Upload-Offset`. Raises Invalid."""
    return _whole(headers, "upload-offset")


def read_checksum(value: str | None) -> Checksum | None:
    """Read `Upload-Checksum`, None without one. Raises Invalid for an algorithm we do not have or a digest that is none."""
    if value is None:
        return None
    algorithm, _, encoded = value.strip().partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        known = "、".join(CHECKSUM_ALGORITHMS)
        raise Invalid(
            f"不支持校验算法{algorithm[:20]}，可用{known}。", f"Checksum algorithms: {', '.join(CHECKSUM_ALGORITHMS)}."
        )
    try:
        digest = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != DIGEST_BYTES[algorithm]:
        raise Invalid("校验值无法读取（Upload-Checksum）。", f"Upload-Checksum holds no {algorithm} digest in base64.")
    return Checksum(algorithm, digest)


def _whole(headers: Mapping[str, str], name: str) -> int:
    value = headers.get(name)
    if value is None or not WHOLE_NUMBER.fullmatch(value):
        title = name.title()
        raise Invalid(f"{title}须为不小于0的整数。", f"{title} must be a whole number, 0 or more.", errors=[{"field": title}])
    return int(value)


# --- deciding -------------------------------------------------------------------------------------------------------


def check_cap(length_bytes: int, cap_bytes: int) -> None:
    """Refuse a file beyond the deployment's hard cap. Raises TooLarge with the sentence."""
    if length_bytes > cap_bytes:
        raise TooLarge(
            f"文件{size_words(length_bytes)}，单个文件至多{size_words(cap_bytes)}（平台要求）。请剪辑或压缩后重新上传。",
            f"The file has {length_bytes} bytes, at most {cap_bytes} are accepted.",
            size_bytes=length_bytes,
            limit_bytes=cap_bytes,
        )


def check_alive(progress: Progress, now: datetime) -> None:
    """Refuse an upload that was terminated or has expired. Raises Gone."""
    if progress.ended == "terminated":
        raise Gone("该上传已取消，请重新上传。", "The upload was terminated.")
    if progress.ended == "expired" or (not progress.ended and now >= progress.expires_at):
        when = f"{progress.expires_at.astimezone(BEIJING):%Y年%m月%d日%H:%M}"
        raise Gone(f"该上传已于{when}过期，请重新上传。", "The upload has expired.")


def check_patch(progress: Progress, offset_bytes: int, content_type: str | None, content_length: int | None) -> None:
    """Decide whether a body may be appended. Raises WrongMediaType, Conflict (another offset) or TooLarge (beyond the end)."""
    if (content_type or "").split(";")[0].strip().lower() != CONTENT_TYPE:
        raise WrongMediaType(f"上传内容的类型须为{CONTENT_TYPE}。", f"Content-Type must be {CONTENT_TYPE}.")
    if offset_bytes != progress.offset_bytes:
        raise wrong_offset(offset_bytes, progress.offset_bytes)
    if content_length is not None and offset_bytes + content_length > progress.length_bytes:
        raise beyond_end(progress)


def wrong_offset(offset_bytes: int, present_bytes: int) -> Conflict:
    """Return the refusal of a body that would not go on where the upload stands."""
    return Conflict(
        f"上次已传{present_bytes:,}字节，请从这里继续。",
        f"Upload-Offset is {offset_bytes}, {present_bytes} bytes are here.",
        kind="upload-offset",
        headers={"Upload-Offset": str(present_bytes)},
    )


def beyond_end(progress: Progress) -> TooLarge:
    """Return the refusal of a body that goes on beyond the length the upload was created with."""
    return TooLarge(
        f"内容超出文件大小{progress.length_bytes:,}字节，本次未保存。请核对文件后重新上传。",
        f"The body goes beyond Upload-Length {progress.length_bytes}.",
        kind="upload-length",
        headers={"Upload-Offset": str(progress.offset_bytes)},
    )


def standing_sentence(length_bytes: int, offset_bytes: int) -> str:
    """Return where an upload that is not whole stands, for who will go on with it."""
    length = f"共{length_bytes / MIB:,.1f}MB"
    if offset_bytes == length_bytes:
        return f"已传完，{length}，正在保存。"
    begun = f"上次已传{offset_bytes / MIB:,.1f}MB" if offset_bytes else "尚未传送内容"
    return f"{begun}，{length}，可继续上传。"


def size_words(size_bytes: int) -> str:
    """Return a size as the messages show it: `1.12G（1,204,322,304字节）`, `640.0MB（…）` below a gigabyte."""
    if size_bytes >= GIB:
        return f"{size_bytes / GIB:.2f}".rstrip("0").rstrip(".") + f"G（{size_bytes:,}字节）"
    return f"{size_bytes / MIB:.1f}MB（{size_bytes:,}字节）"


# --- answering ------------------------------------------------------------------------------------------------------


def options_headers(cap_bytes: int) -> dict[str, str]:
    """Return what OPTIONS says of this server."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(cap_bytes),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
    }


def progress_headers(progress: Progress) -> dict[str, str]:
    """Return what an answer says of an upload; nothing of it may be cached."""
    headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(progress.offset_bytes), "Cache-Control": "no-store"}
    if progress.offset_bytes < progress.length_bytes:
        headers["Upload-Expires"] = format_datetime(progress.expires_at.replace(microsecond=0), usegmt=True)
    return headers


def display_name(raw: str) -> str:
    """Return a file's name fit to be shown: no path, nothing that no reader sees, one line, at most 120 characters.

    The extension is kept when the name is cut. What leaves nothing is called 未命名.
    """
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", raw))[-1]
    visible = "".join(" " if unicodedata.category(c) in ("Zl", "Zp") or c in "\t\r\n" else c for c in base)
    name = re.sub(r"\s+", " ", without_hidden(visible)).strip(" ")
    return _shortened(name) if name.strip(" .") else UNNAMED


def _shortened(name: str) -> str:
    if len(name) <= MAX_NAME_CHARACTERS:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem or len(suffix) > MAX_SUFFIX_CHARACTERS:
        return name[: MAX_NAME_CHARACTERS - 1] + "…"
    return stem[: MAX_NAME_CHARACTERS - len(suffix) - 2] + "…." + suffix
