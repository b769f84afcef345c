"""Places and the recommendation list: steps 16, 17 and 20, and the race for a last place, through the HTTP API."""

from __future__ import annotations

import asyncio
import re
from io import BytesIO
from typing import Any

import httpx
import openpyxl
import pytest
from world import Person, World, begin_upload, enter, lock, own_list, put_on_list, refused, submit, told

FULL = "云栈区推荐名额5—6件，已占用6件，不能再列入。请先移出1件（通知五（二））。"
SIX = ["机关", "企事业单位", "企事业单位", "社区", "社区", "社区"]


def works(who: Person, kinds: list[str]) -> list[dict[str, Any]]:
    return [enter(who, f"故事{number}", kind) for number, kind in enumerate(kinds, 1)]


def test_step_16_the_seventh_work_finds_no_place(world: World) -> None:
    liaison = world.people["沈禾"]
    every = works(liaison, [*SIX, "家庭"])
    world.clock("2024-09-25 09:00:00")
    row = put_on_list(liaison, *every[:6])
    by = row["places"][0]["by"][0]["counts"]
    assert by == {"机关": 1, "企事业单位": 2, "社区": 3, "家庭": 0}
    assert (row["places"][0]["used"], row["places"][0]["free"]) == (6, 0)
    submit(liaison, every[6])
    assert refused(liaison.post(f"/works/{every[6]['work_id']}/listing"), 409) == FULL


def test_step_16_fifty_clients_race_for_the_sixth_place(world: World, *, proving: bool) -> None:
    liaison = world.people["沈禾"]
    every = works(liaison, ["社区"] * 55)
    world.clock("2024-09-25 09:00:00")
    for work in every:
        submit(liaison, work)
    for work in every[:5]:
        told(liaison.post(f"/works/{work['work_id']}/listing"), 200)
    for _ in range(20 if proving else 3):
        answers = asyncio.run(_race(world, liaison, [work["work_id"] for work in every[5:]]))
        won = [work_id for work_id, answer in answers.items() if answer.status_code == 200]
        assert len(won) == 1
        assert {answer.json()["message"] for answer in answers.values() if answer.status_code == 409} == {FULL}
        assert own_list(liaison)["places"][0]["used"] == 6
        told(liaison.delete(f"/works/{won[0]}/listing"), 200)
    assert len(own_list(liaison)["rows"]) == 5


async def _race(world: World, who: Person, work_ids: list[str]) -> dict[str, httpx.Response]:
    headers = {"Authorization": f"Bearer {who.token}"}
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=str(world.client.base_url), headers=headers, timeout=60, limits=limits) as client:
        answers = await asyncio.gather(*(client.post(f"/works/{work_id}/listing") for work_id in work_ids))
    return dict(zip(work_ids, answers, strict=True))


def test_step_17_a_missing_category_holds_the_lock_until_it_is_there(world: World) -> None:
    liaison, head = world.people["沈禾"], world.people["韩思远"]
    every = works(liaison, [*SIX, "家庭"])
    world.clock("2024-09-25 09:00:00")
    row = put_on_list(liaison, *every[:6])
    sentence = (
        "缺少‘家庭’类作品1件，暂不能锁定推荐名单：每一类学习型组织至少有1件（附件1 一（二））。"
        "现有：机关1件、企事业单位2件、社区3件、家庭0件。"
    )
    answer = liaison.post(f"/lists/{row['list_id']}/lock")
    assert refused(answer, 409) == sentence
    told(liaison.delete(f"/works/{every[5]['work_id']}/listing"), 200)
    row = put_on_list(liaison, every[6])
    assert row["may_lock"] is True
    assert lock(liaison, head, row)["state"] == "locked"


def test_step_18_fewer_than_the_lower_bound_lock_after_a_statement(world: World) -> None:
    liaison, head = world.people["南星"], world.people["南屏"]
    every = works(liaison, ["机关", "企事业单位", "社区", "家庭"])
    world.clock("2024-09-25 09:00:00")
    row = put_on_list(liaison, *every)
    path = f"/lists/{row['list_id']}"
    assert refused(liaison.post(f"{path}/lock"), 409) == "4件，低于5件（通知五（二））。可填写特殊情况说明后锁定。"
    told(liaison.post(f"{path}/statements", {"track": "stories", "text": "本区今年参与单位较少。"}), 200)
    done = told(liaison.post(f"{path}/lock"), 200)
    assert [found["message"] for found in done["findings"]] == ["4件，低于5件（通知五（二））。已填写特殊情况说明。"]
    told(head.post(f"{path}/lock/confirmation"), 200)


def test_step_18_a_member_unit_has_two_places(world: World) -> None:
    liaison = world.people["水清"]
    every = works(liaison, ["机关", "社区", "家庭"])
    world.clock("2024-09-25 09:00:00")
    put_on_list(liaison, *every[:2])
    submit(liaison, every[2])
    sentence = refused(liaison.post(f"/works/{every[2]['work_id']}/listing"), 409)
    assert sentence.startswith("成员单位可推荐1—2件，已占用2件")
    assert sentence.endswith("（附件1 一（一））。")


def test_step_20_the_list_is_locked_by_two_persons_and_printed(world: World) -> None:
    liaison, head = world.people["沈禾"], world.people["韩思远"]
    kinds = ["机关", "企事业单位", "社区", "家庭", "社区"]
    every = works(liaison, kinds)
    world.clock("2024-09-27 09:00:00")
    row = put_on_list(liaison, *every)
    path = f"/lists/{row['list_id']}"
    assert refused(liaison.ask("GET", f"{path}/paper"), 409) == "名单锁定后才能打印。"
    assert head.post(f"{path}/lock").status_code == 403
    assert refused(head.post(f"{path}/lock/confirmation"), 409).startswith("名单尚未由联络员提交")
    assert told(liaison.post(f"{path}/lock"), 200)["state_label"] == "待单位负责人确认"
    assert liaison.post(f"{path}/lock/confirmation").status_code == 403
    done = told(head.post(f"{path}/lock/confirmation"), 200)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", done["check_code"])
    assert done["message"] == (
        f"推荐名单已锁定，收到时间9月27日09:00:00.000，校验码{done['check_code']}，回执 {done['receipt_number']}。"
    )
    assert done["columns"] == ["序号", "申报单位（含社区或家庭）名称", "学习型组织的类型", "作品名称"]
    assert [line["cells"] for line in done["rows"]] == [
        [number, "桂花里社区", kind, f"故事{number}"] for number, kind in enumerate(kinds, 1)
    ]
    (event,) = world.events("list.locked")
    assert [each["title"] for each in event["works"]] == [f"故事{number}" for number in range(1, 6)]
    assert event["check_code"] == done["check_code"]
    assert {name: each["organisation"] for name, each in event["personal"].items()} == {
        w["work_id"]: "桂花里社区" for w in every
    }
    book = openpyxl.load_workbook(BytesIO(told(liaison.ask("GET", f"{path}/paper?form=xlsx"), 200))).active
    cells = [[cell.value for cell in line if cell.value is not None] for line in book.iter_rows()]
    assert done["columns"] in cells
    assert [1, "桂花里社区", "机关", "故事1"] in cells
    assert told(liaison.ask("GET", f"{path}/paper?form=pdf"), 200).startswith(b"%PDF")
    receipt = head.get(f"/receipts/{done['receipt_number']}")["says"]
    assert (receipt["kind"], receipt["what"], receipt["check_code"]) == ("list", "《推荐作品汇总表》", done["check_code"])


def test_step_21_an_unlocked_list_is_changed_and_gets_another_code(world: World) -> None:
    liaison, head = world.people["水清"], world.people["水源"]
    work = enter(liaison, "夜班后的课堂", "机关")
    world.clock("2024-09-27 09:00:00")
    row = put_on_list(liaison, work)
    path, work_path = f"/lists/{row['list_id']}", f"/works/{work['work_id']}"
    locked = lock(liaison, head, row)
    revision = liaison.get(work_path)["revision"]
    title = {"fields": {"title": "夜班后的一课"}}
    assert refused(liaison.patch(work_path, title, revision), 409) == "推荐名单已锁定，如需修改请先解除锁定。"
    assert refused(liaison.post(f"{work_path}/withdrawal"), 409) == "作品现为“已锁定”，不能撤回。"
    assert f"校验码{locked['check_code']}作废" in told(liaison.delete(f"{path}/lock"), 200)["message"]
    told(liaison.patch(work_path, title, revision), 200)
    assert lock(liaison, head, own_list(liaison))["check_code"] != locked["check_code"]
    assert [len(world.events(kind)) for kind in ("list.locked", "list.unlocked")] == [2, 1]


def test_a_list_that_changes_after_it_was_submitted_must_be_submitted_again(world: World) -> None:
    liaison, head = world.people["水清"], world.people["水源"]
    first, second = works(liaison, ["机关", "社区"])
    world.clock("2024-09-27 09:00:00")
    row = put_on_list(liaison, first)
    told(liaison.post(f"/lists/{row['list_id']}/lock"), 200)
    as_seen = own_list(head)
    put_on_list(liaison, second)
    path = f"/lists/{row['list_id']}/lock/confirmation"
    assert refused(head.post(path, If_Match=f'"{as_seen["revision"]}"'), 412) == "名单已有改动，请刷新后再试。"
    assert "请联络员重新提交锁定" in refused(head.post(path), 409)


def test_the_order_is_the_units_own(world: World) -> None:
    liaison = world.people["水清"]
    first, second = works(liaison, ["机关", "社区"])
    world.clock("2024-09-27 09:00:00")
    row = put_on_list(liaison, first, second)
    path = f"/lists/{row['list_id']}/order"
    other = {"work_ids": [second["work_id"], first["work_id"]]}
    ordered = told(liaison.put(path, other, If_Match=f'"{row["revision"]}"'), 200)
    assert [line["work_id"] for line in ordered["rows"]] == other["work_ids"]
    twice = {"work_ids": [first["work_id"], first["work_id"]]}
    assert refused(liaison.put(path, twice, If_Match=f'"{ordered["revision"]}"'), 422)
    told(liaison.delete(f"/works/{second['work_id']}/listing"), 200)
    assert [line["cells"][0] for line in own_list(liaison)["rows"]] == [1]


def test_a_required_file_must_at_least_be_on_its_way(world: World) -> None:
    liaison = world.people["水清"]
    work = enter(liaison, "河边的读书声", "机关")
    world.clock("2024-09-27 09:00:00")
    submit(liaison, work)
    told(liaison.post(f"/works/{work['work_id']}/listing"), 200)
    row = own_list(liaison)
    held = refused(liaison.post(f"/lists/{row['list_id']}/lock"), 409)
    assert held == "《河边的读书声》缺少故事视频1个（附件1 二（一）），暂不能锁定。"
    begin_upload(liaison, work["work_id"])
    told(liaison.post(f"/lists/{row['list_id']}/lock"), 200)


@pytest.mark.parametrize("path", ["", "/paper", "/history"])
def test_another_units_list_looks_as_if_it_did_not_exist(world: World, path: str) -> None:
    row = own_list(world.people["石溪"])
    assert world.people["沈禾"].ask("GET", f"/lists/{row['list_id']}{path}").status_code == 404
    assert world.people["沈禾"].post(f"/lists/{row['list_id']}/lock").status_code == 404
    assert world.clerk.ask("GET", f"/lists/{row['list_id']}").status_code == 200
