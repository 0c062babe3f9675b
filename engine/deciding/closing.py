"""When a company closes, by what it says: "we close in ten minutes", "our hours are nine a m to five p m". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.deciding.phrases import number_at, plain

NOON, HOUR_MIN = 12, 60

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = "(?:" + "|".join(_DAYS) + ")s?"
_DAY_SPAN = re.compile(
    rf"\b(?P<first>{_DAY}) (?:to|through|thru|until) (?P<last>{_DAY})\b"
    r"|\b(?P<every>seven days a week|every day|daily)\b"
    r"|\b(?P<weekdays>weekdays)\b"
)
_CLOSES_IN = re.compile(
    r"\b(?:clos(?:e|es|ing)|lines? (?:will )?shuts?) (?!your |an |my |this |that )(?:\w+ ){0,2}?"
    r"(?:in|within) (?P<n>[a-z ]+?) (?P<unit>minutes?|hours?|hour|half hour)\b"
)
_CLOSES_SOON = re.compile(
    r"\b(?:closing (?:soon|shortly)|close (?:soon|shortly)|about to close|nearing closing time"
    r"|approaching (?:the end of )?(?:closing time|our business hours|business hours))\b"
)
_CLOSES_AT = re.compile(
    r"\b(?:clos(?:e|es|ing)(?: today)?(?: at)|open (?:today )?(?:until|till)) (?P<at>[a-z' ]+)"
)
_HOURS = re.compile(r"\b(?:hours|open|available|from|between)\b")
_RANGE = re.compile(
    r"(?P<from>(?:[a-z]+ ){1,4}?(?:a ?m|p ?m|noon|o'clock)) (?:to|until|till|and|through) (?P<to>[a-z' ]+)"
)


@dataclass(frozen=True, slots=True)
class Closing:
    """What was said of closing. ``in_min``: minutes from now; ``at_min``: minute of the day, by the company's clock.

    ``opens_min``, ``days`` (0 Monday to 6): announced hours. ``soon``: it closes soon, without a time.
    """

    in_min: float | None = None
    at_min: int | None = None
    opens_min: int | None = None
    days: frozenset[int] | None = None
    soon: bool = False

    @property
    def hours(self) -> str:
        """Opening hours in short, as in "Monday to Friday, 9 a.m. to 5 p.m."; empty when none were said."""
        if self.opens_min is None or self.at_min is None:
            return ""
        times = f"{clock(self.opens_min)} to {clock(self.at_min)}"
        return f"{_days_said(self.days)}, {times}" if self.days else times


def clock(minute: int) -> str:
    """As in "5 p.m.", "5:30 p.m.", "noon"."""
    hour, rest = divmod(minute % (24 * HOUR_MIN), HOUR_MIN)
    if not rest and hour in (0, NOON):
        return "noon" if hour else "midnight"
    half = "a.m." if hour < NOON else "p.m."
    shown = hour % NOON or NOON
    return f"{shown}:{rest:02d} {half}" if rest else f"{shown} {half}"


def _days_said(days: frozenset[int] | None) -> str:
    if not days:
        return ""
    names = [_DAYS[day].capitalize() for day in sorted(days)]
    if len(days) == 7:
        return "every day"
    return f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0]


def _time_of_day(text: str, *, closing: bool) -> int | None:
    """The minute of the day that ``text`` begins with: "five thirty p m", "noon", "nine o'clock"."""
    words = text.split()
    if not words:
        return None
    if words[0] in ("noon", "midnight"):
        return NOON * HOUR_MIN if words[0] == "noon" else 24 * HOUR_MIN
    found = number_at(words, 0)
    if found is None or not 1 <= found[0] <= 24:
        return None
    (hour, used), minute = found, 0
    while used < len(words) and (further := number_at(words, used)) is not None:
        minute, used = minute * 10 + further[0] if minute < 6 else minute, used + further[1]
    rest = words[used:]
    if rest[:1] == ["o'clock"]:
        rest = rest[1:]
    half = "".join(rest[:2]) if rest[:1] in (["a"], ["p"]) else "".join(rest[:1])
    if minute >= HOUR_MIN:
        return None
    if half.startswith("pm") and hour < NOON:
        hour += NOON
    elif half.startswith("am"):
        hour %= NOON
    elif half[:2] not in ("am", "pm") and closing and hour < NOON:
        hour += NOON  # nobody closes at five in the morning without saying so
    return hour * HOUR_MIN + minute


def _days_of(text: str) -> frozenset[int] | None:
    match = _DAY_SPAN.search(text)
    if match is None:
        return None
    if match["every"]:
        return frozenset(range(7))
    if match["weekdays"]:
        return frozenset(range(5))
    first, last = (_DAYS.index(match[end].removesuffix("s")) for end in ("first", "last"))
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))


def heard(text: str) -> Closing | None:
    """What ``text`` says of closing or of opening hours; None when nothing."""
    text = plain(text)
    in_n = _CLOSES_IN.search(text)
    if in_n is not None:
        words = in_n["n"].split()
        found = next((n for i in range(len(words)) if (n := number_at(words, i))), None)
        count = 1.0 if found is None and words[-1:] in (["a"], ["an"], ["one"]) else None
        count = 0.5 if "half" in in_n["n"] or in_n["unit"] == "half hour" else count
        count = float(found[0]) if found is not None else count
        if count is not None:
            return Closing(in_min=count * (HOUR_MIN if "hour" in in_n["unit"] else 1))
    span = _RANGE.search(text) if _HOURS.search(text) else None
    if span is not None:
        begins = span["from"].split()
        opens = next(
            (t for i in range(len(begins)) if (t := _time_of_day(" ".join(begins[i:]), closing=False))), None
        )
        closes = _time_of_day(span["to"], closing=True)
        if opens is not None and closes is not None and opens < closes:
            return Closing(at_min=closes, opens_min=opens, days=_days_of(text))
    at = _CLOSES_AT.search(text)
    if at is not None and (minute := _time_of_day(at["at"], closing=True)) is not None:
        return Closing(at_min=minute)
    return Closing(soon=True) if _CLOSES_SOON.search(text) else None
