"""How the words are put, by number of words heard; the figures are those of ``tests/bench/hearing/said.py``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.deciding import phrases, wording
from tests.bench.hearing import said


@pytest.mark.parametrize(("count", "against", "clearly"), [(3, 0.45, 0.30), (4, 0.65, 0.45), (6, 0.78, 0.58)])
def test_announcements_never_learned_from_are_told_by_their_first_words(
    count: int, against: float, clearly: float
) -> None:
    found = said.shares(said.announcements()["announcements"], count)
    assert found[0] >= against and found[1] >= clearly, found


@pytest.mark.parametrize("count", [2, 3, 4, 6, 8])
@pytest.mark.parametrize("kind", ["agents", "reading"])
def test_people_are_seldom_taken_for_an_announcement(kind: str, count: int) -> None:
    # "thank you for calling ..." and "thank you for holding ..." are the same from both until the name comes
    assert said.shares(said.persons()[kind], count)[1] <= 0.08


@pytest.mark.parametrize("count", [2, 3, 4, 6, 99])
def test_announcements_are_hardly_ever_taken_for_a_person(count: int) -> None:
    assert said.shares(said.announcements()["announcements"], count)[2] <= 0.02


def test_names_and_numbers_are_each_one_class() -> None:
    assert wording.words("this is Dana press 24 now") == [
        "this",
        "is",
        wording.NAME,
        "press",
        wording.NUMBER,
        "now",
    ]
    assert wording.odds("hello this is dana") == wording.odds("hello this is peter")


def test_features_are_words_pairs_and_the_beginning() -> None:
    assert wording.features("your call") == {"your", "call", "<s> your", "your call", "<s> your call"}
    assert wording.features("") == frozenset()
    assert wording.odds("") == 0.0 == phrases.register("")


def test_a_small_sum_says_nothing_and_a_large_one_is_bounded() -> None:
    assert phrases.register("zyzzyva quux") == pytest.approx(0.0)
    assert phrases.register("please stay on the line a representative will be with you shortly") <= -4.0
    assert phrases.register("yeah hi um i'm just looking at it now") <= 0.6


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    assert -4.5 <= phrases.register(text) <= 0.6
