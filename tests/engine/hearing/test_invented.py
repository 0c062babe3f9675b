"""What Whisper makes up is not believed, and what was said is: pure, over the library's values."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hearing.invented import believable, over_and_over


@dataclass
class Said:
    text: str
    avg_logprob: float = -0.2
    no_speech_prob: float = 0.05
    compression_ratio: float = 1.2


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ([], "no words"),
        ([Said("  ")], "no words"),
        ([Said(" [Music]"), Said("(applause)"), Said("♪ la la la ♪")], "sounds"),
        ([Said("Good day", avg_logprob=-0.8)], "few words"),
        ([Said("you will find that the matter is closed", avg_logprob=-1.4)], "low confidence"),
        ([Said("we hope to be with you and goodbye", avg_logprob=-0.7, no_speech_prob=0.9)], "no speech"),
        ([Said("the the the the the the", compression_ratio=4.0)], "repeated"),
        ([Said("I'm sorry. I'm sorry. I'm sorry.")], "repeated"),
        ([Said("please hold"), Said("please hold"), Said("please hold")], "repeated"),
        ([Said("no no no no no no")], "repeated"),
        ([Said(" Thank you.", avg_logprob=-0.4)], "invents"),
        ([Said(" Thank you.", avg_logprob=-0.1, no_speech_prob=0.4)], "invents"),
        ([Said("you", avg_logprob=-0.5)], "invents"),
        ([Said("Bye. Bye.", avg_logprob=-0.3)], "invents"),
        ([Said("[Music] Thank you.", avg_logprob=-0.4)], "invents"),
        ([Said("Thanks for watching!", avg_logprob=-0.05, no_speech_prob=0.0)], "ends a film"),
        ([Said("Subtitles by the Amara.org community", avg_logprob=-0.1)], "ends a film"),
        ([Said("Please like and subscribe", avg_logprob=-0.1)], "ends a film"),
    ],
)
def test_invented_text_is_not_believed(pieces: list[Said], reason: str) -> None:
    text, sure, why = believable(pieces)
    assert (text, sure) == ("", 0.0)
    assert reason in why


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for holding, this is Dana.",
        "Thank you for calling. Thank you for your patience.",
        "Hello?",
        "Hello? Hello? Hello?",
        "No, no, no.",
        "five five five, five five",
        "Thanks for waiting.",
    ],
)
def test_what_people_say_is_believed(text: str) -> None:
    assert believable([Said(text)], 2.0)[0] == text


def test_a_thank_you_that_the_model_is_sure_of_is_believed() -> None:
    assert believable([Said(" Thank you.", avg_logprob=-0.1)])[0] == "Thank you."


def test_good_text_is_believed() -> None:
    text, sure, why = believable([Said(" Hello, this is Dana. "), Said("How can I help?", avg_logprob=-0.1)])
    assert text == "Hello, this is Dana. How can I help?"
    assert sure > 0.8 and why == ""


def test_more_words_than_can_be_said_are_not_believed() -> None:
    words = "all of our agents are busy now and will be with you as soon as they can"
    assert believable([Said(words)], 3.5)[0] == words
    assert "more words" in believable([Said(words)], 1.0)[2]


def test_over_and_over() -> None:
    assert over_and_over(["a", "b"] * 3)
    assert not over_and_over(["a", "b"] * 2)
    assert not over_and_over(["a"] * 5) and over_and_over(["a"] * 6)
    assert over_and_over(["x", *["a", "b", "c"] * 3, "y"])
    assert not over_and_over([])


@given(
    st.lists(
        st.builds(Said, st.text(max_size=80), st.floats(-3, 0), st.floats(0, 1), st.floats(0, 5)), max_size=4
    )
)
def test_a_text_or_a_reason(pieces: list[Said]) -> None:
    text, sure, why = believable(pieces, 2.0)
    assert bool(text) != bool(why) and 0.0 <= sure <= 1.0
