"""The commands of intake: `laurel receipt verify`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from services.intake.domain.receipts import Compared, GivenFile, Match, Receipt, compare
from services.kernel.command_line import CommandLine
from services.kernel.input_files import why_unreadable

receipt_app = CommandLine(name="receipt", help="回执：离线核对。Check receipts, offline.")

SIGNATURE = {
    "genuine": "签名核对一致",
    "not-checked": "未提供公钥，签名未核对",
    "unknown-key": "所给公钥不含本回执的签名密钥，签名未核对",
    "not-genuine": "签名与内容不一致，本回执不是原件",
}
MATCHES = {
    Match.SAME: "与回执一致",
    Match.DIFFERENT: "与回执不一致",
    Match.MISSING: "回执列有此文件，未提供，未核对",
    Match.ON_ITS_WAY: "出具回执时仍在传送，以后一份回执为准",
    Match.UNKNOWN: "回执未列此文件",
}
KINDS = {"work": "作品", "list": "推荐名单", "files": "文件传送完成", "late": "逾期材料"}


class Exit(IntEnum):
    """What the exit code of `receipt verify` says."""

    GENUINE = 0
    NOT_ALL_CHECKED = 1
    NOT_GENUINE = 2
    UNREADABLE = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out about one receipt."""

    receipt: Receipt
    signature: str
    kid: str
    files: list[Compared]

    @property
    def exit(self) -> Exit:
        """The worst of what was found."""
        matches = {line.match for line in self.files}
        if self.signature == "not-genuine" or matches & {Match.DIFFERENT, Match.UNKNOWN}:
            return Exit.NOT_GENUINE
        if self.signature != "genuine" or Match.MISSING in matches:
            return Exit.NOT_ALL_CHECKED
        return Exit.GENUINE


@receipt_app.callback()
def receipt() -> None:
    """Keep `verify` a command of its own, beside those to come."""


VERIFY_HELP = """核对回执的签名，并按回执所列校验值核对文件。Check a receipt's signature, and files against it.

0 是原件，所给文件与回执一致；1 没有合适的公钥，或未给出全部文件；2 内容有改动，或所给文件不属于本回执；
3 无法读取；64 用法有误。不给 --file 时只核对签名。

0 genuine, and every file given is the receipt's; 1 no key that fits, or not all its files were given; 2 changed,
or a file is not the receipt's; 3 unreadable; 64 wrong call. Without --file only the signature is checked.
"""


@receipt_app.command("verify", help=VERIFY_HELP)
def verify_receipt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="回执文件（JWS）。The receipt, a compact JWS.")],
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="平台公钥（PEM、JWK或JWKS）。The platform's public key.")
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option("--file", metavar="PATH", help="与回执核对的文件，可写多次。A file to compare; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以JSON回答。Answer in JSON.")] = False,
) -> None:
    """Check a receipt; exit as the help says."""
    from services.intake.tools.receipts import UnreadableError  # noqa: PLC0415 - signing is imported where it is used

    try:
        checked = _check(file, key, files or [])
    except OSError as trouble:
        _refuse(why_unreadable(Path(trouble.filename or file), trouble), as_json=as_json)
    except UnreadableError as unlike:
        _refuse(str(unlike), as_json=as_json)
    _say(_document(checked), _sentences(checked, asked=bool(files)), as_json=as_json)
    raise typer.Exit(checked.exit)


def _refuse(message: str, *, as_json: bool) -> NoReturn:
    typer.echo(json.dumps({"refused": message}, ensure_ascii=False) if as_json else message, err=not as_json)
    raise typer.Exit(Exit.UNREADABLE)


def _check(file: Path, key: Path | None, paths: list[Path]) -> Checked:
    from services.intake.tools import receipts  # noqa: PLC0415 - signing is imported where it is used

    token = file.read_bytes()[: receipts.MAX_BYTES]
    kid, receipt = receipts.read(token)
    lines = compare(receipt.files, [_given(path) for path in paths]) if paths else []
    if key is None:
        return Checked(receipt, "not-checked", kid, lines)
    try:
        receipts.verify(token, receipts.read_keys(key.read_bytes()))
    except receipts.UnknownKeyError:
        return Checked(receipt, "unknown-key", kid, lines)
    except receipts.NotGenuineError:
        return Checked(receipt, "not-genuine", kid, lines)
    return Checked(receipt, "genuine", kid, lines)


def _given(path: Path) -> GivenFile:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return GivenFile(str(path), path.stat().st_size, digest)


def _document(checked: Checked) -> dict[str, Any]:
    return {
        "verdict": checked.exit.name.lower().replace("_", "-"),
        "signature": checked.signature,
        "kid": checked.kid,
        "receipt": checked.receipt.model_dump(mode="json", exclude_none=True),
        "files": [{"name": line.name, "match": line.match.value, "path": line.path} for line in checked.files],
    }


def _sentences(checked: Checked, *, asked: bool) -> str:
    it = checked.receipt
    lines = [
        f"回执 {it.number}：{KINDS[it.kind]}{it.what}，{it.unit}",
        f"收到时间 {it.received_at[:10]} {it.received_at[11:23]}（北京时间），校验码 {it.check_code}",
        *([it.note] if it.note else []),
        f"{SIGNATURE[checked.signature]}（密钥 {checked.kid}）",
        *(f"{line.name}：{MATCHES[line.match]}" for line in checked.files),
        *([f"所列{len(it.files)}个文件未核对（用 --file 提供文件）"] if it.files and not asked else []),
    ]
    return "\n".join(lines)


def _say(document: dict[str, Any], sentences: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False) if as_json else sentences)
