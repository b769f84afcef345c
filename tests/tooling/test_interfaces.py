"""`docs/interfaces.md` says only what is true."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

import pytest

from scripts import interface_tables
from services import __main__ as command_line
from services.campaigns import commands as campaign_commands
from services.campaigns.evaluation.publication import PUBLICATION_CHECKS
from services.campaigns.evaluation.quotas import QUOTA_CHECKS
from services.campaigns.evaluation.works import WORK_CHECKS
from services.campaigns.findings import Finding, Verdict
from services.campaigns.slots import CHECK_IDS
from services.intake import commands as intake_commands
from services.intake.domain.uploads import read_creation
from services.kernel.contracts.events import FindingData
from services.kernel.errors import Invalid, Problem
from services.media import commands as media_commands
from services.notify.domain.catalogue import TemplateId
from services.ops import commands as ops_commands
from services.search import commands as search_commands
from services.search.domain.columns import ALIASES, Column

DOCUMENT = (Path(__file__).parents[2] / "docs" / "interfaces.md").read_text(encoding="utf-8")
ROUTES = {f"{line.method} {line.path}" for line, _ in interface_tables.routes()}
KINDS = interface_tables.problem_kinds()
ROUTE = re.compile(r"`(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (/[^\s`?]*)[^`]*`")
TOLD = re.compile(r"\b([45]\d\d)\s+`([a-z-]+)`")


def table(name: str) -> list[str]:
    """Return the first cells of a generated table."""
    lines = DOCUMENT.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0].strip().splitlines()[2:]
    return [line.split(" | ")[0].strip("|` ") for line in lines]


def routes_not_there(text: str) -> list[str]:
    return [f"{method} {path}" for method, path in ROUTE.findall(text) if f"{method} {path}" not in ROUTES]


def kinds_not_so(text: str) -> list[str]:
    return [f"{status} {kind}" for status, kind in TOLD.findall(text) if KINDS.get(kind, (0,))[0] != int(status)]


def test_every_route_that_is_named_exists():
    assert len(ROUTE.findall(DOCUMENT)) > 50
    assert routes_not_there(DOCUMENT) == []


def test_every_problem_that_is_named_has_that_status():
    assert len(TOLD.findall(DOCUMENT)) >= 4
    assert kinds_not_so(DOCUMENT) == []


def test_what_is_not_true_is_seen():
    assert routes_not_there("Use `GET /messages` and `POST /gossip`.") == ["POST /gossip"]
    assert kinds_not_so("409 `not-found`, 404 `not-found`, 422 `gossip`") == ["409 not-found", "422 gossip"]


def test_the_problem_types_are_those_of_the_code():
    assert table("problems") == [
        f"urn:laurel:problem:{kind}" for kind in sorted(KINDS, key=lambda kind: (KINDS[kind][0], kind))
    ]
    classes = {one.kind: one.status for one in interface_tables.descendants(Problem)}
    assert {kind: KINDS[kind][0] for kind in classes} == classes
    assert all(meaning for _, meaning in KINDS.values())


def test_the_check_ids_are_the_closed_list_of_the_code():
    told = table("checks")
    assert len(told) == len(set(told))
    assert set(told) == {*CHECK_IDS, *WORK_CHECKS, *QUOTA_CHECKS, *PUBLICATION_CHECKS}


def test_the_columns_are_those_that_are_understood_and_no_name_means_two():
    assert table("columns") == [column.value for column in Column]
    names = [alias for aliases in ALIASES.values() for alias in aliases]
    assert len(names) == len(set(names))


def test_the_templates_are_those_of_the_catalogue():
    assert table("templates") == [template.value for template in TemplateId]


def test_a_finding_is_told_with_the_fields_it_has():
    told = re.search(r"A finding is `\{([^}]*)\}`", DOCUMENT.replace("\n", " "))
    assert told is not None
    fields = told.group(1).replace(" ", "").split(",")
    assert fields == list(Finding.model_fields) == list(FindingData.model_fields)
    for verdict in Verdict:
        assert f"`{verdict}`" in DOCUMENT


def test_an_upload_needs_the_metadata_that_is_named_and_no_more():
    named = ("work", "slot", "filename")
    assert all(f"`{key}`" in DOCUMENT for key in (*named, "filetype", "sha256"))

    def metadata(*keys: str) -> dict[str, str]:
        return {"upload-length": "1", "upload-metadata": ",".join(f"{key} eA==" for key in keys)}

    assert read_creation(metadata(*named), 10).slot == "x"
    for left_out in named:
        with pytest.raises(Invalid, match=left_out):
            read_creation(metadata(*(key for key in named if key != left_out)), 10)


ENUMS = [
    one
    for module in (campaign_commands, intake_commands, media_commands, search_commands)
    for one in vars(module).values()
    if isinstance(one, type) and issubclass(one, IntEnum) and one is not IntEnum
]


def test_the_exit_codes_are_those_of_the_commands():
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE)}
    codes = {code.value for enum in ENUMS for code in enum} | set(ops_commands._CODES.values()) | {command_line.USAGE}
    assert len(ENUMS) == 4
    assert told == codes == {0, 1, 2, 3, 64}


def test_a_wrong_call_is_64_for_every_command(capsys):
    for line, _ in interface_tables.commands():
        words = [word for word in line.split()[1:] if word.islower() and not word.startswith("-")]
        with pytest.raises(SystemExit) as ended:
            command_line.main([*words, "--no-such-option"])
        assert ended.value.code == 64, line
    capsys.readouterr()


def test_every_command_that_answers_takes_json():
    without = [line for line, _ in interface_tables.commands() if "--json" not in line]
    assert [line.split()[1] for line in without] == ["up"]
