"""Has it already won? A check against 100,000 earlier winners, beside the bare look-up of its keys on the same file.

Target: at most 5 ms (p50). What the answers are worth is printed too: wrong exclusions (target 0), repeats changed only in
form that were excluded or asked (target 0.995), the same with an ID number (0.999), innocent entries that ask (2 %).
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from bench.search import measured
from services.campaigns.models.winners import PriorWinnerRule, TitleLevel
from services.kernel import schema
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.clocks import SystemClock
from services.search.actions.checks import answer
from services.search.domain.answers import Answer, Rules
from services.search.domain.entries import Birth, EarlierRecord, Entry, IdDigest, Outcome, Place, Subject
from services.search.domain.keys import keys
from services.search.store import register

ROOT = Path(__file__).parents[1]
BARE = "SELECT * FROM winner WHERE record IN (SELECT record FROM winner_key WHERE key IN ({}))"
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋"
    "蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文建国玉兰红梅志春海林云峰莉鹏飞宇浩然子涵思雨欣怡佳琪晨曦博轩俊豪雪婷美玲晓东小燕"
    "永生庆福德贵金凤银花淑珍素云惠兰亚楠振宇立新光辉世荣长青景山树森"
)
SYLLABLES = "银龄书香乐学夜校渡口灯下邻里智慧杏同心百姓暖阳云上巷子田野码头春风竹溪桥石桂枝梅园湖畔晨光星河炉火稻麦茶馆"
ENDS = ("课堂", "讲堂", "学堂", "读书会", "学习圈", "大讲坛", "故事汇", "工作室", "微课", "行动")
UNITS = (
    "社区学院",
    "文化馆",
    "图书馆",
    "开放大学",
    "老年大学",
    "水文局",
    "园林局",
    "纺织工会",
    "第一中学",
    "街道办事处",
    "成人学校",
    "教育局",
)
KIND = {Subject.PERSON: 70, Subject.PROJECT: 30}
RULES = Rules(
    tuple(
        PriorWinnerRule(
            id=subject.value, level=TitleLevel(match="any"), subject=subject.value, effect="exclude", cite="一（一）"
        )
        for subject in (Subject.PERSON, Subject.PROJECT)
    )
)


class Makers:
    """Invented people, units and projects, spread as real ones are: few names for many, many for few."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._surname_weights = [1 / (rank + 6) for rank in range(len(SURNAMES))]
        self._syllable_weights = [1 / (rank + 8) for rank in range(len(SYLLABLES))]
        self._given_weights = [1 / (rank + 8) for rank in range(len(GIVEN))]

    def place(self) -> Place:
        """Return one of 31 provinces, 12 cities in each, 9 districts in each."""
        province = self.chance.randrange(31)
        city = self.chance.randrange(12)
        return Place(f"{chr(0x5C71 + province)}岚省", f"{chr(0x6C5F + province)}{chr(0x5DDE + city)}市", self.district())

    def district(self) -> str:
        """Return a district's name; the same ones stand in many cities."""
        return f"{self.chance.choice('云石南北东西鼓新')}{self.chance.choice('栈桥塘岭圩楼华')}区"

    def person(self) -> Entry:
        """Return a person with a birth, two of three with an ID number."""
        length = self.chance.choices((1, 2), (1, 5))[0]
        name = self.chance.choices(SURNAMES, self._surname_weights)[0] + "".join(
            self.chance.choices(GIVEN, self._given_weights, k=length)
        )
        place = self.place()
        born = Birth(self.chance.randrange(1935, 1995), self.chance.randrange(1, 13))
        digest = f"{self.chance.getrandbits(128):032x}"
        number = IdDigest("k", digest, digest[-4:]) if self.chance.random() < 2 / 3 else None
        organisation = place.city + place.district + self.chance.choice(UNITS)
        return Entry(Subject.PERSON, name, organisation, place, born, number)

    def project(self) -> Entry:
        """Return a project of a unit."""
        place = self.place()
        words = self.chance.choices(SYLLABLES, self._syllable_weights, k=4)
        title = "".join(words) + self.chance.choice(ENDS) + self.chance.choice(("", "", "进社区"))
        return Entry(Subject.PROJECT, title, place.city + place.district + self.chance.choice(UNITS), place)

    def entry(self) -> Entry:
        """Return an entry of either kind."""
        person = self.chance.choices((True, False), KIND.values())[0]
        return self.person() if person else self.project()

    def repeated_in_form(self, entry: Entry) -> Entry:
        """Return the same entry written in another form."""
        changes: list[Callable[[Entry], Entry]] = [
            lambda each: replace(each, name=f"“{each.name}”"),
            lambda each: replace(each, name=" ".join(each.name)),
            lambda each: replace(each, organisation=f"{each.organisation}（公章）"),
            lambda each: replace(each, organisation=each.organisation.replace("学", "學").replace("书", "書")),
            lambda each: replace(each, name=each.name.translate(str.maketrans("华国红云", "華國紅雲"))),
        ]
        if entry.subject is Subject.PROJECT:
            changes += [
                lambda each: replace(each, name=f"{each.name}（第{self.chance.randrange(2, 9)}季）"),
                lambda each: replace(each, name=f"《{each.name}》（2023年）"),
            ]
        for change in self.chance.sample(changes, 2):
            entry = change(entry)
        return entry


@dataclass
class Worth:
    """What the answers to one kind of entry were."""

    answers: Counter[Answer]
    wrong: int = 0

    @property
    def found(self) -> float:
        """The share that was not cleared."""
        return 1 - self.answers[Answer.CLEAR] / self.answers.total()


def records(count: int, makers: Makers) -> Iterator[EarlierRecord]:
    """Yield earlier winners."""
    for number in range(count):
        entry = makers.entry()
        yield EarlierRecord(f"r{number:07}", entry, "百姓学习之星", 2005 + number % 19, "national", Outcome.WINNER, "名录")


def worth(database: SqliteDatabase, asked: list[tuple[Entry, str | None]]) -> Worth:
    """Ask for each entry; a wrong exclusion names another record than the one that the entry repeats."""
    found = Worth(Counter())
    for entry, repeats in asked:
        outcome = database.look(lambda connection, entry=entry: answer(connection, entry, RULES))
        found.answers[outcome.answer] += 1
        found.wrong += any(each.answer is Answer.EXCLUDE and each.record.record != repeats for each in outcome.matches)
    return found


def main() -> None:
    """Fill, ask, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--winners", type=int, default=100_000)
    options.add_argument("--checks", type=int, default=2_000)
    chosen = options.parse_args()
    makers, known = Makers(7), list[EarlierRecord]()
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "search.db", service="search", clock=SystemClock())
        schema.upgrade(database.engine(), ROOT / "services" / "search" / "migrations")
        database.start()
        known = list(records(chosen.winners, makers))
        began = time.perf_counter()
        database.call(lambda transaction: register.add(transaction.connection, known, import_id="bench"))
        print(f"entered {chosen.winners:,} winners in {time.perf_counter() - began:.1f} s")
        repeated = makers.chance.sample(known, chosen.checks)
        repeats = [(makers.repeated_in_form(record.entry), record.record) for record in repeated]
        others = Makers(8)
        innocent = [(others.entry(), None) for _ in range(chosen.checks)]
        every = [entry for entry, _ in (*repeats, *innocent)]
        took = measured([lambda each=each: database.look(lambda rows: answer(rows, each, RULES)) for each in every])
        bare = sqlite.connect(Path(folder) / "search.db")
        asked = [(BARE.format(",".join("?" * len(keys(entry)))), tuple(keys(entry))) for entry in every]
        alone = measured([lambda each=each: bare.execute(*each).fetchall() for each in asked])
        print(f"a check {took}   bare look-up {alone}   x {took.cpu_p50 / alone.cpu_p50:.2f}")
        for words, wanted in (
            ("repeats changed in form", repeats),
            ("… with an ID number", [each for each in repeats if each[0].id_digest]),
            ("… of projects", [each for each in repeats if each[0].subject is Subject.PROJECT]),
            ("innocent persons", [each for each in innocent if each[0].subject is Subject.PERSON]),
            ("innocent projects", [each for each in innocent if each[0].subject is Subject.PROJECT]),
        ):
            found = worth(database, wanted)
            shown = ", ".join(f"{each.value} {found.answers[each]}" for each in Answer)
            print(f"{words:24} not cleared {found.found:.4f}   wrong exclusions {found.wrong}   ({shown})")
        database.close()


if __name__ == "__main__":
    main()
