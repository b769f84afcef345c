from __future__ import annotations

import pytest

from services.kernel.text import hidden_at, told, without_hidden


@pytest.mark.parametrize(
    "text",
    [
        "阿依古丽·买买提",
        "𰻝𬭊",
        "\U00031350\U0002ebf0",  # ideographs that this Python calls unassigned
        "葛\U000e0100城",  # a variant of an ideograph
        "ｅｎｄ１２３（全角）",
        "e\u0301 \u00b7 \u3000",
        "👩‍❤️‍👨 👩🏽‍⚕️ 🏳️‍🌈 \U0001fae8",
        "ᠮᠣᠩᠭᠣᠯ\u180eᠠ",
        "第一段\r\n\t第二段\n",
    ],
)
def test_what_people_write_passes(text: str) -> None:
    assert hidden_at(text) is None
    assert without_hidden(text) == text


@pytest.mark.parametrize(
    ("char", "words"),
    [
        ("\u202e", "U+202E（改变文字方向的标记）"),
        ("\u200f", "U+200F（改变文字方向的标记）"),
        ("\u2066", "U+2066（改变文字方向的标记）"),
        ("\u200b", "U+200B（不占位置的字符）"),
        ("\u200c", "U+200C（不占位置的字符）"),
        ("\u200d", "U+200D（不占位置的字符）"),
        ("\u180e", "U+180E（不占位置的字符）"),
        ("\u3164", "U+3164（不占位置的字符）"),
        ("\ufeff", "U+FEFF（不占位置的字符）"),
        ("\u00ad", "U+00AD（不占位置的字符）"),
        ("\U000e0041", "U+E0041（不占位置的字符）"),
        ("\u2028", "U+2028（分行符）"),
        ("\ue000", "U+E000（自造字）"),
        ("\U000f0000", "U+F0000（自造字）"),
        ("\x85", "U+0085（控制字符）"),
        ("\x00", "U+0000（控制字符）"),
        ("\ud800", "U+D800（控制字符）"),
        ("\uffff", "U+FFFF（控制字符）"),
    ],
)
def test_what_no_reader_sees_is_found_where_it_stands(char: str, words: str) -> None:
    for text in (f"张{char}三", f"😀张{char}三"):
        place = text.index(char)
        assert hidden_at(text) == place
        assert without_hidden(text) == text.replace(char, "")
        assert told(text[place]) == words


@pytest.mark.parametrize("text", ["\u200d👩", "👩\u200d", "👩\u200d三", "张\u200d👩", "\u180e"])
def test_a_joiner_that_joins_nothing_is_found(text: str) -> None:
    assert hidden_at(text) is not None
