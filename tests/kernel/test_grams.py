"""The tokenizer: folding, terms, phrases and marks."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from services.kernel import grams

TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("夜校後臺乾ＡａßΣİ①ﬁ한́ﾞ　，")), max_size=30)


def test_every_character_is_folded_once_for_all() -> None:
    changed = [
        code
        for code in range(0x110000)
        if not 0xD800 <= code < 0xE000 and grams.fold(grams.fold(chr(code))) != grams.fold(chr(code))
    ]
    assert changed == []


@given(TEXTS)
@example("ß")
@example("薴")
@example("ガ")
def test_folding_twice_changes_nothing(text: str) -> None:
    assert grams.fold(grams.fold(text)) == grams.fold(text)


def test_width_case_and_script_are_one() -> None:
    assert grams.fold("ＡＢＣ１２") == grams.fold("abc12")
    assert grams.fold("終身學習") == "终身学习"
    assert grams.fold("Straße") == "strasse"


def test_a_fragment_folds_as_it_does_inside_its_sentence() -> None:
    sentence = "乾坤著作瞭望後來"
    assert grams.fold(sentence) == "".join(grams.fold(char) for char in sentence)


def test_a_run_becomes_its_pairs_closed_by_its_last_character() -> None:
    assert grams.index_text("夜校的课，Hello2024年") == "夜校 校的 的课 课 hello2024 年"


def test_a_query_is_a_phrase_per_run() -> None:
    assert grams.phrases("夜校课 2024年 夜校课") == (
        grams.Phrase(("夜校", "校课")),
        grams.Phrase(("2024",)),
        grams.Phrase(("年",), prefix=True),
    )
    assert grams.phrases("，。“” _") == ()


def test_marks_stand_on_the_original() -> None:
    text = "夜校後来，ＡＰＰ的“夜校”和App1"
    assert [text[start:end] for start, end in grams.marks(text, "夜校后 app")] == ["夜校後", "ＡＰＰ"]


def test_overlapping_marks_are_joined() -> None:
    assert grams.marks("课课课桌", "课课") == [(0, 3)]
    assert grams.marks("学习日", "学 习日") == [(0, 3)]


def test_a_character_that_folds_to_several_is_marked_whole() -> None:
    text = "第㈱号ﬁne"
    assert [text[start:end] for start, end in grams.marks(text, "株")] == ["㈱"]
    assert [text[start:end] for start, end in grams.marks(text, "fine")] == ["ﬁne"]


@given(TEXTS, TEXTS)
def test_offsets_agree_with_folding(text: str, query: str) -> None:
    folded, original = grams._fold_with_offsets(text)
    assert folded == grams.fold(text)
    places = [original(at, at + 1) for at in range(len(folded))]
    assert places == sorted(places)
    assert {at for start, end in places for at in range(start, end)} == set(range(len(text)))
    spans = grams.marks(text, query)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))


@given(TEXTS)
def test_terms_never_hold_what_would_split_them_again(text: str) -> None:
    for term in grams.index_text(text).split():
        assert not any(unicodedata.category(char) in {"Zs", "Cc", "Po"} for char in term)
        assert all(char.isalnum() for char in term if char.isascii())
