"""How names that are in no dictionary are spoken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hearing.pronunciation import pronounce, words

KNOWN = {
    "bright": "B R AY T",
    "water": "W AO T ER",
    "pine": "P AY N",
    "wood": "W UH D",
    "card": "K AA R D",
    "tax": "T AE K S",
    "box": "B AA K S",
}
PHONES = frozenset(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split()  # noqa: SIM905
)


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("water", "W AO T ER"),
        ("Brightwater", "B R AY T W AO T ER"),
        ("pinewoodwater", "P AY N W UH D W AO T ER"),
        ("cards", "K AA R D Z"),
        ("box's", "B AA K S IH Z"),
        ("taxes", "T AE K S IH Z"),
        ("zentrika", "Z EH N T R IH K AE"),
        ("bane", "B EY N"),
        ("bbc", "B IY B IY S IY"),
        ("hobbes", "HH AA B EH S"),
    ],
)
def test_pronounce(word: str, phones: str) -> None:
    assert pronounce(word, KNOWN) == phones


def test_words_of_a_name() -> None:
    assert words("Brightwater Telecom, Inc.") == ["brightwater", "telecom", "inc"]
    assert words("O’Neil & Sons 24/7") == ["o'neil", "and", "sons"]


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz'", max_size=20))
def test_only_phones_that_the_model_has(word: str) -> None:
    assert PHONES.issuperset(pronounce(word, KNOWN).split())
