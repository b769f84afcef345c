"""`laurel ledger verify` answers as the script does, with the same exit codes."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from record_maker import Campaign, s0_rubric
from test_record import run as run_script
from typer.testing import CliRunner

from services.review.commands import LEDGER

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Campaign, Path, Path]:
    campaign = Campaign(s0_rubric((2, 4)), random.Random(11), works=7, experts=8, recusals=1).play()
    record, opening = tmp_path / "record.jsonl", tmp_path / "opening.json"
    record.write_text(campaign.export(), encoding="utf-8")
    opening.write_text(campaign.opening().model_dump_json(), encoding="utf-8")
    return campaign, record, opening


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(LEDGER, ["verify", *map(str, arguments)])
    return result.exit_code, result.output


def test_the_command_and_the_script_agree(files: tuple[Campaign, Path, Path], tmp_path: Path) -> None:
    campaign, record, opening = files
    broken = tmp_path / "broken.jsonl"
    broken.write_text(record.read_text("utf-8").replace("故事1", "故事一"), encoding="utf-8")
    cases = [
        ([record, "--head", campaign.head, "--opening", opening], 0),
        ([record, "--head", campaign.head.upper()], 0),
        ([record], 1),
        ([record, "--head", campaign.entries[3].hash()], 1),
        ([record, "--head", "ab" * 32], 2),
        ([broken, "--head", campaign.head], 2),
        ([opening], 3),
        ([tmp_path / "absent"], 3),
        ([record, "--opening", record], 3),
        ([record, "--head", "nonsense"], 64),
    ]
    for arguments, code in cases:
        assert run(*arguments)[0] == code, arguments
        assert run_script(*arguments).returncode == code, arguments


def test_the_answers_are_equal_as_json(files: tuple[Campaign, Path, Path]) -> None:
    campaign, record, _ = files
    code, output = run(record, "--head", campaign.head, "--json")
    assert code == 0
    assert json.loads(output) == json.loads(run_script(record, "--head", campaign.head, "--json").stdout)


def test_it_speaks_chinese(files: tuple[Campaign, Path, Path]) -> None:
    campaign, record, _ = files
    output = run(record)[1]
    assert "未见证：没有用另处保存的记录首值核对" in output
    assert f"核对相符，未见证：{len(campaign.entries)}条，记录首值{campaign.head}" in output
    assert (output.count(" 前4名"), output.count("前4名（前2名）")) == (4, 2)


def test_the_programs_own_exit_codes(files: tuple[Campaign, Path, Path]) -> None:
    campaign, record, _ = files
    for arguments, code in [
        ([record, "--head", campaign.head], 0),
        ([record], 1),
        ([record, "--head", "ab" * 32], 2),
        ([record.parent], 3),
        ([], 64),
        ([record, "--no-such"], 64),
    ]:
        command = [sys.executable, "-m", "services", "ledger", "verify", *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
        assert done.returncode == code, (arguments, done.stderr)
