"""`laurel media check`, as a script and as a person meet it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from clips import Clips
from typer.testing import CliRunner, Result

from services.campaigns.files import read_campaign
from services.campaigns.models import Campaign
from services.campaigns.normal import campaign_hash, canonical_json
from services.media.commands import app

ROOT = Path(__file__).parents[2]
S0 = ROOT / "campaigns" / "s0-shanghai-2024-stories.yaml"
REHEARSAL = ROOT / "campaigns" / "s0-rehearsal.yaml"
PHOTOS = ROOT / "campaigns" / "test-s2-photos.yaml"


def check(*words: str | Path, campaign: str | Path = REHEARSAL, slot: str = "video") -> Result:
    return CliRunner().invoke(app, ["check", *map(str, words), "--campaign", str(campaign), "--slot", slot])


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def good(clips: Clips) -> Path:
    picture = "testsrc2=s=1280x720:r=25:d={s}"
    return clips.clip("good-720.mp4", seconds=6, picture=picture)


def test_a_line_of_json_says_all_and_nothing_else(good: Path) -> None:
    result = check(good, "--json")
    (line,) = lines(result)
    assert list(line) == ["file", "campaign_hash", "verdict", "findings"]
    assert line["file"] == str(good)
    assert line["campaign_hash"] == campaign_hash(read_campaign(REHEARSAL))
    assert line["verdict"] == "ask"
    assert [list(found) for found in line["findings"]] == [
        ["check", "severity", "measured", "required", "reading", "cite", "message", "at_s", "until_s"]
    ] * 2
    assert result.exit_code == 1


def test_the_worst_of_all_files_is_the_exit_code(good: Path, clips: Clips, tmp_path: Path) -> None:
    result = check(good, clips.clean(), tmp_path / "none.mp4", "--json")
    assert [line["verdict"] for line in lines(result)] == ["ask", "block", "unjudged"]
    assert result.exit_code == 3
    assert check(good, clips.clean()).exit_code == 2


def test_a_clean_file_exits_0(tmp_path: Path) -> None:
    from PIL import Image

    noise = Image.effect_noise((1654, 2315), 90)
    photo = tmp_path / "brand.jpg"
    Image.merge("RGB", (noise, noise, noise)).save(photo, "JPEG", quality=95, dpi=(300, 300))
    result = check(photo, "--json", campaign=PHOTOS, slot="project-photos")
    assert (result.exit_code, lines(result)[0]["verdict"], lines(result)[0]["findings"]) == (0, "clean", [])


def test_an_export_judges_as_the_file_does(good: Path, tmp_path: Path) -> None:
    export = tmp_path / "export.json"
    export.write_bytes(canonical_json(read_campaign(REHEARSAL)))
    assert lines(check(good, "--json", campaign=export)) == lines(check(good, "--json"))


def test_a_person_reads_chinese(clips: Clips, s0: Campaign) -> None:
    assert s0.id
    told = check(clips.clean(), campaign=S0).stdout
    assert "须修改  时长4秒，应为5—8分钟（附件1 二（一））" in told
    assert "须修改  分辨率320×180，应不低于1080p（附件1 二（四））" in told
    assert "时长和分辨率不能靠转换解决" in told


def test_a_name_cannot_write_on_the_terminal(clips: Clips, tmp_path: Path) -> None:
    path = tmp_path / "\x1b[31m\u202e[bold]evil\n.mp4"
    path.write_bytes(clips.clean().read_bytes())
    told = check(path).stdout
    assert "\\u001b[31m\\u202e[bold]evil\\u000a.mp4" in told
    assert not {"\x1b", "\u202e"} & set(told)


def test_a_name_of_other_bytes_than_utf8_is_kept(clips: Clips, tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xb9\xc0.mp4"
    Path(os.fsdecode(raw)).write_bytes(clips.clean().read_bytes())
    (line,) = lines(check(os.fsdecode(raw), "--json"))
    assert os.fsencode(str(line["file"])) == raw


@pytest.mark.parametrize("name", ["folder", "pipe"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.mkdir() if name == "folder" else os.mkfifo(path)
    result = check(path, "--json")
    assert result.exit_code == 3
    assert "这是文件夹或设备，不是文件" in result.stdout


def test_an_unknown_slot_names_those_there_are(clips: Clips) -> None:
    result = check(clips.clean(), slot="film")
    assert result.exit_code == 64
    assert "活动没有材料“film”，可选：video" in result.stderr


def test_by_a_campaign_that_is_missing_or_faulty_nothing_is_judged(clips: Clips, tmp_path: Path) -> None:
    assert check(clips.clean(), campaign=tmp_path / "none.yaml").exit_code == 3
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("format: 1\nid: x\n", encoding="utf-8")
    result = check(clips.clean(), campaign=faulty)
    assert result.exit_code == 3
    assert "faulty.yaml:1" in result.stderr


def test_a_full_disk_judges_nothing_and_says_so(clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = tmp_path / "gone"
    monkeypatch.setattr("tempfile.tempdir", str(nowhere))
    result = check(clips.clean(), "--json")
    assert result.exit_code == 3
