"""What a composed call is made of, and what is true in it: plain values, all times in seconds from its beginning."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tests.bench.hearing.channel import Channel


class Kind(StrEnum):
    """What a stretch of a call is."""

    RINGBACK = "ringback"
    GREETING = "greeting"
    MENU = "menu"
    MUSIC = "music"
    VOCALS = "vocals"
    SILENCE = "silence"
    BEEP = "beep"
    TRANSFER = "transfer"
    ANNOUNCEMENT = "first-heard announcement"
    REPEAT = "heard before"
    ADVERT = "advert over music"
    NEWCOMER = "new announcer"
    HELLO = "planted hello"
    PERSON = "person"
    AGAIN = "music again"  # the person put us back on hold


RECORDED = frozenset(
    {
        Kind.GREETING,
        Kind.MENU,
        Kind.ANNOUNCEMENT,
        Kind.REPEAT,
        Kind.ADVERT,
        Kind.NEWCOMER,
        Kind.HELLO,
    }
)
"""Voices that are recordings. They lie over a background of one of the other kinds."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Sound laid into a call: clips joined and looped, or one sound made by ``render`` (its name has a colon).

    ``from_s`` is where it starts in its source, ``fade_s`` how long it swells (within its length) and fades.
    """

    sources: tuple[str, ...]
    at_s: float
    length_s: float
    from_s: float = 0.0
    gain_db: float = 0.0
    fade_s: float = 0.005
    leg: int = 0


@dataclass(frozen=True, slots=True)
class Truth:
    """What is heard from ``start_s`` to ``end_s``; ``clip`` and ``voice`` where it is a clip."""

    kind: Kind
    start_s: float
    end_s: float
    clip: str = ""
    voice: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg of the line with a channel of its own: the company's, or the agent's telephone."""

    channel: Channel
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """One call. ``first_word_s`` and ``person_until_s`` are None where nobody comes.

    ``truth`` holds the background (covers the call without a gap) and, over it, the recorded voices and the person.
    ``hold_from_s`` is where the waiting begins; it lasts to the first word or the end. ``tags`` say what is special.
    """

    number: int
    side: str
    length_s: float
    hold_from_s: float
    layers: tuple[Layer, ...]
    legs: tuple[Leg, ...]
    truth: tuple[Truth, ...]
    first_word_s: float | None = None
    person_until_s: float | None = None
    tags: tuple[str, ...] = ()

    @property
    def hold_s(self) -> float:
        """For how long one waits."""
        until_s = self.first_word_s if self.first_word_s is not None else self.length_s
        return until_s - self.hold_from_s

    def voices(self) -> tuple[Truth, ...]:
        """The recorded voices in the order of time."""
        return tuple(t for t in self.truth if t.kind in RECORDED)

    def in_person(self, at_s: float) -> bool:
        """Whether a person is on the line."""
        return (
            self.first_word_s is not None
            and self.person_until_s is not None
            and self.first_word_s <= at_s < self.person_until_s
        )

    def spoken_at(self, at_s: float, since_s: float, lag_s: float = 2.0) -> Truth | None:
        """The recorded voice that a belief of ``at_s`` about a voice since ``since_s`` is about: the last that
        overlaps that stretch, or ended at most ``lag_s`` before it; None when none does."""
        last = None
        for truth in self.voices():
            if truth.start_s <= at_s and truth.end_s + lag_s >= since_s:
                last = truth
        return last

    def kind_at(self, at_s: float, since_s: float) -> Truth:
        """What a belief of ``at_s`` about a voice since ``since_s`` is about: a recorded voice, or the background."""
        spoken = self.spoken_at(at_s, since_s)
        if spoken is not None and spoken.end_s + 0.5 >= since_s:
            return spoken
        return self.background_at(max(0.0, since_s))

    def background_at(self, at_s: float) -> Truth:
        """The background at a time (the last one beyond the end)."""
        last = self.truth[0]
        for truth in self.truth:
            if truth.kind not in RECORDED and truth.start_s <= at_s:
                last = truth
        return last
