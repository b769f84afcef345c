"""Full text: a page of twenty hits out of 20,000 stories, with total, facets and marks, beside bare FTS5 on the same file.

Target: top 20 by relevance in at most 40 ms (p50) and 100 ms (p99).
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from services.kernel import grams
from services.kernel.adapters.embedded_index import EmbeddedIndex
from services.kernel.search_index import Document, Order, SearchRequest
from services.search.domain.stories import STAFF, excerpt, whole

FACETS = ("campaign", "region", "track", "outcome", "year")
BARE = "SELECT rowid FROM grams WHERE grams MATCH ? ORDER BY rank LIMIT 20"
WORDS, STORY_WORDS, BATCH = 4_000, 750, 500


def vocabulary(chance: random.Random) -> tuple[list[str], list[float]]:
    """Return invented two-character words and how often each is used."""
    signs = [chr(0x4E00 + number) for number in range(3_000)]
    often = [1 / (rank + 3) for rank in range(len(signs))]
    return ["".join(chance.choices(signs, often, k=2)) for _ in range(WORDS)], [1 / (rank + 3) for rank in range(WORDS)]


def stories(count: int, chance: random.Random, words: list[str], often: list[float]) -> Iterator[Document]:
    """Yield stories of about 1,500 characters, each with a speaker's name of its own."""
    for number in range(count):
        text = "".join(chance.choices(words, often, k=STORY_WORDS))
        facets = {
            "campaign": f"c{number % 4}",
            "unit": f"u{number % 300}",
            "region": f"r{number % 16}",
            "track": f"t{number % 4}",
            "outcome": "",
            "year": str(2018 + number % 7),
        }
        date = datetime(2018, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(3_000_000))
        fields = {"title": text[:8], "names": name(number), "story": text}
        yield Document(f"w{number:06}", 1, date, fields, facets, facets)


def name(number: int) -> str:
    """Return a name that one story alone has."""
    return "".join(chr(0x8000 + (number // 100**place) % 100) for place in (2, 1, 0))


def page(index: EmbeddedIndex, query: str, order: Order) -> None:
    """Do what an answer to a visitor takes."""
    found = index.search(STAFF.name, SearchRequest(query, order=order, facets=FACETS))
    for hit in found.hits:
        whole(hit.text["title"], query)
        excerpt(hit.text["story"], query)


def measured_ms(calls: list[Callable[[], object]]) -> tuple[float, float]:
    """Return p50 and p99 of the calls in milliseconds."""
    took = []
    for call in calls:
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return took[len(took) // 2], took[int(len(took) * 0.99)]


def match(query: str) -> str:
    """Write a query of one run as bare FTS5 takes it."""
    (phrase,) = grams.phrases(query)
    return f'"{" ".join(phrase.terms)}"{" *" if phrase.prefix else ""}'


def main() -> None:
    """Build, ask, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--stories", type=int, default=20_000)
    options.add_argument("--queries", type=int, default=200)
    chosen = options.parse_args()
    chance = random.Random(4)
    words, often = vocabulary(chance)
    with tempfile.TemporaryDirectory() as folder:
        index = EmbeddedIndex(Path(folder), [STAFF])
        began, batch = time.perf_counter(), []
        for document in stories(chosen.stories, chance, words, often):
            batch.append(document)
            if len(batch) == BATCH:
                index.apply(STAFF.name, batch)
                batch = []
        index.apply(STAFF.name, batch)
        file = Path(folder) / f"{STAFF.name}-1.db"
        size_mb = sum(part.stat().st_size for part in Path(folder).iterdir()) / 1e6
        print(f"built {chosen.stories:,} stories in {time.perf_counter() - began:.0f} s, {size_mb:.0f} MB on disk")
        changed = [index_change(index, number, words, often, chance) for number in range(50)]
        print("one story changed    p50 {:6.1f} ms  p99 {:6.1f} ms".format(*measured_ms(changed)))
        bare = sqlite.connect(file)
        bare.execute("PRAGMA cache_size = -8192")
        kinds = {
            "1 character": [chance.choices(words, often)[0][0] for _ in range(chosen.queries)],
            "2 characters": chance.choices(words, often, k=chosen.queries),
            "3 characters": ["".join(chance.choices(words, often, k=2))[:3] for _ in range(chosen.queries)],
            "a name": [name(chance.randrange(chosen.stories)) for _ in range(chosen.queries)],
        }
        for kind, queries in kinds.items():
            ranked = measured_ms([lambda query=query: page(index, query, Order.RELEVANCE) for query in queries])
            newest = measured_ms([lambda query=query: page(index, query, Order.NEWEST) for query in queries])
            alone = measured_ms([lambda query=query: bare.execute(BARE, (match(query),)).fetchall() for query in queries])
            print(
                f"{kind:13} top 20 p50 {ranked[0]:6.1f} ms  p99 {ranked[1]:6.1f} ms   newest {newest[0]:5.1f} / {newest[1]:5.1f}"
                f"   bare FTS5 {alone[0]:5.1f} / {alone[1]:5.1f}   x {ranked[0] / alone[0]:4.2f} / {ranked[1] / alone[1]:4.2f}"
            )
        index.close()


def index_change(
    index: EmbeddedIndex, number: int, words: list[str], often: list[float], chance: random.Random
) -> Callable[[], object]:
    """Return a call that changes one story."""
    (made,) = stories(1, chance, words, often)
    later = Document(f"w{number:06}", 2, made.date, made.text, made.facets, made.stored)
    return lambda: index.apply(STAFF.name, [later])


if __name__ == "__main__":
    main()
