"""How long a wait will probably be: from what was announced, from how the queue moves, and from past calls. Pure.

    announced wait, counted down  -+
    positions passed per minute   -+--> Estimate: seconds left, by when to be back, because
    past waits longer than so far -+

The same past waits say how likely a person is to be expected now (``expected_odds``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MINUTE_S = 60.0
HOUR_MIN, DAY_MIN = 60, 1440
NEAR_HOURS = 1
"""Past waits that began within so many hours of the time of day count as those "at this hour"."""
ENOUGH_WAITS = 3
"""So many past waits at this hour are enough; with fewer all are taken."""

LEAST_MOVING_S = 20.0
"""Positions announced closer together tell no rate."""
MOST_S = 4 * 3600.0
"""Nobody is told of a longer wait: beyond it the reckoning has lost its ground."""

BACK_SHARE, BACK_SPARE_S = 0.7, 30.0
"""Be back after this share of the shortest reckoning, less a little: a queue now and then jumps ahead."""

MOST_ODDS = 0.7
"""Bound of what is expected, in log-odds: it may tip a doubtful voice, and never makes or hides a person."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A past wait on hold: ``weekday`` 0 (Monday) to 6 and ``hour`` 0 to 23 of its beginning, by the user's clock."""

    weekday: int
    hour: int
    length_s: float


@dataclass(frozen=True, slots=True)
class Moment:
    """The user's clock at the beginning of the call: ``weekday`` 0 (Monday) to 6, ``minute`` of the day."""

    weekday: int
    minute: int

    def minute_at(self, at_s: float) -> float:
        """Minute of the day (0 to 1440) at that second of the call."""
        return (self.minute + at_s / MINUTE_S) % DAY_MIN

    def weekday_at(self, at_s: float) -> int:
        """Day of the week at that second of the call."""
        return (self.weekday + int((self.minute + at_s / MINUTE_S) // DAY_MIN)) % 7


@dataclass(frozen=True, slots=True)
class Reading:
    """What was announced of the queue at a moment; None where nothing was said."""

    at_s: float
    position: int | None
    wait_min: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The rest of the wait in seconds, by when to be back (0: stay near), and what it was reckoned from."""

    left_s: float
    back_in_s: float
    because: str


def usual(waits: Sequence[Wait], moment: Moment | None) -> tuple[float, ...]:
    """Lengths in seconds of the past waits that tell something about now: at this hour and kind of day, else all."""
    if moment is None:
        return tuple(wait.length_s for wait in waits)
    hour, weekend = moment.minute // HOUR_MIN, moment.weekday >= 5
    near = [
        wait.length_s
        for wait in waits
        if min((wait.hour - hour) % 24, (hour - wait.hour) % 24) <= NEAR_HOURS
        and (wait.weekday >= 5) == weekend
    ]
    return tuple(near) if len(near) >= ENOUGH_WAITS else tuple(wait.length_s for wait in waits)


def _of_announced(readings: Sequence[Reading], now_s: float) -> tuple[float, float, str] | None:
    for reading in reversed(readings):
        if reading.wait_min is not None:
            left_s = reading.wait_min * MINUTE_S - (now_s - reading.at_s)
            return (left_s, 1.0, "as announced") if left_s > -MINUTE_S else None
    return None


def pace_s(readings: Sequence[Reading]) -> float | None:
    """Seconds a position takes, from the positions since the queue last went the wrong way; None while unknown."""
    run: list[Reading] = []
    for reading in readings:
        if reading.position is None:
            continue
        if run and reading.position > (run[-1].position or 0):
            run = []
        run.append(reading)
    if len(run) < 2:
        return None
    passed = (run[0].position or 0) - (run[-1].position or 0)
    took_s = run[-1].at_s - run[0].at_s
    return took_s / passed if passed > 0 and took_s >= LEAST_MOVING_S else None


def _of_pace(readings: Sequence[Reading], now_s: float) -> tuple[float, float, str] | None:
    slot_s = pace_s(readings)
    if slot_s is None:
        return None
    positions = [reading for reading in readings if reading.position is not None]
    last, first = positions[-1], positions[0]
    passed = max(1, (first.position or 0) - (last.position or 0))
    left_s = (last.position or 0) * slot_s - (now_s - last.at_s)
    weight = 0.5 * min(passed, 6)
    return (left_s, weight, f"a caller takes about {_said(slot_s)}") if left_s > -slot_s else None


def _of_past(past_s: Sequence[float], waited_s: float) -> tuple[float, float, str] | None:
    longer = [length_s - waited_s for length_s in past_s if length_s > waited_s]
    if not longer:
        return None
    calls = "the last call" if len(past_s) == 1 else f"{len(past_s)} past calls"
    return median(longer), 0.5 * min(1.0, len(longer) / ENOUGH_WAITS), f"from {calls}"


def _said(seconds: float) -> str:
    return f"{round(seconds / MINUTE_S)} min" if seconds >= 90 else f"{round(seconds)} s"


def estimate(
    readings: Sequence[Reading], now_s: float, waited_s: float, past_s: Sequence[float]
) -> Estimate | None:
    """The rest of the wait; None while nothing tells it. ``past_s``: lengths of past waits (``usual``)."""
    found = (_of_announced(readings, now_s), _of_pace(readings, now_s), _of_past(past_s, waited_s))
    told = [(max(0.0, left_s), weight, why) for left_s, weight, why in filter(None, found)]
    if not told:
        return None
    total = sum(weight for _, weight, _ in told)
    left_s = min(MOST_S, sum(left * weight for left, weight, _ in told) / total)
    back_s = BACK_SHARE * min(left_s, *(left for left, _, _ in told)) - BACK_SPARE_S
    back_s = back_s // MINUTE_S * MINUTE_S
    return Estimate(left_s, max(0.0, back_s), "; ".join(why for _, _, why in told))


def expected_odds(
    elapsed_s: float, usual_s: Sequence[float], position: int | None = None, wait_min: float | None = None
) -> float:
    """How much a person is to be expected now, in log-odds within +-``MOST_ODDS``; 0 when nothing is known.

    ``elapsed_s``: waited so far. ``usual_s``: lengths of past waits. ``position``: as last announced. ``wait_min``:
    the announced wait that is left. Late in the usual wait and first in line speak for a person, early and far back
    against one.
    """
    odds = 0.0
    if usual_s:
        # The share of past waits that were over by now, with a little for those about to be.
        over = sum(1 for length_s in usual_s if length_s <= 1.15 * elapsed_s) / len(usual_s)
        odds += 0.9 * (over - 0.5) * len(usual_s) / (len(usual_s) + 2)
    if position is not None:
        odds += {1: 0.4, 2: 0.1}.get(position, max(-0.5, -0.2 - 0.05 * (position - 3)))
    if wait_min is not None:
        odds += 0.3 if wait_min <= 1.0 else -0.3 if wait_min >= 5.0 else 0.0
    return max(-MOST_ODDS, min(MOST_ODDS, odds))
