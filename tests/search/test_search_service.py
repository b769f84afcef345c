"""Search as it runs: events in, answers out, over HTTP."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from rebuilding import rebuilt
from waiting import until

from services.kernel.auth import Role, check_bytes_url
from services.kernel.contracts.envelope import Envelope, Event
from services.kernel.contracts.events import AssetRef, AssetRendered, Compared, ExclusionChecked, WorkAccepted
from services.kernel.grams import content_hash
from services.kernel.ports import Delivery
from services.search.actions import indexes
from services.search.store import stories
from tests.search.conftest import (
    World,
    account,
    campaign,
    consent,
    content,
    earlier_campaign,
    hash_of,
    head,
    locked,
    release,
    result,
    saved,
    submitted,
)

FAMILY = "云栈区罗桂枝家庭"
LAMPS = "灯下三代人"
STORY = "夜校的灯亮了，祖孙三代在灯下读书。" * 20


def published(world: World) -> None:
    """Last year's campaign is over, this year's is open."""
    world.emit("intake", earlier_campaign(), campaign("jiangzhou-2025"))
    world.emit("review", result(("w-2024", LAMPS, Compared(organisation=FAMILY))))
    world.settle()


# Checks


def test_a_rebuild_keeps_every_work_anew_and_asks_nothing_again(world: World) -> None:
    published(world)
    world.emit("intake", saved("w1", LAMPS, organisation=FAMILY), submitted("w2", "夜校", story=STORY))
    world.settle()
    told = world.told()
    before, after = rebuilt(world.search, "story", "work_id, known, state, title, text, compared, compared_hash, saved_at")
    assert [(row[0], row[2]) for row in before] == [("w-2024", ""), ("w1", "draft"), ("w2", "submitted")]
    assert after == before
    assert world.told() == told


def test_last_years_result_is_a_hint_and_no_more(world: World) -> None:
    published(world)
    world.emit("intake", saved("w1", LAMPS, organisation=FAMILY))
    world.settle()
    (told,) = world.told()
    assert (told.phase, told.answer, told.effect, told.compared_hash) == ("draft", "clear", "note", hash_of(LAMPS))
    assert told.sentence == ("往年记录：2024年市级优秀作品（入围决赛），申报单位同名。本通知未规定往年作品不得再报，仅作提示。")
    assert world.dead() == []


def test_it_is_asked_again_at_submission_and_at_locking_and_told_once_each(world: World) -> None:
    published(world)
    compared = Compared(organisation=FAMILY)
    world.emit("intake", saved("w1", LAMPS, organisation=FAMILY), saved("w1", LAMPS, organisation=FAMILY))
    world.emit("intake", submitted("w1", LAMPS, organisation=FAMILY), locked(("w1", LAMPS, compared)))
    world.settle()
    assert [told.phase for told in world.told()] == ["draft", "submit", "lock"]


def test_a_list_imported_late_is_found_at_locking(world: World) -> None:
    published(world)
    star = {"track": "stars", "person": "宋禾生", "organisation": "江州水文局", "birth": "1962-03"}
    world.emit("intake", submitted("w1", "宋禾生", **star))
    world.settle()
    assert world.told()[-1].answer == "clear"
    assert world.told()[-1].sentence == "未发现往年获得记录。"
    imported(world, "姓名,单位,出生年月\n宋禾生,江州水文局,1962年3月\n")
    world.emit("intake", locked(("w1", "宋禾生", Compared(person="宋禾生", organisation="江州水文局")), track="stars"))
    world.settle()
    told = world.told()[-1]
    assert (told.phase, told.answer, told.effect) == ("lock", "ask", "exclude")
    assert told.sentence.startswith("疑似往年已获得，待核实（一（二））：2019年市级学习之星，")


def test_a_list_that_names_places_is_compared_with_the_units_place(world: World) -> None:
    published(world)
    imported(world, "姓名,单位,市,区\n宋禾生,水文局,江州市,云栈区\n白鹤亭,水文局,江州市,石桥区\n")
    for work, name in (("w1", "宋禾生"), ("w2", "白鹤亭")):
        world.emit("intake", submitted(work, name, track="stars", person=name, organisation="园林局"))
    world.settle()
    assert {told.work_id: told.answer for told in world.told()} == {"w1": "ask", "w2": "clear"}


def test_the_same_number_and_name_are_excluded(world: World) -> None:
    published(world)
    number = "11010519491231002X"
    imported(world, f"姓名,证件号,单位\n宋禾生,{number},江州水文局\n")
    kid, digest = world.rows("SELECT id_kid, id_digest FROM winner WHERE id_kid IS NOT NULL")[0]
    star = {"track": "stars", "person": "宋禾生", "id_hash": digest, "id_kid": kid}
    world.emit("intake", submitted("w1", "宋禾生", **star), submitted("w2", "宋禾升", **star | {"person": "宋禾升"}))
    world.emit("intake", submitted("w3", "宋禾生", **star | {"id_kid": "another"}))
    world.settle()
    answers = {told.work_id: told for told in world.told()}
    assert {work: told.answer for work, told in answers.items()} == {"w1": "exclude", "w2": "ask", "w3": "ask"}
    assert answers["w1"].sentence.startswith("往年已获得，不再推荐（一（二））：2019年市级学习之星，名录，第2行。")


def test_no_name_and_no_number_leaves_in_an_event(world: World) -> None:
    published(world)
    imported(world, "姓名,证件号,单位\n宋禾生,11010519491231002X,江州水文局\n")
    world.emit("intake", submitted("w1", "宋禾生", track="stars", person="宋禾生", organisation="江州水文局"))
    world.settle()
    told = world.told()[-1]
    assert told.matches
    assert [word for word in ("宋禾生", "水文局", "002X") if word in told.model_dump_json()] == []


def test_the_same_text_is_known_under_another_title(world: World) -> None:
    published(world)
    text = content_hash(STORY)
    world.emit("review", result(("w-b", "三代灯火", Compared(content_hash=text)), result_id="second"))
    world.emit("intake", submitted("w1", "另一个题目", story=STORY, content_hash=text))
    world.emit("intake", submitted("w2", "短的", story="见视频。", content_hash=text))
    world.settle()
    answers = {told.work_id: told for told in world.told()}
    assert answers["w1"].sentence.startswith("往年记录：2024年市级优秀作品（入围决赛），作品内容相同。")
    assert answers["w2"].matches == ()


def test_a_works_own_result_is_no_earlier_one(world: World) -> None:
    published(world)
    world.emit("intake", submitted("w1", LAMPS, organisation="另一家庭"))
    world.settle()
    before = len(world.told()[-1].matches)
    world.emit("review", result(("w1", LAMPS, Compared()), campaign_id="jiangzhou-2025", year=2025))
    world.settle()
    world.emit("intake", saved("w1", LAMPS, organisation="另一家庭"))
    world.settle()
    assert len(world.told()[-1].matches) == before == 1


def test_very_many_earlier_ones_fit_in_an_event(world: World) -> None:
    published(world)
    everyone = [(f"x{number}", LAMPS, Compared(organisation=f"第{number}社区")) for number in range(300)]
    world.emit("review", result(*everyone, result_id="large"))
    world.emit("intake", saved("w1", LAMPS, organisation=FAMILY))
    world.settle()
    assert len(world.told()[-1].matches) == 20
    assert world.told()[-1].sentence.endswith("另有300条往年记录，请一并查看。")


def test_a_work_waits_for_its_campaign(world: World) -> None:
    world.emit("intake", saved("w1", LAMPS, organisation=FAMILY))
    until(lambda: bool(world.dead()))
    assert world.dead() == [("laurel.work.saved.v1", "waiting", "waits for campaign/jiangzhou-2025")]
    world.emit("intake", campaign("jiangzhou-2025"))
    until(lambda: len(world.told()) == 1)
    assert world.dead() == []


# Decisions


def test_a_decision_is_kept_with_who_and_why_and_used_again(world: World) -> None:
    published(world)
    imported(world, "姓名,单位\n阿依努尔•赛麦提,江州水文局\n")
    star = {"track": "stars", "person": "阿依努尔·赛麦提", "organisation": "江州水文局"}
    world.emit("intake", account(Role.CLERK, "方未晞"), submitted("w1", "阿依努尔·赛麦提", **star))
    world.settle()
    told = world.get("/exclusions/w1", Role.CLERK).json()
    assert (told["answer"], told["records"][0]["name"]) == ("ask", "阿依努尔•赛麦提")
    record = told["matches"][0]["record"]
    body = {"record": record, "same": False, "reason": "非同一人，已电话核实。"}
    assert world.post("/exclusions/w1/decisions", Role.CLERK, json=body | {"reason": " "}).status_code == 422
    assert world.post("/exclusions/w1/decisions", Role.LIAISON, json=body, unit="u-yunzhan").status_code == 403
    assert world.post("/exclusions/w1/decisions", Role.CLERK, json=body | {"record": "none"}).status_code == 404
    answered = world.post("/exclusions/w1/decisions", Role.CLERK, json=body)
    assert (answered.status_code, answered.json()["answer"], answered.json()["phase"]) == (201, "clear", "decision")
    assert world.rows("SELECT decided_by, reason, same FROM decision") == [("方未晞", "非同一人，已电话核实。", 0)]
    world.emit("intake", submitted("w9", "阿依努尔•赛麦提", **star | {"person": "阿依努尔•赛麦提"}))
    world.settle()
    assert (world.told()[-1].work_id, world.told()[-1].answer) == ("w9", "clear")
    again = world.post("/exclusions/w9/decisions", Role.HEAD, json=body | {"same": True, "reason": "复核：同一人。"})
    assert again.json()["answer"] == "exclude"
    assert again.json()["matches"][0]["reasons"][0] == "姓名一致"


def test_a_unit_sees_the_answer_for_its_own_works_alone(world: World) -> None:
    published(world)
    world.emit("intake", submitted("w1", LAMPS, organisation=FAMILY))
    world.settle()
    own = world.get("/exclusions/w1", Role.LIAISON, unit="u-yunzhan")
    assert (own.status_code, "records" in own.json()) == (200, False)
    assert world.get("/exclusions/w1", Role.LIAISON, unit="u-shiqiao").status_code == 404
    assert world.get("/exclusions/w1", Role.EXPERT).status_code == 403
    assert world.get("/exclusions/w1").status_code == 401
    listed = world.get("/exclusions?campaign=jiangzhou-2025&answer=clear", Role.CLERK).json()["checks"]
    assert [told["work_id"] for told in listed] == ["w1"]
    assert world.get("/exclusions?campaign=jiangzhou-2025", Role.CLERK, campaign="another").status_code == 404


# The register over HTTP


def imported(world: World, text: str, query: str = "title=学习之星&level=city&year=2019&subject=person") -> dict[str, Any]:
    answered = world.post(f"/winners/imports?{query}", Role.CLERK, content=text.encode())
    assert answered.status_code == 201, answered.text
    return dict(answered.json())


def test_a_list_is_previewed_imported_shown_and_undone(world: World) -> None:
    text = "姓名,单位,年份\n甲一,水文局,\n乙二,园林局,2109\n".encode()
    query = "/winners/imports?title=学习之星&level=city&year=2019&name=往年.csv"
    preview = world.post(f"{query}&preview=true", Role.CLERK, content=text)
    assert (preview.json()["import"], preview.json()["report"]["rows_taken"]) == (None, 1)
    assert world.get("/winners", Role.CLERK).json()["total"] == 0
    made = world.post(query, Role.CLERK, content=text).json()
    assert made["report"]["sentence"] == "读取2行，收录1行，1行未收录（年份不明1）。"
    assert made["report"]["not_taken"] == [{"row": 2, "sheet": None, "line": 3, "reason": "年份不明：2109"}]
    (winner,) = world.get("/winners?q=甲", Role.CLERK).json()["winners"]
    assert (winner["name"], winner["source"], winner["level"]) == ("甲一", "往年.csv，第2行", "市级")
    twice = world.post(query, Role.CLERK, content=text)
    assert (twice.status_code, twice.json()["import_id"]) == (409, made["import"])
    assert world.post(f"/winners/imports/{made['import']}/undo", Role.CLERK).json()["removed"] == 1
    assert world.rows("SELECT count(*) FROM winner_key") == [(0,)]
    assert world.post(f"/winners/imports/{made['import']}/undo", Role.CLERK).status_code == 409
    assert world.post("/winners/imports/none/undo", Role.CLERK).status_code == 404
    assert world.post(query, Role.CLERK, content=text).status_code == 201
    shown = world.get("/winners/imports", Role.CLERK).json()["imports"]
    assert [each["undone_at"] is None for each in shown] == [True, False]
    assert world.get(f"/winners/imports/{made['import']}", Role.CLERK).json()["report"]["rows_read"] == 2


def test_what_the_register_holds_already_is_taken_only_when_it_is_asked_for_again(world: World) -> None:
    text = "姓名,单位\n甲一,水文局\n乙二,园林局\n".encode()
    query = "/winners/imports?title=学习之星&level=city&name=往年.csv"
    first = world.post(f"{query}&year=2019", Role.CLERK, content=text).json()["import"]
    same = world.post(f"{query}&year=2020", Role.CLERK, content=text)
    assert (same.status_code, same.json()["type"]) == (409, "urn:laurel:problem:already-imported")
    assert same.json()["message"].startswith("该文件已于")
    assert f"编号{first}" in same.json()["message"]
    longer = text + "丙三,\n".encode()
    preview = world.post(f"{query}&year=2019&preview=true", Role.CLERK, content=longer).json()
    assert [(one["import"], one["records"], one["same_file"]) for one in preview["already"]] == [(first, 2, False)]
    assert preview["remark"].startswith("名单中有2条记录已于")
    refused = world.post(f"{query}&year=2019", Role.CLERK, content=longer)
    assert (refused.status_code, refused.json()["message"]) == (409, preview["remark"])
    assert world.get("/winners", Role.CLERK).json()["total"] == 2
    again = world.post(f"{query}&year=2019&again=true", Role.CLERK, content=longer)
    assert again.status_code == 201
    assert world.get("/winners", Role.CLERK).json()["total"] == 5
    for made in (first, again.json()["import"]):
        assert world.post(f"/winners/imports/{made}/undo", Role.CLERK).status_code == 200
    free = world.post(f"{query}&year=2019&preview=true", Role.CLERK, content=longer).json()
    assert (free["already"], free["remark"]) == ([], None)


@pytest.mark.parametrize(
    ("content", "query", "status", "words"),
    [
        (b"", "", 422, "文件是空的"),
        (b"PK\x03\x04", "", 422, "不是完整的.xlsx"),
        ("姓名\n".encode(), "", 422, "没有可收录的行"),
        ("姓名\n甲\n".encode(), "year=1", 422, "year"),
        ("姓名\n甲\n".encode(), "level=village", 422, "level"),
        ("姓名\n甲\n".encode(), "yaer=2019", 422, "yaer"),
    ],
)
def test_a_list_that_cannot_be_taken_is_told_why(world: World, content: bytes, query: str, status: int, words: str) -> None:
    answered = world.post(f"/winners/imports?{query}", Role.CLERK, content=content)
    assert answered.status_code == status, answered.text
    assert words in answered.text
    assert world.rows("SELECT count(*) FROM list_import") == [(0,)]


def test_the_register_is_kept_by_the_organiser_alone(world: World) -> None:
    for role in (Role.LIAISON, Role.UNIT_HEAD, Role.EXPERT):
        assert world.get("/winners", role).status_code == 403
        assert world.post("/winners/imports", role, content=b"x").status_code == 403
        assert world.post("/winners/check?campaign=jiangzhou-2025", role, content=b"x").status_code == 403
    assert world.get("/winners").status_code == 401


def test_a_whole_list_is_checked(world: World) -> None:
    published(world)
    imported(world, "姓名,证件号,编号\n宋禾生,11010519491231002X,A-17\n温绣云,,A-18\n")
    text = "姓名,证件号\n宋禾生,11010519491231002x\n温綉雲,\n白鹤亭,\n,\n,110105194912310021\n"
    answered = world.post("/winners/check?campaign=jiangzhou-2025", Role.CLERK, content=text.encode())
    rows = [json.loads(line) for line in answered.text.splitlines()]
    assert [(row["row"], row["answer"], [match["external_id"] for match in row["matches"]]) for row in rows] == [
        (1, "exclude", ["A-17"]),
        (2, "ask", ["A-18"]),
        (3, "clear", []),
        (4, "ask", []),
    ]
    assert all(row.keys() == {"row", "answer", "matches"} for row in rows)
    assert rows[0]["matches"][0].keys() == {"record", "external_id", "source", "reasons"}
    assert world.post("/winners/check?campaign=none", Role.CLERK, content=text.encode()).status_code == 404


# Stories


def hits(world: World, path: str, role: Role | None = None, **who: Any) -> list[str]:
    answered = world.get(path, role, **who)
    assert answered.status_code == 200, answered.text
    return [hit["work_id"] for hit in answered.json()["hits"]]


def shown(world: World, work: str, title: str, *others: Event, **of_work: Any) -> None:
    known = {"story": STORY, "organisation": FAMILY} | of_work
    this_year = {"campaign_id": "jiangzhou-2025", "result_id": f"result-{work}", "year": 2025}
    world.emit("intake", submitted(work, title, **known), consent(work), release(work), *others)
    world.emit("review", result((work, title, Compared()), **this_year))


def test_a_visitor_finds_published_consented_and_released_works_alone(world: World) -> None:
    published(world)
    shown(world, "shown", "夜校之光")
    shown(world, "no-consent", "夜校与桥", consent("no-consent", given=False))
    shown(world, "no-release", "夜校与河", release("no-release", released=False))
    world.emit("intake", submitted("no-result", "夜校与灯", story=STORY), consent("no-result"), release("no-result"))
    world.settle()
    page = world.get("/stories?q=夜校").json()
    assert [hit["work_id"] for hit in page["hits"]] == ["shown"]
    assert (page["total"], page["facets"]["region"]) == (1, {"990101": 1})
    hit = page["hits"][0]
    assert hit["title"] == {"text": "夜校之光", "marks": [[0, 2]], "cut": False}
    assert hit["story"]["text"][slice(*hit["story"]["marks"][0])] == "夜校"
    assert hit["outcome"] == "优秀作品（入围决赛）"
    assert world.get("/stories/shown").json()["story"] == STORY
    for work in ("no-consent", "no-release", "no-result", "none"):
        assert world.get(f"/stories/{work}").status_code == 404
    assert sorted(hits(world, "/stories/staff?q=夜校", Role.CLERK)) == ["no-consent", "no-release", "no-result", "shown"]


@pytest.mark.parametrize("late", [False, True], ids=["accepted last", "accepted first"])
def test_a_released_story_is_shown_with_the_films_of_its_accepted_files(world: World, late: bool) -> None:
    published(world)
    shown(world, "w1", "夜校之光")
    world.settle()
    kinds = {"kept": "video/mp4", "replaced": "video/mp4", "photo": "image/jpeg"}
    files = tuple(
        AssetRef(asset_id=asset, slot=slot, sha256="0" * 64, size_bytes=1, object_key="k")
        for asset, slot in (("kept", "video"), ("photo", "photo"))
    )

    def accept() -> None:
        world.emit("intake", WorkAccepted(**head("w1", "夜校之光"), assets=files, personal=content(story=STORY)))
        world.settle()

    if late:
        accept()
    for asset, kind in kinds.items():
        made = {"work_id": "w1", "campaign_id": "jiangzhou-2025", "sha256": "0" * 64, "poster_key": f"poster/{asset}"}
        world.emit("media", AssetRendered(asset_id=asset, preview_key=f"film/{asset}", preview_type=kind, **made))
    world.settle()
    if not late:
        accept()
    films = world.get("/stories/w1").json()["films"]
    assert [film["type"] for film in films] == ["video/mp4", "image/jpeg"], "a film and its poster"
    address, query = films[0]["url"].removeprefix("/bytes/").split("?")
    grant = check_bytes_url(world.search.keys, address, dict(parse_qsl(query)), now=world.search.clock.now())
    assert (grant.object_key, grant.account_id) == ("film/kept", "public")


def test_what_is_taken_back_is_gone_from_sight(world: World) -> None:
    published(world)
    shown(world, "w1", "夜校之光")
    world.settle()
    assert hits(world, "/stories?q=夜校") == ["w1"]
    world.emit("intake", release("w1", released=False))
    world.settle()
    assert hits(world, "/stories?q=夜校") == []
    world.emit("intake", release("w1"), saved("w1", "渡口之光", story="改"))
    world.settle()
    assert (hits(world, "/stories?q=夜校"), hits(world, "/stories?q=渡口")) == ([], ["w1"])


def test_a_unit_searches_its_own_works_alone(world: World) -> None:
    published(world)
    world.emit("intake", submitted("own", "夜校", story=STORY), submitted("other", "夜校", unit_id="u-shiqiao"))
    world.emit("intake", saved("draft", "夜校草稿"))
    world.settle()
    assert hits(world, "/stories/staff?q=夜校", Role.LIAISON, unit="u-yunzhan") == ["own"]
    assert hits(world, "/stories/staff?q=夜校", Role.CLERK, campaign="another") == []
    assert sorted(hits(world, "/stories/staff?q=夜校", Role.CLERK)) == ["other", "own"]
    page = world.get("/stories/staff?q=夜校", Role.LIAISON, unit="u-yunzhan").json()
    assert (page["total"], page["facets"]["region"]) == (1, {"990101": 1})
    assert world.get("/stories/staff?q=夜校", Role.EXPERT).status_code == 403
    assert world.get("/stories/staff?q=夜校").status_code == 401


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "offset=-1", "offset=10001", f"q={'夜' * 201}", "order=random", "no=1"]
)
def test_a_request_that_cannot_be_answered_is_told_why(world: World, query: str) -> None:
    assert world.get(f"/stories?{query}").status_code == 422


def test_the_public_sees_nothing_of_hidden_works(open_world: Callable[[str], World]) -> None:
    """Two worlds: in one, hidden works stand beside the published ones; no answer of the public tells them apart."""
    with_hidden, without = open_world("a"), open_world("b")
    chance = random.Random(5)
    signs = list("夜校课堂灯下读书学习社区家庭渡口老师成长")
    texts = ["".join(chance.choices(signs, k=60)) for _ in range(40)]
    for world in (with_hidden, without):
        published(world)
        for number, text in enumerate(texts[:12]):
            shown(world, f"s{number}", text[:6], story=text)
    for number, text in enumerate(texts[12:]):
        with_hidden.emit("intake", submitted(f"h{number}", text[:6], story=text), consent(f"h{number}"))
    shown(with_hidden, "taken-back", texts[0][:6], story=texts[0])
    with_hidden.emit("intake", release("taken-back", released=False))
    with_hidden.settle()
    without.settle()
    queries = ["", *signs, *("".join(pair) for pair in itertools.permutations(signs[:5], 2))]
    for query, order in itertools.product(queries, ("relevance", "newest")):
        path = f"/stories?q={query}&order={order}&limit=100"
        assert with_hidden.get(path).json() == without.get(path).json()


def test_indexes_rebuilt_answer_as_before(world: World) -> None:
    published(world)
    for number in range(5):
        shown(world, f"w{number}", f"夜校{number}")
    world.settle()
    before = world.get("/stories?q=夜校").json()
    assert indexes.rebuild(world.search.database, world.search.index) == 6
    assert world.get("/stories?q=夜校").json() == before
    assert world.post("/stories/rebuild", Role.OPERATOR).status_code == 202
    world.settle()
    assert world.get("/stories?q=夜校").json() == before
    assert world.post("/stories/rebuild", Role.CLERK).status_code == 403


def test_a_work_that_changed_meanwhile_stays_untold(world: World) -> None:
    published(world)
    shown(world, "w1", "夜校之光")
    world.settle()
    ((version,),) = world.rows("SELECT version FROM story WHERE work_id = 'w1'")
    call = world.search.database.call
    call(lambda transaction: stories.change(transaction.connection, "w1", "", {"title": "新题"}))
    call(lambda transaction: stories.told(transaction.connection, {"w1": version}))
    until(lambda: hits(world, "/stories?q=新题") == ["w1"])


def test_a_damaged_index_is_told_as_away_and_rebuilt(world: World) -> None:
    published(world)
    shown(world, "w1", "夜校之光")
    world.settle()
    world.search.index.close()
    for file in (world.search.settings.home / "index").glob("stories-public-*"):
        file.write_bytes(b"damaged" * 2000)
    answered = world.get("/stories?q=夜校")
    assert (answered.status_code, answered.json()["message"]) == (503, "检索暂时不可用，请稍后再试。")
    indexes.rebuild(world.search.database, world.search.index)
    assert hits(world, "/stories?q=夜校") == ["w1"]


# Delivery


PROJECTIONS = ("story", "winner", "winner_key", "campaign", "account")


def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    return {table: sorted(world.rows(f"SELECT * FROM {table}"), key=repr) for table in PROJECTIONS}


def test_every_event_three_times_and_in_another_order_gives_the_same(open_world: Callable[[str], World]) -> None:
    ordered, shuffled = open_world("a"), open_world("b")
    log = _log(ordered)
    ordered.settle()
    chance = random.Random(11)
    queues: dict[str, list[Envelope]] = {}
    for envelope in log:
        queues.setdefault(envelope.key, []).append(envelope)
    deliveries = [envelope for envelope in _interleaved(queues, chance) for _ in range(3)]
    _deliver(shuffled, deliveries)
    shuffled.platform.services["search"].consumer.wake()  # it does not know of what was delivered by hand
    until(lambda: shuffled.dead() == [])
    shuffled.settle()
    assert everything(shuffled) == everything(ordered)
    assert len(shuffled.told()) == len(ordered.told())
    assert _final(shuffled) == _final(ordered)
    for path in ("/stories?q=夜校&order=newest", "/stories?order=newest"):
        assert shuffled.get(path).json() == ordered.get(path).json()


def _log(world: World) -> list[Envelope]:
    published(world)
    for number in range(6):
        world.emit("intake", saved(f"w{number}", f"夜校{number}", story=STORY, organisation=FAMILY))
        shown(world, f"w{number}", f"夜校的第{number}盏灯")
    world.emit("intake", account(Role.CLERK, "方未晞"), release("w3", released=False), consent("w4", given=False))
    found = []
    for service in ("intake", "review"):
        bus = world.platform.services["search"].consumer._bus
        for partition in bus.partitions():
            if service in partition:
                interest = world.platform.services["search"].consumer._interest
                found += [delivery.envelope for delivery in bus.fetch(partition, 0, interest, 1000)]
    return found


def _interleaved(queues: dict[str, list[Envelope]], chance: random.Random) -> list[Envelope]:
    """Mix the keys, each key's own order kept."""
    waiting = {key: list(queue) for key, queue in queues.items()}
    mixed = []
    while waiting:
        key = chance.choice(sorted(waiting))
        mixed.append(waiting[key].pop(0))
        if not waiting[key]:
            del waiting[key]
    return mixed


def _deliver(world: World, envelopes: list[Envelope]) -> None:
    dispatcher = world.platform.services["search"].consumer._dispatcher
    taken = dispatcher.take("by hand", "epoch")
    left = [Delivery("by hand", position, envelope) for position, envelope in enumerate(envelopes, start=1)]
    while left:
        left = left[dispatcher.deliver(taken, left[:16]) :]


def _final(world: World) -> dict[str, ExclusionChecked]:
    return {told.work_id: told for told in world.told()}
