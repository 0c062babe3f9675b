"""What every call shares, and where a call goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine import learning
from engine.audio.ring import RingReader
from engine.bus import Bus
from engine.call import CallId
from engine.hearing.perceptions import Perception
from engine.hearing.prints import Prints
from engine.learning import Shelf
from engine.lines import Lines
from engine.slayer import Asker
from engine.speaking.voice import Voice


class Ears(learning.Ears, Protocol):
    """What a call needs of ``hearing.listener.Listener``."""

    def attach(
        self,
        call: CallId,
        reader: RingReader,
        handler: Callable[[Perception], None],
        known: Prints | None = None,
    ) -> None:
        """Begin to listen; perceptions reach ``handler`` on the loop's thread, in order. ``known``: announcements."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every call shares."""

    lines: Lines
    ears: Ears
    asker: Asker
    voice: Voice | None
    bus: Bus
    now: Callable[[], float]
    recordings: Path | None
    record_all: bool
    gone: Callable[[CallId], None]
    companies: Shelf | None = None  # None: nothing is remembered beyond the call


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes. ``extension``: digits to press after the answer, a comma being a pause of two seconds."""

    uri: str
    account: str = ""
    extension: str = ""
