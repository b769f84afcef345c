import base64
import hashlib
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.jwk import KeySet, OKPKey
from typer.testing import CliRunner

from services.intake.commands import receipt_app
from services.intake.domain.receipts import (
    CampaignRef,
    GivenFile,
    Match,
    Receipt,
    arrived,
    beijing_ms,
    compare,
    on_its_way,
    receipt,
    receipt_number,
)
from services.intake.tools.receipts import NotGenuineError, UnknownKeyError, UnreadableError, read, read_keys, sign, verify
from services.kernel.keys import Keys, Purpose

FOLDER = tempfile.TemporaryDirectory()
KEYS = Keys.open(Path(FOLDER.name), make=True)
KEY = OKPKey.import_key(KEYS.public_jwks(Purpose.RECEIPT)["keys"][0])
OTHER = OKPKey.generate_key("Ed25519", {"kid": "receipt-2023"})
LAST_MOMENT = datetime(2024, 9, 30, 15, 59, 59, 999_999, tzinfo=UTC)
VIDEO = b"video" * 1000
SCAN = b"scan"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def a_receipt(**changes: Any) -> Receipt:
    values: dict[str, Any] = {
        "number": receipt_number("JZ", 2024, 91),
        "kind": "work",
        "what": "夜班后的一课",
        "unit": "云栈区",
        "received_at": LAST_MOMENT,
        "check_code": "7F3K-92QX-M4TD",
        "files": [arrived("成片.mp4", "video", len(VIDEO), sha(VIDEO)), arrived("授权.pdf", "consent", len(SCAN), sha(SCAN))],
        "campaign": CampaignRef(id="jz-2024-stories", version=2, hash="ab" * 32),
        "rehearsal": True,
    }
    return receipt(**{**values, **changes})


def forged() -> str:
    header = {"alg": "Ed25519", "kid": KEY.kid, "typ": "laurel-receipt+jws"}
    impostor = OKPKey.generate_key("Ed25519")
    return jws.serialize_compact(header, a_receipt().model_dump_json(exclude_none=True), impostor, algorithms=["Ed25519"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "receipt.jws").write_text(sign(a_receipt(), KEYS))
    (tmp_path / "key.pem").write_bytes(KEY.as_pem(private=False))
    (tmp_path / "key.jwk").write_text(json.dumps(KEY.as_dict(private=False)))
    (tmp_path / "keys.jwks").write_text(json.dumps(KeySet([OTHER, KEY]).as_dict(private=False)))
    (tmp_path / "other.jwks").write_text(json.dumps(KeySet([OTHER]).as_dict(private=False)))
    (tmp_path / "成片.mp4").write_bytes(VIDEO)
    (tmp_path / "scan-renamed.pdf").write_bytes(SCAN)
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    app = typer.Typer()
    app.add_typer(receipt_app)
    paths = [str(folder / a) if (folder / a).is_file() else a for a in arguments]
    result = CliRunner().invoke(app, ["receipt", "verify", *paths, "--json"])
    return result.exit_code, json.loads(result.stdout) if result.stdout.startswith("{") else {}


# --- what a receipt says --------------------------------------------------------------------------------------------


def test_the_last_moment_is_cut_to_the_millisecond_and_never_becomes_midnight() -> None:
    assert beijing_ms(LAST_MOMENT) == "2024-09-30T23:59:59.999+08:00"
    assert beijing_ms(LAST_MOMENT + timedelta(microseconds=1)) == "2024-10-01T00:00:00.000+08:00"


def test_a_number_is_prefix_year_and_counter() -> None:
    assert receipt_number("JZ", 2024, 91) == "JZ-2024-0091"
    assert receipt_number("JZ", 2024, 12345) == "JZ-2024-12345"


def test_a_file_on_its_way_has_no_hash_and_the_receipt_is_not_complete() -> None:
    it = a_receipt(files=[on_its_way("成片.mp4", "video", 9)])
    assert not it.complete
    assert json.loads(it.model_dump_json(exclude_none=True))["files"] == [
        {"name": "成片.mp4", "slot": "video", "size_bytes": 9, "state": "仍在传送"}
    ]


def test_a_rehearsal_says_so_and_a_real_campaign_does_not() -> None:
    assert a_receipt().note == "试运行，不作为正式材料"
    assert a_receipt(rehearsal=False).note is None


# --- the signature --------------------------------------------------------------------------------------------------


def test_the_token_is_a_jws_that_a_stranger_can_verify_with_the_public_key_alone() -> None:
    header, payload, signature = sign(a_receipt(), KEYS).split(".")

    def decode(part: str) -> bytes:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    assert json.loads(decode(header)) == {"alg": "Ed25519", "kid": KEY.kid, "typ": "laurel-receipt+jws"}
    assert json.loads(decode(payload))["received_at"] == "2024-09-30T23:59:59.999+08:00"
    public = Ed25519PublicKey.from_public_bytes(decode(str(KEY.as_dict(private=False)["x"])))
    public.verify(decode(signature), f"{header}.{payload}".encode())


def test_a_genuine_receipt_is_read_back_as_it_was() -> None:
    assert verify(sign(a_receipt(), KEYS).encode(), [OTHER, KEY]) == a_receipt()
    assert verify(b"\xef\xbb\xbf" + sign(a_receipt(), KEYS).encode() + b"\r\n", [KEY]) == a_receipt()


def test_a_changed_receipt_does_not_verify() -> None:
    header, _, signature = sign(a_receipt(), KEYS).split(".")
    _, changed, _ = sign(a_receipt(what="夜班后的课堂"), KEYS).split(".")
    with pytest.raises(NotGenuineError):
        verify(f"{header}.{changed}.{signature}".encode(), [KEY])


def test_another_key_under_the_same_name_does_not_verify() -> None:
    with pytest.raises(NotGenuineError):
        verify(forged().encode(), [KEY])


def test_a_key_that_is_not_at_hand_is_named() -> None:
    with pytest.raises(UnknownKeyError, match=str(KEY.kid)):
        verify(sign(a_receipt(), KEYS).encode(), [OTHER])


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"receipt",
        b"a.b.c",
        b"\xff\xfe.\x00.",
        jws.serialize_compact({"alg": "Ed25519", "kid": "x", "typ": "JWT"}, b"{}", OTHER, algorithms=["Ed25519"]).encode(),
        jws.serialize_compact(
            {"alg": "Ed25519", "kid": "x", "typ": "laurel-receipt+jws"}, b"{}", OTHER, algorithms=["Ed25519"]
        ).encode(),
        jws.serialize_compact(
            {"alg": "Ed25519", "kid": "x", "typ": "laurel-receipt+jws"}, b"[", OTHER, algorithms=["Ed25519"]
        ).encode(),
        b"eyJhbGciOiJub25lIiwidHlwIjoibGF1cmVsLXJlY2VpcHQrandzIn0.e30.",
    ],
)
def test_what_is_no_receipt_is_unreadable(token: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(token)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"key", b'{"keys":[]}', b'{"kty":"oct","k":"AAAA"}', b"-----BEGIN PUBLIC KEY-----\nAAAA"]
)
def test_what_is_no_public_key_is_unreadable(text: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_keys(text)


# --- files ----------------------------------------------------------------------------------------------------------


def test_files_are_compared_by_their_hash_whatever_they_are_called() -> None:
    files = [
        arrived("a.mp4", "video", 5, sha(VIDEO)),
        arrived("b.pdf", "consent", 4, sha(SCAN)),
        on_its_way("c.jpg", "photo", 1),
    ]
    given = [
        GivenFile("/x/renamed.mp4", 5, sha(VIDEO)),
        GivenFile("C:\\x\\b.pdf", 4, sha(b"other")),
        GivenFile("d", 1, sha(b"d")),
    ]
    lines = {line.name: line.match for line in compare(files, given)}
    assert lines == {
        "a.mp4": Match.SAME,
        "b.pdf": Match.DIFFERENT,
        "c.jpg": Match.ON_ITS_WAY,
        "d": Match.UNKNOWN,
    }
    assert {line.match for line in compare(files, given[:1])} == {Match.SAME, Match.MISSING, Match.ON_ITS_WAY}


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["key.pem", "key.jwk", "keys.jwks"])
def test_verify_accepts_each_form_of_key(folder: Path, key: str) -> None:
    code, answer = run(folder, "receipt.jws", "--key", key)
    assert (code, answer["verdict"], answer["signature"]) == (0, "genuine", "genuine")
    assert answer["receipt"]["number"] == "JZ-2024-0091"


def test_verify_with_all_files(folder: Path) -> None:
    code, answer = run(folder, "receipt.jws", "--key", "key.pem", "--file", "成片.mp4", "--file", "scan-renamed.pdf")
    assert code == 0
    assert [line["match"] for line in answer["files"]] == ["same", "same"]


def test_verify_says_when_it_could_not_check_everything(folder: Path) -> None:
    assert run(folder, "receipt.jws")[0] == 1
    assert run(folder, "receipt.jws", "--key", "other.jwks")[0] == 1
    code, answer = run(folder, "receipt.jws", "--key", "key.pem", "--file", "成片.mp4")
    assert (code, [line["match"] for line in answer["files"]]) == (1, ["same", "missing"])


def test_verify_finds_a_changed_file_and_a_changed_receipt(folder: Path) -> None:
    (folder / "成片.mp4").write_bytes(VIDEO + b"!")
    code, answer = run(folder, "receipt.jws", "--key", "key.pem", "--file", "成片.mp4", "--file", "scan-renamed.pdf")
    assert (code, answer["files"][0]["match"]) == (2, "different")
    (folder / "receipt.jws").write_text(forged())
    assert run(folder, "receipt.jws", "--key", "key.jwk")[0] == 2


def test_verify_says_what_it_cannot_read(folder: Path) -> None:
    assert run(folder, "missing.jws", "--key", "key.pem")[0] == 3
    assert run(folder, "成片.mp4", "--key", "key.pem")[0] == 3
    assert run(folder, "receipt.jws", "--key", "receipt.jws")[0] == 3
    assert run(folder, "receipt.jws", "--key", "key.pem", "--file", "missing.mp4")[0] == 3
    for call in (("missing.jws",), ("receipt.jws", "--key", "missing.jws"), ("receipt.jws", "--file", "missing.jws")):
        code, answer = run(folder, *call)
        why = "无法读取文件 missing.jws：没有这个文件。请核对文件名和所在的文件夹。"
        assert (code, answer) == (3, {"refused": why})


def test_verify_speaks_to_people(folder: Path) -> None:
    app = typer.Typer()
    app.add_typer(receipt_app)
    result = CliRunner().invoke(app, ["receipt", "verify", str(folder / "receipt.jws"), "--key", str(folder / "key.pem")])
    assert result.exit_code == 0
    for words in ("回执 JZ-2024-0091", "2024-09-30 23:59:59.999", "7F3K-92QX-M4TD", "试运行，不作为正式材料", "签名核对一致"):
        assert words in result.stdout
