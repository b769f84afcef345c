import base64
import contextlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import uploads
from services.intake.domain.uploads import (
    ChecksumMismatch,
    Creation,
    Progress,
    VersionMismatch,
    WrongMediaType,
    check_alive,
    check_cap,
    check_patch,
    check_version,
    display_name,
    options_headers,
    progress_headers,
    read_checksum,
    read_creation,
    read_metadata,
    read_offset,
    size_words,
)
from services.kernel.errors import Conflict, Gone, Invalid, TooLarge

GIB = 1024**3
CAP = 8 * GIB
NOW = datetime(2024, 9, 29, 4, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def metadata(**pairs: str) -> str:
    return ",".join(f"{key} {b64(value)}" for key, value in pairs.items())


def creation(length: str = "5", **pairs: str) -> Creation:
    values = {"work": "w-1", "slot": "video", "filename": "成片.mp4", **pairs}
    return read_creation({"upload-length": length, "upload-metadata": metadata(**values)}, CAP)


def progress(length: int = 100, offset: int = 40, **changes: object) -> Progress:
    return Progress(length, offset, NOW + timedelta(days=1), **changes)  # type: ignore[arg-type]


def test_a_creation_says_what_is_coming() -> None:
    it = creation("1016", filetype="video/mp4", sha256="AB" * 32)
    assert (it.length_bytes, it.work_id, it.slot, it.name, it.media_type) == (1016, "w-1", "video", "成片.mp4", "video/mp4")
    assert it.sha256 == "ab" * 32


def test_an_empty_file_may_be_created() -> None:
    assert creation("0").length_bytes == 0


@pytest.mark.parametrize("length", ["", "-1", "1.5", "1e3", " 5", "５", "0x10", "9" * 30])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(Invalid, match="Upload-Length"):
        creation(length)


def test_a_missing_length_an_unknown_length_and_a_concatenation_are_refused() -> None:
    for headers in ({}, {"upload-defer-length": "1"}, {"upload-length": "5", "upload-concat": "partial"}):
        with pytest.raises(Invalid):
            read_creation({"upload-metadata": metadata(work="w", slot="v", filename="a"), **headers}, CAP)


@pytest.mark.parametrize("key", ["work", "slot", "filename"])
def test_each_missing_key_is_named(key: str) -> None:
    with pytest.raises(Invalid) as refusal:
        creation(**{key: ""})
    assert refusal.value.extra["errors"] == [{"field": key}]


def test_a_file_beyond_the_cap_is_refused_with_both_sizes() -> None:
    check_cap(CAP, CAP)
    with pytest.raises(TooLarge) as refusal:
        creation(str(CAP + 1))
    assert refusal.value.message == (
        "文件8G（8,589,934,593字节），单个文件至多8G（8,589,934,592字节）（平台要求）。请剪辑或压缩后重新上传。"
    )


def test_sizes_are_said_as_the_messages_say_them() -> None:
    assert size_words(1_204_322_304) == "1.12G（1,204,322,304字节）"
    assert size_words(671_088_640) == "640.0MB（671,088,640字节）"


def test_metadata_is_pairs_of_key_and_base64() -> None:
    assert read_metadata(f"filename {b64('成片.mp4')},flag, slot {b64('video')}") == {
        "filename": "成片.mp4",
        "flag": "",
        "slot": "video",
    }
    assert read_metadata("") == {}


@pytest.mark.parametrize("value", ["a !!!", "a 5g==", "a //79", "ä AAAA", "a AAAA,a AAAA", "a " + "A" * 9000, ", ,a,a"])
def test_metadata_that_cannot_be_read_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        read_metadata(value)


@given(st.text(max_size=200))
def test_metadata_never_does_worse_than_refuse(value: str) -> None:
    with contextlib.suppress(Invalid):
        assert isinstance(read_metadata(value), dict)


def test_a_hash_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid):
        creation(sha256="abc")


def test_offsets_are_whole_numbers() -> None:
    assert read_offset({"upload-offset": "0"}) == 0
    for value in ("-1", "x", ""):
        with pytest.raises(Invalid, match="Upload-Offset"):
            read_offset({"upload-offset": value})


def test_checksums_of_each_algorithm_are_read() -> None:
    for name, length in uploads.DIGEST_BYTES.items():
        it = read_checksum(f"{name} {base64.b64encode(bytes(length)).decode()}")
        assert it is not None
        assert (it.algorithm, it.digest) == (name, bytes(length))
    assert read_checksum(None) is None


@pytest.mark.parametrize("value", ["", "sha1", "sha1 !!", "sha1 AAAA", "crc32 AAAAAA==", f"sha256 {b64('short')}"])
def test_a_checksum_that_cannot_be_checked_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        read_checksum(value)


def test_every_algorithm_offered_is_one_that_is_read() -> None:
    offered = options_headers(CAP)["Tus-Checksum-Algorithm"].split(",")
    assert offered == list(uploads.CHECKSUM_ALGORITHMS) == list(uploads.DIGEST_BYTES)
    assert "sha1" in offered


@pytest.mark.parametrize("value", [None, "", "0.2.2", "1.0", "2.0.0"])
def test_another_version_is_412_and_names_ours(value: str | None) -> None:
    with pytest.raises(VersionMismatch) as refusal:
        check_version(value)
    assert (refusal.value.status, refusal.value.headers["Tus-Version"]) == (412, "1.0.0")


def test_our_version_passes() -> None:
    check_version("1.0.0")


def test_a_patch_goes_on_exactly_where_the_upload_stands() -> None:
    check_patch(progress(), 40, "application/offset+octet-stream", 60)
    check_patch(progress(), 40, "application/offset+octet-stream", None)
    for offset in (39, 41, 0, 100):
        with pytest.raises(Conflict) as refusal:
            check_patch(progress(), offset, "application/offset+octet-stream", 1)
        assert refusal.value.headers["Upload-Offset"] == "40"
        assert "40字节" in refusal.value.message


def test_a_patch_beyond_the_end_is_refused() -> None:
    with pytest.raises(TooLarge):
        check_patch(progress(), 40, "application/offset+octet-stream", 61)


def test_a_patch_of_another_type_is_refused() -> None:
    for kind in (None, "", "application/octet-stream", "text/plain"):
        with pytest.raises(WrongMediaType) as refusal:
            check_patch(progress(), 40, kind, 1)
        assert refusal.value.status == 415


def test_an_upload_ends_when_it_expires_or_is_terminated_but_not_once_it_is_complete() -> None:
    check_alive(progress(), NOW)
    check_alive(progress(), NOW + timedelta(days=1) - MS)
    check_alive(progress(offset=100, ended="completed"), NOW + timedelta(days=9))
    with pytest.raises(Gone, match="过期"):
        check_alive(progress(), NOW + timedelta(days=1))
    with pytest.raises(Gone, match="已取消"):
        check_alive(progress(ended="terminated"), NOW)


def test_answers_say_offset_and_expiry_and_are_not_cached() -> None:
    headers = progress_headers(progress())
    assert (headers["Upload-Offset"], headers["Cache-Control"], headers["Tus-Resumable"]) == ("40", "no-store", "1.0.0")
    assert parsedate_to_datetime(headers["Upload-Expires"]) == NOW + timedelta(days=1)
    assert "Upload-Expires" not in progress_headers(progress(offset=100, ended="completed"))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("成片.mp4", "成片.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\沈禾\\成片.mp4", "成片.mp4"),
        ("evil\u202e4pm.exe", "evil4pm.exe"),
        ("a\u200fb\ufeff.mp4", "ab.mp4"),
        ("a\nb\tc\u2028d.mp4", "a b c d.mp4"),
        ("a\x00b\x1b[31m.mp4", "ab[31m.mp4"),
        ("=1+1.mp4", "=1+1.mp4"),
        ("𠮷㛃.mp4", "𠮷㛃.mp4"),
        ("..", "未命名"),
        ("", "未命名"),
        ("dir/", "未命名"),
        ("\u202e", "未命名"),
    ],
)
def test_names_are_made_fit_to_be_shown(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


def test_a_long_name_keeps_its_extension() -> None:
    assert display_name("长" * 300 + ".mp4") == "长" * 115 + "….mp4"
    assert display_name("长" * 300) == "长" * 119 + "…"
    assert len(display_name("a." + "b" * 300)) == 120


@given(st.text(max_size=300))
def test_every_name_is_short_plain_and_stays_as_it_is_made(raw: str) -> None:
    shown = display_name(raw)
    assert 0 < len(shown) <= 120
    assert not set("/\\\n\r\t\u202e\u200f\x00") & set(shown)
    assert display_name(shown) == shown


def test_a_checksum_mismatch_is_460() -> None:
    assert ChecksumMismatch("x").status == 460


@pytest.mark.parametrize(
    ("offset_bytes", "sentence"),
    [
        (640 * 1024**2, "上次已传640.0MB，共1,016.0MB，可继续上传。"),
        (0, "尚未传送内容，共1,016.0MB，可继续上传。"),
        (1016 * 1024**2, "已传完，共1,016.0MB，正在保存。"),
    ],
)
def test_an_upload_says_how_far_it_came(offset_bytes: int, sentence: str) -> None:
    assert uploads.standing_sentence(1016 * 1024**2, offset_bytes) == sentence
