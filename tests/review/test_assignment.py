"""Who reads what: complete, balanced, without conflict, and the same from the same seed everywhere."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_maker import load_script

from services.review.domain.assignment import Panelist, Reading, Seat, draw, draw_label, pseudonym
from services.review.domain.faults import Shortage
from services.review.domain.streams import Stream

script = load_script()
FIRST_WORDS = [  # HMAC-SHA256, computed by another program
    0xDC793DEE3196646C,
    0x5FDCE5B90EB6CE85,
    0x3A0313AC21B84F90,
    0x466304F85CA2A554,
    0xDA643F3C17B15221,
]
units = st.sampled_from("甲乙丙丁")


@st.composite
def rounds(data: st.DrawFn) -> tuple[list[Reading], list[Panelist], dict[str, int]]:
    panel = [Panelist(f"e{n}", frozenset(data(st.sets(units, max_size=2)))) for n in range(data(st.integers(1, 9)))]
    names = [member.expert for member in panel]
    readings = [
        Reading(
            f"w{n:02}",
            f"故事{n}",
            frozenset({data(units)}),
            data(st.integers(1, 3)),
            barred=frozenset(data(st.sets(st.sampled_from(names), max_size=2))),
            seated=frozenset(data(st.sets(st.sampled_from(names), max_size=1))),
        )
        for n in range(data(st.integers(1, 14)))
    ]
    loads = {name: data(st.integers(0, 3)) for name in names}
    return readings, panel, loads


def lightest_spread(readings: list[Reading], panel: list[Panelist], loads: dict[str, int]) -> int:
    """Sum of squared loads that no assignment can better, by minimum-cost augmentation: independent of `draw`."""
    load = dict(loads)
    held: dict[str, set[str]] = {reading.work: set() for reading in readings}
    for reading in readings:
        for _ in range(reading.need):
            _augment(reading, readings, panel, load, held)
    return sum(value * value for value in load.values())


def _augment(
    reading: Reading, readings: list[Reading], panel: list[Panelist], load: dict[str, int], held: dict[str, set[str]]
) -> None:
    may = {(one.work, member.expert) for one in readings for member in panel if one.accepts(member)}
    reach: dict[str, list[tuple[str, str | None, str]]] = {}
    frontier = [expert for work, expert in sorted(may) if work == reading.work and expert not in held[work]]
    for expert in frontier:
        reach[expert] = [(reading.work, None, expert)]
    while frontier:
        giver = frontier.pop(0)
        for work, taker in sorted(may):
            if giver in held[work] and taker not in held[work] and taker not in reach:
                reach[taker] = [*reach[giver], (work, giver, taker)]
                frontier.append(taker)
    best = min(reach, key=lambda expert: load[expert])
    for work, giver, taker in reach[best]:
        held[work].discard(giver or "")
        held[work].add(taker)
    load[best] += 1


@settings(max_examples=300)
@given(rounds(), st.binary(min_size=32, max_size=32))
def test_each_work_gets_its_experts_without_conflict_and_nobody_could_be_spared(
    given_round: tuple[list[Reading], list[Panelist], dict[str, int]], seed: bytes
) -> None:
    readings, panel, loads = given_round
    lacking = [one for one in readings if sum(one.accepts(member) for member in panel) < one.need]
    stream = Stream(seed, draw_label("r", 0))
    if lacking:
        with pytest.raises(Shortage) as caught:
            draw(stream, readings, panel, loads)
        assert len(caught.value.sentences) == len(lacking)
        return
    seats = draw(stream, readings, panel, loads)
    assert len(set(seats)) == len(seats)
    assert Counter(seat.work for seat in seats) == Counter({one.work: one.need for one in readings})
    members = {member.expert: member for member in panel}
    works = {one.work: one for one in readings}
    assert all(works[seat.work].accepts(members[seat.expert]) for seat in seats)
    after = Counter(loads) + Counter(seat.expert for seat in seats)
    assert sum(value * value for value in after.values()) == lightest_spread(readings, panel, loads)


@settings(max_examples=200)
@given(rounds(), st.binary(min_size=32, max_size=32), st.randoms(use_true_random=False))
def test_the_draw_depends_on_the_seed_alone_and_is_the_same_elsewhere(
    given_round: tuple[list[Reading], list[Panelist], dict[str, int]], seed: bytes, chance: random.Random
) -> None:
    readings, panel, loads = given_round
    try:
        seats = draw(Stream(seed, draw_label("r", 1)), readings, panel, loads)
    except Shortage:
        return
    chance.shuffle(readings)
    chance.shuffle(panel)
    assert draw(Stream(seed, draw_label("r", 1)), readings, panel, loads) == seats
    elsewhere = script.draw(
        script.words(seed, "laurel/assignment/v1/r/1"),
        {one.work: (one.need, one.units, one.barred | one.seated) for one in readings},
        {member.expert: member.units for member in panel},
        dict(loads),
    )
    assert elsewhere == set(seats)


def test_without_conflicts_loads_differ_by_at_most_one() -> None:
    panel = [Panelist(f"e{n}") for n in range(9)]
    readings = [Reading(f"w{n:02}", "", frozenset({"甲"}), 3) for n in range(94)]
    seats = draw(Stream(b"\1" * 32, "x"), readings, panel)
    assert sorted(Counter(seat.expert for seat in seats).values()) == [31] * 6 + [32] * 3


def test_two_seeds_draw_differently_and_every_expert_is_as_likely_as_another() -> None:
    panel = [Panelist(f"e{n}") for n in range(4)]
    reading = Reading("w", "", frozenset(), 1)
    drawn = Counter(draw(Stream(n.to_bytes(32, "big"), "x"), [reading], panel)[0].expert for n in range(2000))
    assert all(430 < count < 570 for count in drawn.values())


def test_the_stream_is_the_documented_one() -> None:
    stream = Stream(bytes(range(32)), "laurel/assignment/v1/r/0")
    assert [stream.below(1 << 64) for _ in range(5)] == FIRST_WORDS


def test_words_beyond_the_last_whole_multiple_are_skipped() -> None:
    stream = Stream(bytes(32), "x")
    bound = (1 << 63) + 1
    words = script.words(bytes(32), "x")
    expected = [word for _, word in zip(range(40), words, strict=False) if word < bound]
    assert [stream.below(bound) for _ in expected] == expected


def test_a_shortage_says_which_work_lacks_how_many_and_why() -> None:
    panel = [Panelist("e1", frozenset({"云栈区"})), Panelist("e2"), Panelist("e3"), Panelist("e4")]
    reading = Reading("w", "灯下三代人", frozenset({"云栈区"}), 3, barred=frozenset({"e2"}))
    with pytest.raises(Shortage) as caught:
        draw(Stream(bytes(32), "x"), [reading], panel)
    assert caught.value.sentences == (
        "《灯下三代人》还缺1名评审专家：专家组共4名，其中1名属本单位、1名已回避，可分配2名，应分配3名。请增补专家。",
    )


def test_a_replacement_goes_to_the_least_loaded_who_has_not_read_the_work() -> None:
    panel = [Panelist(f"e{n}") for n in range(4)]
    reading = Reading("w", "", frozenset(), 1, barred=frozenset({"e0"}), seated=frozenset({"e1"}))
    seats = draw(Stream(bytes(32), draw_label("r", 1)), [reading], panel, {"e0": 0, "e1": 0, "e2": 5, "e3": 4})
    assert seats == [Seat("w", "e3")]


def test_a_pseudonym_is_ten_random_bytes_in_sixteen_characters() -> None:
    assert pseudonym(bytes(10)) == "0" * 16
    assert pseudonym(b"\xff" * 10) == "Z" * 16
    assert pseudonym(bytes(9) + b"\1") == "0" * 15 + "1"
    with pytest.raises(ValueError, match="10 random bytes"):
        pseudonym(b"")


def test_a_seed_has_256_bits() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Stream(b"short", "x")
