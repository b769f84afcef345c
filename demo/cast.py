"""Who and what plays: invented units' people, works and scores. Everything is drawn from a fixed order, nothing at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TYPES = ("agency", "enterprise", "community", "family")
PLACES = ("渡口", "灯下", "巷尾", "码头", "书房", "天井", "车间", "码字棚", "桥头", "菜园", "站台", "阁楼")
THINGS = ("夜校", "识字本", "读书会", "旧课桌", "算盘", "方言课", "老收音机", "手风琴", "日记", "借书证", "缝纫班", "种子簿")
SURNAMES = "沈韩顾罗陆周闻纪温白宋秦方柳程江杜许叶苏"
GIVEN = ("禾", "思远", "青萝", "砚秋", "见微", "望舒", "鹤亭", "南桥", "绣云", "一苇", "知夏", "怀瑾")
CRITERIA = ("truth", "theme", "innovation", "expression")
FULL = 100


def person(number: int) -> tuple[str, str, str]:
    """Return an invented name, mobile number (the 100 block is given to nobody) and mailbox."""
    name = SURNAMES[number % len(SURNAMES)] + GIVEN[number * 7 % len(GIVEN)]
    return name, f"1000001{number:04d}", f"person{number}@example.com"


@dataclass(slots=True)
class Work:
    """One work of the story: whose, what, and what it will score."""

    unit: str
    unit_name: str
    title: str
    kind: str
    total: int = 0
    work_id: str = ""
    fault: str = ""

    def fields(self) -> dict[str, Any]:
        """Return the campaign's fields."""
        family = self.kind == "family"
        entrant = f"{self.unit_name}{self.title[:2]}家庭" if family else f"{self.unit_name}{self.title[:2]}学习小组"
        story = (
            f"《{self.title}》讲的是{self.unit_name}的一段往事。起初只有三个人，晚上围着一盏灯读书，"
            f"后来邻居也来了，{self.title[2:] or self.title}就这样传开。大家一起学，也一起把组织建起来。"
        )
        performers = ["罗桂枝", "沈一苇"] if family else ["宋知夏"]
        return {
            "title": self.title,
            "entrant": entrant,
            "organisation_type": self.kind,
            "performers": performers,
            "producer": f"{self.unit_name}融媒体工作室",
            "story": story,
        }


def works(units: list[dict[str, Any]]) -> list[Work]:
    """Return the 94 works: ten districts with six, six with five, three member units with four in all."""
    made: list[Work] = []
    districts = [unit for unit in units if unit["unit_type"] == "district"]
    members = [unit for unit in units if unit["unit_type"] == "member"]
    plan = [(unit, 6 if place < 10 else 5) for place, unit in enumerate(districts)]
    plan += list(zip(members, (2, 1, 1, 0), strict=True))
    for unit, count in plan:
        for place in range(count):
            made.append(Work(unit["unit_id"], unit["name"], title(len(made)), TYPES[place % 4]))
    made[3].title, made[3].kind = "灯下三代人", "family"
    made[0].title = "夜班后的课堂"
    score(made)
    return made


def title(number: int) -> str:
    """Return a title nobody else has."""
    return f"{PLACES[number % 12]}的{THINGS[(number // 12 + number) % 12]}{'' if number < 96 else number}"


def score(made: list[Work]) -> None:
    """Give each work the total it will reach, with a tie at the places 29 to 31, in an order of its own."""
    order = sorted(range(len(made)), key=lambda number: (number * 37) % len(made))
    order.remove(3)
    order.insert(4, 3)
    for rank, number in enumerate(order, 1):
        made[number].total = 265 if 29 <= rank <= 31 else 295 - rank if rank < 29 else 296 - rank


def ballots(total: int) -> list[dict[str, str]]:
    """Return three ballots of four criteria, 25 points each, that add up to the total."""
    parts = [total // 3 + (1 if place < total % 3 else 0) for place in range(3)]
    return [_ballot(points) for points in parts]


def _ballot(points: int) -> dict[str, str]:
    share = [points // 4 + (1 if place < points % 4 else 0) for place in range(4)]
    return dict(zip(CRITERIA, map(str, share), strict=True))
