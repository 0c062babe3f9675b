"""How long the wait will be, what goes wrong with it, and when the company closes: tables, no sound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.deciding import closing, queueing
from engine.deciding.decisions import WARNINGS, NoteEstimate, NoteHours, NoteQueue, Warn
from engine.deciding.expecting import (
    MOST_ODDS,
    Moment,
    Reading,
    Wait,
    estimate,
    expected_odds,
    pace_s,
    usual,
)
from engine.deciding.queueing import Queue

MONDAY_TEN = Moment(weekday=0, minute=600)


def readings(*said: tuple[float, int | None, float | None]) -> tuple[Reading, ...]:
    return tuple(Reading(*one) for one in said)


@pytest.mark.parametrize(
    ("said", "pace"),
    [
        ((), None),
        (((0.0, 5, None),), None),
        (((0.0, 5, None), (120.0, 3, None)), 60.0),
        (((0.0, 5, None), (10.0, 4, None)), None),  # too short to tell
        (((0.0, 5, None), (60.0, 5, None)), None),  # does not move
        (((0.0, 5, None), (60.0, 4, None), (180.0, 4, None)), 180.0),  # slows down
        (((0.0, 2, None), (60.0, 6, None), (120.0, 5, None)), 60.0),  # counted from where it went wrong
        (((0.0, None, 5.0), (60.0, 4, None), (90.0, None, 3.0), (160.0, 2, None)), 50.0),
    ],
)
def test_pace(said: tuple[tuple[float, int | None, float | None], ...], pace: float | None) -> None:
    assert pace_s(readings(*said)) == pace


@pytest.mark.parametrize(
    ("said", "now_s", "past_s", "left_s"),
    [
        ((), 60.0, (), None),
        (((0.0, None, 6.0),), 60.0, (), 300.0),
        (((0.0, None, 2.0),), 400.0, (), None),  # long over: it tells nothing any more
        (((0.0, 4, None), (120.0, 2, None)), 150.0, (), 90.0),  # 60 s a caller, two to go, 30 s since
        ((), 100.0, (400.0,), 300.0),
        ((), 500.0, (400.0,), None),
        ((), 100.0, (50.0, 200.0, 400.0, 700.0), 300.0),  # the median of those still going on
    ],
)
def test_estimate(
    said: tuple[tuple[float, int | None, float | None], ...],
    now_s: float,
    past_s: tuple[float, ...],
    left_s: float | None,
) -> None:
    made = estimate(readings(*said), now_s, now_s, past_s)
    assert (None if made is None else made.left_s) == left_s
    if made is not None:
        assert made.because
        assert 0.0 <= made.back_in_s < max(1.0, made.left_s)


def test_several_reckonings_are_weighed_together_and_the_shortest_says_when_to_be_back() -> None:
    made = estimate(readings((0.0, 6, 10.0), (120.0, 4, None)), 120.0, 120.0, (900.0,) * 3)
    assert made is not None
    # announced 480 s left (1), 60 s a caller makes 240 s (1), past calls 780 s (0.5)
    assert made.left_s == pytest.approx((480 + 240 + 390) / 2.5)
    assert made.back_in_s == 120.0  # 0.7 of 240 s, less 30 s, in whole minutes
    assert made.because == "as announced; a caller takes about 60 s; from 3 past calls"


def test_past_waits_at_this_hour_count_when_there_are_enough() -> None:
    at_ten = [Wait(1, 10, 300.0), Wait(2, 11, 310.0), Wait(3, 9, 320.0)]
    other = [Wait(0, 16, 900.0), Wait(6, 10, 60.0)]
    assert usual(at_ten + other, MONDAY_TEN) == (300.0, 310.0, 320.0)
    assert len(usual(at_ten[:2] + other, MONDAY_TEN)) == 4
    assert len(usual(at_ten + other, None)) == 5
    assert usual([Wait(0, 23, 5.0)] * 3, Moment(0, 10)) == (5.0,) * 3  # midnight lies between them


@pytest.mark.parametrize(
    ("elapsed_s", "usual_s", "position", "wait_min", "sign"),
    [
        (0.0, (), None, None, 0),
        (10.0, (600.0,) * 5, None, None, -1),
        (600.0, (600.0,) * 5, None, None, 1),
        (10.0, (), 1, None, 1),
        (10.0, (), 9, None, -1),
        (10.0, (), None, 0.5, 1),
        (10.0, (), None, 20.0, -1),
    ],
)
def test_what_is_expected(
    elapsed_s: float,
    usual_s: tuple[float, ...],
    position: int | None,
    wait_min: float | None,
    sign: int,
) -> None:
    odds = expected_odds(elapsed_s, usual_s, position, wait_min)
    assert (odds > 0) - (odds < 0) == sign


@given(
    st.floats(0, 1e5),
    st.lists(st.floats(0, 1e5), max_size=40),
    st.none() | st.integers(0, 500),
    st.none() | st.floats(0, 600),
)
def test_what_is_expected_stays_small(
    elapsed_s: float, usual_s: list[float], position: int | None, wait_min: float | None
) -> None:
    assert -MOST_ODDS <= expected_odds(elapsed_s, usual_s, position, wait_min) <= MOST_ODDS


# --- what is said ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("We close in ten minutes.", closing.Closing(in_min=10)),
        ("Our offices will be closing in 15 minutes", closing.Closing(in_min=15)),
        ("the lines close in half an hour", closing.Closing(in_min=30)),
        ("our office is closing soon", closing.Closing(soon=True)),
        ("please note that we close at 5 p.m. today", closing.Closing(at_min=17 * 60)),
        ("we are open until 8:30 pm", closing.Closing(at_min=20 * 60 + 30)),
        ("your estimated wait is ten minutes", None),
        ("press one to close your account in two minutes", None),
        ("thank you for being close to us", None),
        ("we are open twenty four hours a day", None),
        ("", None),
    ],
)
def test_closing(text: str, said: closing.Closing | None) -> None:
    assert closing.heard(text) == said


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        (
            "Our hours are Monday through Friday, 8 a.m. to 6 p.m. Eastern time.",
            "Monday to Friday, 8 a.m. to 6 p.m.",
        ),
        ("We are open from nine a m to five thirty p m", "9 a.m. to 5:30 p.m."),
        (
            "Our hours of operation are seven days a week from 7:30 a.m. to 10 p.m.",
            "every day, 7:30 a.m. to 10 p.m.",
        ),
        ("we are open weekdays from 9 am to noon", "Monday to Friday, 9 a.m. to noon"),
    ],
)
def test_hours(text: str, hours: str) -> None:
    said = closing.heard(text)
    assert said is not None and said.hours == hours


@given(st.text(max_size=200))
def test_no_text_is_too_strange(text: str) -> None:
    closing.heard(text)
    queueing.hear(Queue(), text, 1.0, MONDAY_TEN)


# --- the queue of a call -----------------------------------------------------------------------------------------


def test_a_queue_that_moves() -> None:
    queue, said = queueing.hear(Queue(), "you are number four in line", 10.0, None)
    assert said == (NoteQueue(4, None),)
    queue, said = queueing.reckon(queue, 10.0, 0.0, ())
    assert said == ()  # a position alone tells no time
    queue, said = queueing.hear(queue, "you are number two in line", 130.0, None)
    assert said == (NoteQueue(2, None),)
    queue, said = queueing.reckon(queue, 130.2, 0.0, ())
    (told,) = said
    assert isinstance(told, NoteEstimate)
    assert told.left_s == pytest.approx(120.0, abs=1.0)
    queue, said = queueing.reckon(queue, 150.0, 0.0, ())
    assert said == ()  # it counts down as told
    assert queue.position == 2


def test_an_estimate_that_drifts_is_told_anew() -> None:
    queue, said = queueing.reckon(Queue(), 20.0, 0.0, (100.0, 600.0, 650.0))
    assert isinstance(said[0], NoteEstimate) and said[0].left_s == pytest.approx(580.0)
    queue, said = queueing.reckon(queue, 60.0, 0.0, (100.0, 600.0, 650.0))
    assert said == ()
    queue, said = queueing.reckon(queue, 110.0, 0.0, (200.0, 1600.0, 1650.0))
    assert isinstance(said[0], NoteEstimate) and said[0].left_s > 1000.0


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ("you are number two in line", "you are number five in line", "position_up"),
        ("the estimated wait is four minutes", "the estimated wait is nine minutes", "wait_up"),
        ("you are number five in line", "you are number two in line", ""),
        ("the estimated wait is nine minutes", "the estimated wait is four minutes", ""),
        ("all agents are busy", "we close in ten minutes", "closing"),
        ("all agents are busy", "our office is closing soon", "closing"),
        ("all agents are busy", "we close at 10:20 a.m.", "closing"),
        ("all agents are busy", "we close at 5 p.m.", ""),
        ("all agents are busy", "we are open saturday to sunday from 9 a.m. to 10:20 a.m.", ""),
    ],
)
def test_warnings(first: str, second: str, kind: str) -> None:
    queue, _ = queueing.hear(Queue(), first, 60.0, MONDAY_TEN)
    _, said = queueing.hear(queue, second, 120.0, MONDAY_TEN)
    assert [action.kind for action in said if isinstance(action, Warn)] == ([kind] if kind else [])
    assert kind in (*WARNINGS, "")


def test_a_wait_that_outlasts_the_opening_hours_is_warned_of_once() -> None:
    queue, said = queueing.hear(Queue(), "our hours are nine a m to eleven a m", 60.0, MONDAY_TEN)
    assert said == (NoteHours("9 a.m. to 11 a.m."),)
    queue, said = queueing.hear(queue, "the estimated wait is seventy minutes", 120.0, MONDAY_TEN)
    queue, said = queueing.reckon(queue, 121.0, 60.0, ())
    (warning,) = [action for action in said if isinstance(action, Warn)]
    assert warning.text == "The company closes in 58 minutes, and the wait will probably take 70 minutes."
    queue, said = queueing.reckon(queue, 200.0, 60.0, ())
    assert not [action for action in said if isinstance(action, Warn)]


def test_memory_of_a_queue_is_bounded() -> None:
    queue = Queue()
    for number in range(300):
        queue, _ = queueing.hear(queue, f"you are number {90 - number % 90} in line", float(number), None)
    assert len(queue.readings) == queueing.KEPT_READINGS
