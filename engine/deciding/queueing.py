"""The queue as one call sees it: where we stand, how it moves, how long it will take, what goes wrong. Pure.

    announcement -> hear  -> NoteQueue, NoteHours, Warn
    time         -> reckon -> NoteEstimate, Warn (it closes before we are through)

An estimate is told when it is new, when the company has said something, and when it has drifted by more than a quarter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.deciding import closing, phrases
from engine.deciding.decisions import Action, NoteEstimate, NoteHours, NoteQueue, Warn
from engine.deciding.expecting import DAY_MIN, MINUTE_S, Estimate, Moment, Reading, estimate

KEPT_READINGS = 60
EVERY_S = 10.0
"""How often the wait is reckoned anew while nothing is said."""
DRIFT_SHARE, DRIFT_S = 0.25, 75.0
"""An estimate is told again when it differs from the one told, counted down, by more than both."""
CLOSES_SOON_MIN = 30.0
"""Closing is worth a warning when it is nearer than this."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What is known of the queue in this call."""

    readings: tuple[Reading, ...] = ()
    told: Estimate | None = None
    told_s: float = 0.0
    reckoned_s: float = -1e9
    heard_since: bool = False  # something was announced since the last estimate
    closes_s: float | None = None  # call clock
    hours: str = ""
    warned_closing: bool = False
    warned_late: bool = False

    @property
    def position(self) -> int | None:
        """Position as announced last."""
        return next((r.position for r in reversed(self.readings) if r.position is not None), None)

    def wait_left_min(self, now_s: float) -> float | None:
        """The wait as announced last, counted down."""
        said = next((r for r in reversed(self.readings) if r.wait_min is not None), None)
        if said is None or said.wait_min is None:
            return None
        return max(0.0, said.wait_min - (now_s - said.at_s) / MINUTE_S)


def _minutes(minutes: float) -> str:
    whole = round(minutes)
    return "less than a minute" if whole < 1 else "1 minute" if whole == 1 else f"{whole} minutes"


def _went_wrong(queue: Queue, position: int | None, wait_min: float | None) -> tuple[Action, ...]:
    warnings: list[Action] = []
    before = queue.position
    if position is not None and before is not None and position > before:
        warnings.append(
            Warn(
                "position_up", f"You moved back in the queue: number {position}, and it was {before} before."
            )
        )
    said = next((r.wait_min for r in reversed(queue.readings) if r.wait_min is not None), None)
    if wait_min is not None and said is not None and wait_min > said:
        warnings.append(
            Warn("wait_up", f"The wait got longer: {_minutes(wait_min)} now, {_minutes(said)} before.")
        )
    return tuple(warnings)


def _closing(queue: Queue, text: str, now_s: float, clock: Moment | None) -> tuple[Queue, tuple[Action, ...]]:
    said = closing.heard(text)
    if said is None:
        return queue, ()
    actions: list[Action] = []
    if said.hours and said.hours != queue.hours:
        queue = replace(queue, hours=said.hours)
        actions.append(NoteHours(said.hours))
    left_min = said.in_min
    if left_min is None and said.at_min is not None and clock is not None:
        today = said.days is None or clock.weekday_at(now_s) in said.days
        left_min = said.at_min - clock.minute_at(now_s) if today else None
        left_min = left_min if left_min is not None and 0 <= left_min < DAY_MIN else None
    if left_min is not None:
        queue = replace(queue, closes_s=now_s + left_min * MINUTE_S)
    if queue.warned_closing:
        return queue, tuple(actions)
    if said.in_min is not None or (left_min is not None and left_min <= CLOSES_SOON_MIN):
        actions.append(Warn("closing", f"The company closes in {_minutes(left_min or 0)}."))
    elif said.soon:
        actions.append(Warn("closing", "The company says that it closes soon."))
    else:
        return queue, tuple(actions)
    return replace(queue, warned_closing=True), tuple(actions)


def hear(queue: Queue, text: str, now_s: float, clock: Moment | None) -> tuple[Queue, tuple[Action, ...]]:
    """The queue after an announcement, and what is to be said of it. ``clock``: the user's, None when unknown."""
    queue, actions = _closing(queue, text, now_s, clock)
    position, wait_min = phrases.queue_news(text)
    if position is None and wait_min is None:
        return queue, actions
    actions += _went_wrong(queue, position, wait_min)
    last = queue.readings[-1] if queue.readings else None
    # A caption may come twice, and a voice may say it twice in a breath: one reading.
    again = last is not None and (position, wait_min) == (last.position, last.wait_min)
    if not again:
        actions += (NoteQueue(position, wait_min),)
    reading = Reading(now_s, position, wait_min)
    return replace(queue, readings=(*queue.readings, reading)[-KEPT_READINGS:], heard_since=True), actions


def _worth_telling(queue: Queue, new: Estimate, now_s: float) -> bool:
    if queue.told is None or queue.heard_since:
        return True
    expected_s = max(0.0, queue.told.left_s - (now_s - queue.told_s))
    return abs(new.left_s - expected_s) > max(DRIFT_S, DRIFT_SHARE * expected_s)


def reckon(
    queue: Queue, now_s: float, hold_since_s: float, past_s: Sequence[float]
) -> tuple[Queue, tuple[Action, ...]]:
    """The queue as time passes on hold, and what is to be said of it. ``past_s``: lengths of past waits."""
    if not queue.heard_since and now_s - queue.reckoned_s < EVERY_S:
        return queue, ()
    queue = replace(queue, reckoned_s=now_s)
    new = estimate(queue.readings, now_s, now_s - hold_since_s, past_s)
    if new is None:
        return replace(queue, heard_since=False), ()
    actions: list[Action] = []
    if _worth_telling(queue, new, now_s):
        actions.append(NoteEstimate(new.left_s, new.back_in_s, new.because))
        queue = replace(queue, told=new, told_s=now_s)
    queue = replace(queue, heard_since=False)
    closes_in_s = None if queue.closes_s is None else queue.closes_s - now_s
    if closes_in_s is not None and new.left_s > closes_in_s > 0 and not queue.warned_late:
        text = (
            f"The company closes in {_minutes(closes_in_s / MINUTE_S)}, and the wait will probably take "
            f"{_minutes(new.left_s / MINUTE_S)}."
        )
        actions.append(Warn("closing", text))
        queue = replace(queue, warned_late=True, warned_closing=True)
    return queue, tuple(actions)
