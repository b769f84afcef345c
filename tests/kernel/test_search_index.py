"""The SearchIndex port: one suite for every engine."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.kernel import grams
from services.kernel.adapters.embedded_index import EmbeddedIndex
from services.kernel.search_index import (
    Document,
    IndexSpec,
    IndexUnavailable,
    Order,
    Removal,
    SearchIndex,
    SearchRequest,
    UnknownIndex,
)

SPECS = [IndexSpec(name, {"title": 4.0, "body": 1.0}, ("region", "year")) for name in ("staff", "public")]
DAY = datetime(2024, 7, 1, tzinfo=UTC)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SearchIndex]:
    opened = EmbeddedIndex(tmp_path / "index", SPECS)
    yield opened
    opened.close()


def document(identity: str, body: str, *, version: int = 1, title: str = "", **other: str) -> Document:
    day = int(other.pop("day", "0"))
    facets = {"region": other.get("region", "云栈区"), "year": other.get("year", "2024")}
    return Document(identity, version, DAY + timedelta(days=day), {"title": title, "body": body}, facets, {"of": identity})


def found(index: SearchIndex, text: str, name: str = "staff", **request: object) -> list[str]:
    return [hit.id for hit in index.search(name, SearchRequest(text, limit=1000, **request)).hits]


def test_what_was_put_is_found_as_it_was(index: SearchIndex) -> None:
    put = document("a", "夜班後的课堂\ud800", title="夜校")
    assert index.apply("staff", [put]) == 1
    page = index.search("staff", SearchRequest("夜班后"))
    assert page.total == 1
    hit = page.hits[0]
    assert (hit.id, hit.version, hit.date, hit.text, hit.stored) == ("a", 1, put.date, put.text, {"of": "a"})


def test_every_run_must_occur_in_some_field(index: SearchIndex) -> None:
    index.apply("staff", [document("a", "渡口的灯", title="夜校"), document("b", "渡口", title="晚课")])
    assert found(index, "夜校 渡口") == ["a"]
    assert found(index, "渡口") == found(index, "渡 口")


def test_no_phrase_reaches_across_two_runs(index: SearchIndex) -> None:
    index.apply("staff", [document("a", "学习日。习日常"), document("b", "学习，日常")])
    assert found(index, "学习日常") == []


def test_one_character_is_found_at_the_end_of_a_run(index: SearchIndex) -> None:
    index.apply("staff", [document("a", "点灯。"), document("b", "灯下"), document("c", "登山")])
    assert sorted(found(index, "灯")) == ["a", "b"]


def test_words_are_whole_and_caseless(index: SearchIndex) -> None:
    index.apply("staff", [document("a", "用ＡＰＰ学习"), document("b", "apple")])
    assert found(index, "App") == ["a"]


def test_nothing_in_a_query_is_syntax(index: SearchIndex) -> None:
    index.apply("staff", [document("a", "课堂 or near"), document("b", "其他")])
    for text in (
        '"',
        "* ",
        "课堂 OR 其他",
        "title:课堂",
        "NEAR(课堂)",
        "课堂*",
        "-课堂",
        "'; DROP TABLE meta",
        "课堂\x00",
    ):
        assert set(found(index, text)) <= {"a"}
    assert found(index, "课堂 OR") == ["a"]
    assert found(index, " ".join(["课堂"] * 400 + [f"n{number}" for number in range(400)])) == []


def test_an_empty_text_asks_for_all_and_marks_alone_for_nothing(index: SearchIndex) -> None:
    index.apply("staff", [document("a", "一", day="1"), document("b", "二", day="2")])
    assert found(index, "  ") == ["b", "a"]
    assert found(index, "？！") == []


def test_an_older_or_equal_version_is_ignored(index: SearchIndex) -> None:
    assert index.apply("staff", [document("a", "新的", version=5)]) == 1
    assert index.apply("staff", [document("a", "旧的", version=4), document("a", "同版", version=5)]) == 0
    assert found(index, "新的") == ["a"]
    assert index.apply("staff", [document("a", "更新", version=6)]) == 1
    assert (found(index, "新的"), found(index, "更新")) == ([], ["a"])


def test_removals_have_versions_too(index: SearchIndex) -> None:
    index.apply("staff", [document("a", "课堂", version=3)])
    assert index.apply("staff", [Removal("a", 2)]) == 0
    assert index.apply("staff", [Removal("a", 4)]) == 1
    assert index.apply("staff", [document("a", "课堂", version=3)]) == 0
    assert found(index, "课堂") == []
    assert index.apply("staff", [document("a", "课堂", version=5), Removal("never", 1)]) == 2
    assert found(index, "课堂") == ["a"]


def test_a_batch_is_all_or_nothing(index: SearchIndex) -> None:
    wrong = Document("b", 1, DAY, {"title": "t"}, {"region": "r", "year": "y"})
    with pytest.raises(KeyError):
        index.apply("staff", [document("a", "课堂"), wrong])
    assert index.search("staff", SearchRequest()).total == 0


def test_filters_counts_and_facets_are_exact(index: SearchIndex) -> None:
    index.apply(
        "staff",
        [document(f"w{n:02}", "学习", region="石桥区" if n % 3 else "云栈区", year=str(2020 + n % 2)) for n in range(30)],
    )
    page = index.search("staff", SearchRequest("学习", limit=4, facets=("region", "year")))
    assert (page.total, len(page.hits)) == (30, 4)
    assert page.facets == {"region": {"石桥区": 20, "云栈区": 10}, "year": {"2020": 15, "2021": 15}}
    narrowed = SearchRequest("学习", filters={"region": ("云栈区",), "year": ("2020",)}, facets=("year",))
    page = index.search("staff", narrowed)
    assert (page.total, page.facets) == (5, {"year": {"2020": 5}})
    with pytest.raises(ValueError, match="no facet unit"):
        index.search("staff", SearchRequest(filters={"unit": ("x",)}))


def test_newest_first_is_by_date_then_id(index: SearchIndex) -> None:
    index.apply("staff", [document(i, "学习", day=d) for i, d in (("a", "1"), ("c", "2"), ("b", "2"), ("d", "0"))])
    assert found(index, "学习", order=Order.NEWEST) == ["c", "b", "a", "d"]
    assert found(index, "学习") == ["c", "b", "a", "d"]  # equal ranks stand newest first
    pages = [found_page(index, offset) for offset in range(4)]
    assert pages == ["c", "b", "a", "d"]


def found_page(index: SearchIndex, offset: int) -> str:
    return index.search("staff", SearchRequest("学习", order=Order.NEWEST, limit=1, offset=offset)).hits[0].id


def test_a_title_weighs_more_than_a_body(index: SearchIndex) -> None:
    index.apply(
        "staff",
        [document("body", "夜校很好", title="平常的一天", day="9"), document("title", "平常的一天", title="夜校很好")],
    )
    assert found(index, "夜校")[0] == "title"


def test_an_undeclared_index_is_refused(index: SearchIndex) -> None:
    with pytest.raises(UnknownIndex):
        index.search("other", SearchRequest())


def test_two_indexes_share_nothing(index: SearchIndex) -> None:
    index.apply("staff", [document("a", "课堂")])
    assert found(index, "课堂", "public") == []


# Rebuilding


def test_a_rebuild_answers_as_the_one_that_was_lost(index: SearchIndex) -> None:
    before = [document(f"w{n}", "学习课堂" * (n % 5 + 1), day=str(n)) for n in range(40)]
    index.apply("staff", [*before, document("gone", "课堂"), Removal("gone", 2)])
    expected = index.search("staff", SearchRequest("课堂"))
    with index.rebuild("staff") as fresh:
        fresh.apply(before)
    assert index.search("staff", SearchRequest("课堂")) == expected


def test_the_live_one_answers_and_takes_changes_while_another_is_filled(index: SearchIndex) -> None:
    index.apply("staff", [document("a", "旧课堂"), document("stale", "课堂")])
    with index.rebuild("staff") as fresh:
        fresh.apply([document("a", "旧课堂")])
        index.apply("staff", [document("a", "新课堂", version=2), document("b", "课堂"), Removal("c", 7)])
        assert sorted(found(index, "课堂")) == ["a", "b", "stale"]
        fresh.apply([document("a", "旧课堂"), document("c", "课堂", version=6)])
    assert sorted(found(index, "课堂")) == ["a", "b"]
    assert found(index, "新课堂") == ["a"]


def test_an_abandoned_rebuild_leaves_the_live_one(index: SearchIndex, tmp_path: Path) -> None:
    index.apply("staff", [document("a", "课堂")])
    with pytest.raises(KeyError), index.rebuild("staff") as fresh:
        fresh.apply([document("b", "课堂"), Document("c", 1, DAY, {})])
    assert found(index, "课堂") == ["a"]
    assert len(list((tmp_path / "index").glob("staff-*.db"))) == 1


def test_writers_during_rebuilds_lose_nothing(index: SearchIndex) -> None:
    done = threading.Event()
    written: list[str] = []

    def write() -> None:
        while not done.is_set():
            written.append(f"w{len(written)}")
            index.apply("staff", [document(written[-1], "课堂")])

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(5):
        with index.rebuild("staff") as fresh:
            fresh.apply([document(identity, "课堂") for identity in list(written)[:-1]])
    done.set()
    writer.join()
    assert set(found(index, "课堂")) == set(written)


def test_new_readers_during_rebuilds_are_all_answered(index: SearchIndex) -> None:
    index.apply("staff", [document("a", "课堂")])
    done, answers = threading.Event(), []

    def read_once() -> None:
        try:
            answers.append(found(index, "课堂"))
        except IndexUnavailable as trouble:
            answers.append(trouble)

    def keep_reading() -> None:
        while not done.is_set():
            reader = threading.Thread(target=read_once)  # a thread that has no file open yet
            reader.start()
            reader.join()

    readers = [threading.Thread(target=keep_reading) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(20):
        with index.rebuild("staff") as fresh:
            fresh.apply([document("a", "课堂")])
    done.set()
    for reader in readers:
        reader.join()
    assert [answer for answer in answers if answer != ["a"]] == []


# The embedded engine's own files


def test_another_process_sees_the_swap(tmp_path: Path) -> None:
    mine, other = EmbeddedIndex(tmp_path, SPECS), EmbeddedIndex(tmp_path, SPECS)
    mine.apply("staff", [document("a", "课堂")])
    assert found(other, "课堂") == ["a"]
    with mine.rebuild("staff") as fresh:
        fresh.apply([document("a", "课堂")])
        other.apply("staff", [document("b", "课堂")])
    assert sorted(found(other, "课堂")) == ["a", "b"]
    other.apply("staff", [document("c", "课堂")])
    assert sorted(found(mine, "课堂")) == ["a", "b", "c"]
    mine.close()
    other.close()


def test_a_killed_rebuild_is_begun_anew(tmp_path: Path) -> None:
    killed = EmbeddedIndex(tmp_path, SPECS)
    killed.apply("staff", [document("a", "课堂")])
    killed.rebuild("staff").__enter__().apply([document("half", "课堂")])
    killed.close()
    again = EmbeddedIndex(tmp_path, SPECS)
    assert found(again, "课堂") == ["a"]
    with again.rebuild("staff") as fresh:
        fresh.apply([document("b", "课堂")])
    assert found(again, "课堂") == ["b"]
    again.close()


def test_a_damaged_file_is_named_unavailable_and_cured_by_a_rebuild(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path, SPECS)
    index.apply("staff", [document("a", "课堂")])
    index.close()
    (tmp_path / "staff-1.db").write_bytes(b"not a database at all" * 400)
    index = EmbeddedIndex(tmp_path, SPECS)
    with pytest.raises(IndexUnavailable):
        index.search("staff", SearchRequest("课堂"))
    with index.rebuild("staff") as fresh:
        fresh.apply([document("a", "课堂")])
    assert found(index, "课堂") == ["a"]
    index.close()


# Against a scan


def stories(count: int) -> list[Document]:
    """Generated stories over a skewed vocabulary, mixed with words, digits, punctuation and traditional characters."""
    chance = random.Random(20240703)
    signs = [
        *"夜校课堂灯下三代人学习组织社区家庭机关渡口老师成长的了在是我们一",
        *"學習後來臺乾 ，。“",
        "App",
        "2024",
        "ＡＩ",
        "e",
        "\n",
    ]
    weights = [1 / (rank + 2) for rank in range(len(signs))]
    chance.shuffle(signs)

    def text(low: int, high: int) -> str:
        return "".join(chance.choices(signs, weights, k=chance.randint(low, high)))

    return [
        Document(
            f"s{number:04}",
            1,
            DAY + timedelta(days=chance.randrange(90)),
            {"title": text(3, 9), "body": text(20, 200)},
            {"region": chance.choice(["云栈区", "石桥区", "南塘区"]), "year": chance.choice(["2023", "2024"])},
        )
        for number in range(count)
    ]


def queries(documents: list[Document], count: int) -> list[str]:
    """Fragments of 1–8 characters, half of them cut from the stories, half of them put together."""
    chance = random.Random(9)
    made = []
    while len(made) < count:
        body = chance.choice(documents).text["body"]
        at = chance.randrange(len(body))
        cut = body[at : at + chance.randint(1, 8)]
        made.append(cut if len(made) % 2 else "".join(chance.sample(cut, len(cut))))
    return made


class Scan:
    """Says by reading every story which answer: each run of Chinese as a substring, each word as a whole word."""

    han = "[\u3400-\u9fff]"

    def __init__(self, documents: list[Document]) -> None:
        self.folded = {document.id: [grams.fold(text) for text in document.text.values()] for document in documents}

    def __call__(self, query: str) -> set[str]:
        parts = re.findall(f"{self.han}+|(?:(?!{self.han})[^\\W_])+", grams.fold(query))
        if not parts:
            return set() if query.strip() else set(self.folded)
        return {
            identity
            for identity, fields in self.folded.items()
            if all(any(self.holds(field, part) for field in fields) for part in parts)
        }

    def holds(self, field: str, part: str) -> bool:
        if re.match(self.han, part):
            return part in field
        return re.search(f"(?<![a-z0-9]){part}(?![a-z0-9])", field) is not None


def test_search_equals_a_scan_of_every_story(index: SearchIndex) -> None:
    documents = stories(2000)
    index.apply("staff", documents)
    scan = Scan(documents)
    newest = {document.id: (document.date, document.id) for document in documents}
    answered = 0
    for query in queries(documents, 300):
        page = index.search("staff", SearchRequest(query, order=Order.NEWEST, limit=5000, facets=("region",)))
        expected = scan(query)
        assert [hit.id for hit in page.hits] == sorted(expected, key=newest.__getitem__, reverse=True), query
        assert page.total == len(expected)
        assert sum(page.facets["region"].values()) == len(expected)
        assert {hit.id for hit in index.search("staff", SearchRequest(query, limit=5000)).hits} == expected
        answered += bool(expected)
    assert 150 < answered <= 300  # the queries ask for something


def test_every_hit_is_marked(index: SearchIndex) -> None:
    documents = stories(200)
    index.apply("staff", documents)
    for query in queries(documents, 100):
        for hit in index.search("staff", SearchRequest(query)).hits:
            marked = [text[a:b] for text in hit.text.values() for a, b in grams.marks(text, query)]
            wanted = [run.text for run in grams.runs(grams.fold(query))]
            assert all(any(part in grams.fold(mark) for mark in marked) for part in wanted)


def test_hidden_works_move_nothing_in_public(tmp_path: Path) -> None:
    documents = stories(2000)
    shown, hidden = documents[::4], [document for n, document in enumerate(documents) if n % 4]
    alone = EmbeddedIndex(tmp_path / "alone", SPECS)
    alone.apply("public", shown)
    beside = EmbeddedIndex(tmp_path / "beside", SPECS)
    beside.apply("staff", documents)
    beside.apply("public", hidden[:300])  # released once, withdrawn again
    beside.apply("public", shown)
    beside.apply("public", [Removal(document.id, 2) for document in hidden])
    for query in queries(documents, 300):
        request = SearchRequest(query, limit=50, facets=("region", "year"))
        assert beside.search("public", request) == alone.search("public", request)
    alone.close()
    beside.close()
