"""A file that cannot be read is told in the same words, and with the same exit code, by every command that reads one."""

from __future__ import annotations

import base64
import errno
import json
import os
from pathlib import Path

import pytest

from services.__main__ import main
from services.kernel.input_files import why_unreadable

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
S0 = str(CAMPAIGNS / "s0-shanghai-2024-stories.yaml")
MISSING = "没有这个文件。请核对文件名和所在的文件夹。"
FOLDER = "这是文件夹或设备，不是文件。请写出其中的文件。"
READERS = [
    pytest.param(*each, id=each[0].replace("FILE", "").strip())
    for each in (
        ("campaign validate FILE",),
        (f"campaign validate {S0} --units FILE",),
        ("campaign explain FILE",),
        ("campaign export FILE",),
        (f"campaign judge FILE --campaign {S0}",),
        ("campaign judge work.json --campaign FILE",),
        (f"media check FILE --campaign {S0} --slot video",),
        ("media check film.mp4 --campaign FILE --slot video",),
        ("receipt verify FILE",),
        ("ledger verify FILE",),
        ("ledger verify record.jsonl --opening FILE",),
        ("winners import FILE",),
        (f"winners check FILE --campaign {S0}",),
        ("winners check list.csv --campaign FILE",),
    )
]


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """A folder with something to read beside the file that cannot be, and a home with an empty register."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAUREL_HOME", str(tmp_path / "home"))
    (tmp_path / "list.csv").write_text("姓名\n白鹤亭\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "receipt.jws").write_text(RECEIPT, encoding="utf-8")
    (tmp_path / "record.jsonl").write_text("", encoding="utf-8")

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    assert run("winners", "import", "list.csv", "--title", "学习之星", "--level", "市级", "--year", "2019")[0] == 0
    return run


def _receipt() -> str:
    """Return a receipt's form, signed by nobody that is known."""

    said = {"number": "r"}
    parts = ({"alg": "Ed25519", "typ": "laurel-receipt+jws", "kid": "k"}, said)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + ".AA"


RECEIPT = _receipt()


@pytest.mark.parametrize("call", READERS)
@pytest.mark.parametrize(("name", "why"), [("none.file", MISSING), ("folder", FOLDER)])
def test_what_cannot_be_read_ends_with_3_and_says_what_to_do(said, call: str, name: str, why: str) -> None:
    code, out, err = said(*call.replace("FILE", name).split())
    assert (code, out) == (3, "")
    assert err.endswith(f"无法读取文件 {name}：{why}\n"), err


@pytest.mark.parametrize("call", READERS)
def test_a_script_is_told_so_in_json(said, call: str) -> None:
    code, out, _ = said(*call.replace("FILE", "none.file").split(), "--json")
    assert code == 3
    assert json.loads(out)["refused"].endswith(f"无法读取文件 none.file：{MISSING}")


def test_a_file_of_many_that_is_missing_keeps_none_of_the_others_from_being_judged(said, tmp_path: Path) -> None:
    (tmp_path / "work.json").write_text('{"unit_type": "district"}', encoding="utf-8")
    code, out, err = said("campaign", "judge", "none.json", "work.json", "--campaign", S0)
    assert code == 3
    assert "work.json：有以下事项" in out
    assert err == f"无法读取文件 none.json：{MISSING}\n"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "没有读取权限。请检查文件的权限，或复制到自己的文件夹。"),
        (errno.ENAMETOOLONG, "文件名过长。请改用较短的文件名。"),
        (errno.EIO, "存储设备没有读出内容。请换一份副本。"),
        (errno.ESTALE, f"系统报告“{os.strerror(errno.ESTALE)}”。请排除后再试。"),
    ],
)
def test_each_trouble_has_its_words(number: int, words: str) -> None:
    told = why_unreadable(Path("名单\x1b.csv"), OSError(number, os.strerror(number), "x"))
    assert told == f"无法读取文件 名单\\u001b.csv：{words}"


def test_a_film_that_is_not_there_is_not_said_to_need_a_person(said) -> None:
    code, out, err = said("media", "check", "none.mp4", "--campaign", S0, "--slot", "video")
    assert code == 3
    assert "待人工核实" not in out + err
    assert "平台要求" not in out + err
    assert err == f"无法读取文件 none.mp4：{MISSING}\n"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("receipt verify list.csv", "这不是回执：内容不是带签名的文件。请选择平台出具的回执（.jws）。"),
        ("receipt verify receipt.jws", "这是另一版本的回执。请用出具它的版本核对。"),
        ("ledger verify record.jsonl", "文件中没有评审记录。请选择导出的评审记录（JSON Lines）。"),
        ("ledger verify list.csv", "第1行不是评审记录的一行。请选择导出的评审记录（JSON Lines）。"),
    ],
)
def test_what_is_something_else_is_told_in_chinese(said, call: str, words: str) -> None:
    assert said(*call.split()) == (3, "", f"{words}\n")
