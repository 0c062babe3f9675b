"""Normalising, cues, and what the queue says of itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.deciding import phrases
from engine.deciding.phrases import normalise, plain, queue_news, tiers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Press 2, please.", "press two please"),
        ("Your wait is 12 minutes.", "your wait is twelve minutes"),
        ("24/7", "twenty four seven"),
        ("Call 555-0100 now", "call five five five zero one zero zero now"),
        ("For billing, press #. For sales, press *.", "for billing press pound | for sales press star"),
        ("Visit harborbank.com", "visit harborbank dot com"),
        ("I’m OK", "i'm okay"),
        ("our web site and voice mail", "our website and voicemail"),
        ("...", ""),
        ("9 a.m. to 5 p.m.", "nine a m to five p m"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("your call is very important to us", "hold_notice"),
        ("you're college very important to us", "hold_notice"),
        ("all of our agents are helping other customer", "hold_notice"),
        ("there are three callers ahead of you", "position"),
        ("your estimated weight time is ten minutes", "wait"),
        ("did you know you can pay online", "advert"),
        ("thank you for calling harbor bank", "opening"),
        ("this call may be monitored or recorded", "record_notice"),
        ("one moment please while i connect your call", "transfer"),
        ("leave a message after the tone", "voicemail"),
        ("the number you have dialed is not in service", "not_in_service"),
        ("our office is currently closed", "closed"),
        ("to receive a call back press one", "callback_offer"),
        ("to stay on the line press one", "stay_on_line"),
        ("please enter your account number", "identify"),
        ("how may i help you", "offer"),
        ("my name is susan", "name"),
        ("can you hear me", "asks_caller"),
        ("hello", "hello"),
    ],
)
def test_tiers(text: str, tier: str) -> None:
    assert tier in tiers(text)


@pytest.mark.parametrize(
    "text", ["yellow fellows", "the cat sat on the mat", "", "a", "over there in the hills"]
)
def test_no_cue_where_there_is_none(text: str) -> None:
    assert tiers(text) == frozenset()


def test_calling_is_not_holding() -> None:
    assert tiers("thank you for calling") == {"opening"}
    assert tiers("thank you for holding") == {"thanks_for_holding"}


def test_what_may_go_on() -> None:
    assert phrases.may_go_on("hello thank you for")
    assert phrases.may_go_on("all of our")
    assert not phrases.may_go_on("the cat sat")
    assert not phrases.may_go_on("")


@pytest.mark.parametrize(
    ("text", "position", "wait"),
    [
        ("you are number three in line your estimated wait time is four minutes", 3, 4.0),
        ("You are number 12 in the queue.", 12, None),
        ("there are three callers ahead of you", 4, None),
        ("there is one caller ahead of you", 2, None),
        ("you are now first in line", 1, None),
        ("your position in the queue is twenty four", 24, None),
        ("your wait is approximately one hour", None, 60.0),
        ("your estimated wait time is less than a minute", None, 1.0),
        ("your expected wait time is greater than thirty minutes", None, 30.0),
        ("we are open twenty four hours a day", None, None),
        ("press one to hold", None, None),
        ("hello", None, None),
    ],
)
def test_queue_news(text: str, position: int | None, wait: float | None) -> None:
    assert queue_news(text) == (position, wait)


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    phrases.spot(text)
    phrases.register(text)
    queue_news(text)
    assert "|" not in plain(text) or plain(text) == "|"
