"""`laurel winners`, run as the main program runs it: offline on a home of its own, and beside a platform that runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.__main__ import main

CAMPAIGN = str(Path(__file__).parents[2] / "campaigns" / "jiangzhou-2025.yaml")
NUMBER = "11010519491231002X"


@dataclass
class Answered:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Desk:
    """A home and files beside it."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def winners(self, *words: str) -> Answered:
        with pytest.raises(SystemExit) as ended:
            main(["winners", *words, "--home", str(self.folder / "home")])
        told = self.capsys.readouterr()
        return Answered(int(ended.value.code or 0), told.out, told.err)

    def imported(self, text: str, *words: str) -> Answered:
        given = words or ("--title", "学习之星", "--level", "市级", "--year", "2019")
        return self.winners("import", self.file("往年.csv", text), *given, "--json")

    def checked(self, text: str) -> Answered:
        return self.winners("check", self.file("名单.csv", text), "--campaign", CAMPAIGN, "--json")


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_a_check_answers_each_row_and_exits_with_the_gravest(desk: Desk) -> None:
    assert desk.imported(f"姓名,证件号,编号\n宋禾生,{NUMBER},A-17\n温绣云,,A-18\n").code == 0
    found = desk.checked(f"姓名,证件号\n宋禾生,{NUMBER.lower()}\n温綉雲,\n白鹤亭,\n")
    assert found.code == 2
    assert [(line["row"], line["answer"]) for line in found.lines] == [(1, "exclude"), (2, "ask"), (3, "clear")]
    assert found.lines[0]["matches"][0]["external_id"] == "A-17"
    assert desk.checked("姓名\n温綉雲\n白鹤亭\n").code == 1
    assert desk.checked("姓名\n白鹤亭\n").code == 0
    assert desk.checked("姓名,单位\n,水文局\n").code == 1
    shown = desk.winners("check", desk.file("c.csv", f"姓名,证件号\n宋禾生,{NUMBER}\n"), "--campaign", CAMPAIGN)
    assert "往年已获得，不再推荐（一（二））：2019年市级学习之星，往年.csv，第2行。" in shown.out
    assert NUMBER not in shown.out + found.out


def test_an_import_is_previewed_reported_and_undone(desk: Desk) -> None:
    text = "姓名,年份\n甲一,\n乙二,2109\n"
    preview = desk.imported(text, "--title", "学习之星", "--level", "市级", "--year", "2019", "--preview")
    assert (preview.code, preview.lines[0]["import"]) == (1, None)
    made = desk.imported(text)
    assert (made.code, made.lines[0]["report"]["sentence"]) == (1, "读取2行，收录1行，1行未收录（年份不明1）。")
    again = desk.imported(text)
    assert again.code == 2
    assert again.lines[0]["refused"].startswith("该文件已于")
    assert again.lines[0]["import_id"] == made.lines[0]["import"]
    undone = desk.winners("undo", made.lines[0]["import"])
    assert (undone.code, undone.out) == (0, f"已撤销导入{made.lines[0]['import']}，移出1条记录。\n")
    assert desk.winners("undo", made.lines[0]["import"]).code == 2
    assert desk.winners("undo", "none").code == 2
    shown = desk.winners("import", desk.file("a.csv", text), "--title", "学习之星", "--level", "全国", "--year", "2018")
    assert "采用的列：姓名、年份" in shown.out
    assert "第3行：年份不明：2109" in shown.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("check", "FILE"), 64),
        (("check", "none.csv", "--campaign", CAMPAIGN), 3),
        (("check", "FILE", "--campaign", "no-such-campaign"), 3),
        (("check", "FILE", "--campaign", __file__), 3),
        (("check", __file__, "--campaign", CAMPAIGN), 3),
        (("check", "/", "--campaign", CAMPAIGN), 3),
        (("import", __file__, "--title", "x"), 3),
        (("import", "FILE", "--level", "乡级"), 64),
        (("import", "FILE", "--subject", "猫"), 64),
        (("import", "FILE", "--year", "x"), 64),
        (("import", "FILE"), 2),
    ],
)
def test_every_end_has_its_code(desk: Desk, words: tuple[str, ...], code: int) -> None:
    assert desk.imported("姓名\n白鹤亭\n").code == 0
    file = desk.file("list.csv", "姓名\n甲\n")
    found = desk.winners(*(file if word == "FILE" else word for word in words))
    assert found.code == code, found
    assert found.err.strip()


def test_a_list_is_not_taken_twice_unless_it_is_asked_for_again(desk: Desk) -> None:
    file = desk.file("往年.csv", "姓名,单位\n宋禾生,江州市水文局\n温绣云,\n")
    stated = (file, "--title", "学习之星", "--level", "市级")
    made = desk.winners("import", *stated, "--year", "2019", "--json")
    first = made.lines[0]["import"]
    for year in ("2019", "2020"):  # the same file, and under another year
        preview = desk.winners("import", *stated, "--year", year, "--preview")
        assert preview.code == 2
        assert re.search(rf"该文件已于2\d{{3}}年\d+月\d+日导入（编号{first}，收录2行）。", preview.out)
        assert "请加 --again" in preview.out
        told = desk.winners("import", *stated, "--year", year, "--preview", "--json").lines[0]
        assert [(each["import"], each["same_file"]) for each in told["already"]] == [(first, True)]
        refused = desk.winners("import", *stated, "--year", year)
        assert (refused.code, refused.out) == (2, "")
        assert f"编号{first}" in refused.err
    second = desk.winners("import", *stated, "--year", "2019", "--again", "--json")
    assert (second.code, second.lines[0]["report"]["rows_taken"]) == (0, 2)
    for made_id in (first, second.lines[0]["import"]):
        assert desk.winners("import", *stated, "--year", "2019").code == 2
        assert desk.winners("undo", made_id).code == 0
    assert desk.winners("import", *stated, "--year", "2019", "--preview").code == 0
    assert desk.winners("import", *stated, "--year", "2019").code == 0


def test_records_are_known_again_in_another_file(desk: Desk) -> None:
    first = desk.imported(f"姓名,证件号,级别\n宋禾生,{NUMBER},市级\n温绣云,,市级\n").lines[0]["import"]
    longer = desk.file("合并.csv", f"级别,姓 名,证件号\n市级,白鹤亭,\n市级,溫绣云,\n市级,宋禾生,{NUMBER.lower()}\n")
    stated = (longer, "--title", "学习之星", "--year", "2019")
    refused = desk.winners("import", *stated)
    assert refused.code == 2
    assert re.match(rf"名单中有2条记录已于2\d{{3}}年\d+月\d+日随“往年.csv”导入（编号{first}）。没有重复收录。", refused.err)
    assert desk.winners("import", longer, "--title", "学习之星", "--year", "2018").code == 0  # another year's title
    assert desk.winners("undo", first).code == 0
    assert desk.winners("import", *stated, "--again").code == 0


def test_a_preview_leaves_no_home_and_an_import_says_that_it_made_one(desk: Desk) -> None:
    stated = (desk.file("往年.csv", "姓名\n宋禾生\n"), "--title", "学习之星", "--level", "市级", "--year", "2019")
    preview = desk.winners("import", *stated, "--preview")
    assert (preview.code, preview.err) == (0, "")
    assert not (desk.folder / "home").exists()
    made = desk.winners("import", *stated)
    assert (made.code, made.err) == (0, f"新建数据目录 {desk.folder / 'home'}。\n")
    assert desk.winners("import", *stated).err.startswith("该文件已于")


def test_check_and_import_count_lines_as_a_spreadsheet_shows_them(desk: Desk) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in ([], ["江州市往年名录"], [], ["姓名", "单位"], [], ["宋禾生", ""], [], ["", "水文局"], ["白鹤亭", ""]):
        book.active.append(row) if row else book.active.append([None])
    book.active.title = "甲"
    other = book.create_sheet("乙")
    other["B3"], other["B7"] = "姓名", "温绣云"
    path = desk.folder / "list.xlsx"
    book.save(path)
    made = desk.winners("import", str(path), "--title", "学习之星", "--level", "市级", "--year", "2019")
    assert "工作表“甲”第8行：" in made.out
    shown = desk.winners("check", str(path), "--campaign", CAMPAIGN)
    lines = [line.partition("：")[0] for line in shown.out.splitlines() if not line.startswith(" ")]
    assert lines == ["工作表“甲”第6行", "工作表“甲”第8行", "工作表“甲”第9行", "工作表“乙”第7行"]
    told = desk.winners("check", str(path), "--campaign", CAMPAIGN, "--json").lines
    assert [each["row"] for each in told] == [1, 2, 3, 4]
    plain = desk.winners("check", desk.file("a.csv", "\n姓名\n\n宋禾生\n"), "--campaign", CAMPAIGN)
    assert plain.out.startswith("第4行：")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[str]:
    words = [sys.executable, "-m", "services", "up", "--home", str(tmp_path / "home"), "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    for line in process.stdout:
        if address := re.search(r"http://\S+", line):
            break
    yield address.group()
    os.kill(process.pid, signal.SIGTERM)
    process.wait(20)


@pytest.mark.usefixtures("running")
def test_beside_a_platform_that_runs_it_is_the_platform_that_writes(desk: Desk) -> None:
    made = desk.imported(f"姓名,证件号\n宋禾生,{NUMBER}\n")
    assert (made.code, made.lines[0]["report"]["rows_taken"]) == (0, 1)
    assert desk.checked(f"姓名,证件号\n宋禾生,{NUMBER}\n").code == 2
    assert desk.imported(f"姓名,证件号\n宋禾生,{NUMBER}\n").code == 2
    assert desk.imported("你好\n").code == 3
    assert desk.winners("undo", made.lines[0]["import"]).code == 0
    assert desk.checked(f"姓名,证件号\n宋禾生,{NUMBER}\n").code == 0
