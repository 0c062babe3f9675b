"""What the line sounded like, as stretches of time on the call clock, and the moments worth a mark. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SOUNDS_KEPT = 4000
"""Stretches kept for the ribbon; a two-hour hold has about 2,000 changes of sound."""


class Heard(StrEnum):
    """What a stretch of the ribbon was."""

    SILENCE = "silence"
    TONE = "tone"
    MUSIC = "music"
    VOICE = "voice"  # a recording, as far as we know
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The line sounded like ``heard`` from ``start_s`` (call clock) until the next stretch begins."""

    start_s: float
    heard: Heard


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth a mark on the ribbon: ``kind`` is "key", "said", "menu" or "repeat"."""

    at_s: float
    kind: str
    text: str


def since(sounds: tuple[Stretch, ...], start_s: float, heard: Heard) -> tuple[Stretch, ...]:
    """``sounds`` with everything from ``start_s`` on replaced by ``heard``."""
    before = tuple(s for s in sounds if s.start_s < start_s)
    if before and before[-1].heard is heard:
        return before
    return (*before, Stretch(start_s, heard))[-SOUNDS_KEPT:]


def recast(
    sounds: tuple[Stretch, ...], start_s: float, old: Heard, new: Heard, end_s: float = float("inf")
) -> tuple[Stretch, ...]:
    """``sounds`` with what was ``old`` between ``start_s`` and ``end_s`` shown as ``new``."""
    cut: list[Stretch] = []
    for index, stretch in enumerate(sounds):
        until = sounds[index + 1].start_s if index + 1 < len(sounds) else float("inf")
        overlap_start, overlap_end = max(stretch.start_s, start_s), min(until, end_s)
        if stretch.heard is not old or overlap_start >= overlap_end:
            cut.append(stretch)
            continue
        if stretch.start_s < overlap_start:
            cut.append(stretch)
        cut.append(Stretch(overlap_start, new))
        if overlap_end < until:
            cut.append(Stretch(overlap_end, old))
    joined: list[Stretch] = []
    for stretch in cut:
        if not joined or joined[-1].heard is not stretch.heard:
            joined.append(stretch)
    return tuple(joined)
