"""A company as one drew it: whose voices announce, what plays, and what is said in its queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from tests.bench.hearing.clips import Clip, Library
from tests.bench.hearing.recipe import Kind

WAITING = frozenset(
    {"hold", "position", "notice", "opening", "apology", "web", "safety", "survey", "callback"}
)
ADVERTS = frozenset({"advert"})
HELLOS = frozenset({"agentlike"})
GREETINGS = frozenset({"greeting", "welcome"})
TRANSFERS = frozenset({"transfer"})
PROMPTS = frozenset({"prompt"})
"""Roles of recordings in the manifests."""
LONGEST_S = 22.0
"""Longer clips are manuals read aloud, which no queue plays."""

BACKGROUNDS = ((Kind.MUSIC, 0.66), (Kind.VOCALS, 0.2), (Kind.SILENCE, 0.14))
FOREIGN = 0.35
"""How likely an announcer of another language is, beside 1 for an English one."""
GAPS_S = (((9.0, 18.0), 0.6), ((14.0, 24.0), 0.4))
"""From the end of an announcement to the next one, and how many companies do so."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Item:
    """Something the queue plays: how it counts the first time, and whether it may come again."""

    clip: Clip
    kind: Kind
    again: bool = True


@dataclass(frozen=True, slots=True)
class Company:
    """How one company's queue sounds."""

    announcers: tuple[str, ...]
    tracks: tuple[str, ...]  # clip ids of the hold music, played in a loop; empty: silence
    bed: Kind
    music_db: float
    voice_db: float
    duck_db: float | None  # music beneath announcements; None: it pauses
    gaps_s: tuple[float, float]
    beep_every_s: float  # 0: no beeps
    comfort_db: float | None  # noise where there is silence
    beep_before: bool  # before announcements


class Dice:
    """Draws from a generator."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random = random

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return bool(self.random.random() < share)

    def between(self, low: float, high: float) -> float:
        """A number between two, to the thousandth."""
        return round(float(self.random.uniform(low, high)), 3)

    def one(self, items: Sequence[T]) -> T:
        """One of them."""
        return items[int(self.random.integers(len(items)))]

    def weighted(self, items: Sequence[tuple[T, float]]) -> T:
        """One of them, each as likely as its weight says."""
        total = sum(weight for _, weight in items)
        at = self.random.random() * total
        for item, weight in items:
            at -= weight
            if at < 0:
                return item
        return items[-1][0]


class Casting:
    """Chooses the voices and sounds of a company from a library.

    Raises ``ValueError`` when the library lacks a class of clips, or an announcer with three announcements.
    """

    def __init__(self, dice: Dice, library: Library) -> None:
        self.dice = dice
        self.library = library
        self.recordings = [c for c in library.of("recording") if 0.8 <= c.length_s <= LONGEST_S]
        able = any(len(self.clips(WAITING, (v,))) >= 3 for v in library.voices("recording"))
        if not able or not library.of("human") or not library.of("music"):
            raise ValueError(
                f"A call needs announcements, music and persons; there are: {library.summary()}."
            )

    def clips(self, roles: frozenset[str], voices: tuple[str, ...] | None = None) -> list[Clip]:
        """Recordings of those roles (and voices)."""
        return [
            c
            for c in self.recordings
            if c.role in roles
            and (voices is None or c.voice in voices)
            and (c.role not in PROMPTS or c.length_s > 1.5)
        ]

    def language_of(self, voice: str) -> str:
        """Of a voice, as its first clip says."""
        return next((clip.language for clip in self.recordings if clip.voice == voice), "en")

    def company(self) -> Company:
        """Draw one."""
        dice = self.dice
        able = [v for v in self.library.voices("recording") if len(self.clips(WAITING, (v,))) >= 3]
        first = dice.weighted([(v, 1.0 if self.language_of(v) == "en" else FOREIGN) for v in able])
        language = self.language_of(first)
        others = [v for v in able if v != first and self.language_of(v) == language]
        announcers = (first, dice.one(others)) if others and dice.chance(0.35) else (first,)
        bed = dice.weighted(BACKGROUNDS)
        songs = [c.id for c in self.library.of("vocals") if c.length_s >= 8.0]
        if bed is Kind.VOCALS and not songs:
            bed = Kind.MUSIC
        tracks: tuple[str, ...] = ()
        if bed is not Kind.SILENCE:
            names = songs if bed is Kind.VOCALS else [c.id for c in self.library.of("music")]
            count = 2 if len(names) > 1 and dice.chance(0.3) else 1
            tracks = tuple(str(name) for name in dice.random.choice(names, count, replace=False))
        return Company(
            announcers=announcers,
            tracks=tracks,
            bed=bed,
            music_db=dice.between(-6.0, 2.0),
            voice_db=dice.between(-3.0, 3.0),
            duck_db=dice.between(-20.0, -8.0) if dice.chance(0.5) else None,
            gaps_s=dice.weighted(GAPS_S),
            beep_every_s=dice.between(10.0, 16.0) if bed is Kind.SILENCE and dice.chance(0.7) else 0.0,
            comfort_db=dice.between(-66.0, -48.0) if dice.chance(0.6) else None,
            beep_before=dice.chance(0.12),
        )

    def pool(self, company: Company) -> list[Item]:
        """What its queue plays, in the order in which it is first heard."""
        dice = self.dice
        own = self.clips(WAITING, company.announcers)
        count = min(len(own), int(dice.random.integers(3, 7)))
        chosen = [own[int(i)] for i in dice.random.choice(len(own), count, replace=False)]
        items = [Item(clip, Kind.ANNOUNCEMENT) for clip in chosen]
        language = self.language_of(company.announcers[0])
        mine = tuple(v for v in self.library.voices("recording") if self.language_of(v) == language)
        strangers = tuple(v for v in mine if v not in company.announcers)
        adverts = self.clips(ADVERTS, mine) or self.clips(GREETINGS, strangers)
        hellos = self.clips(HELLOS, company.announcers if dice.chance(0.5) else mine)
        hellos = hellos or self.clips(HELLOS, mine) or self.clips(GREETINGS, strangers)
        new = self.clips(WAITING | TRANSFERS | PROMPTS, strangers)
        prompts = self.clips(PROMPTS, company.announcers)
        for clips, kind, share, again in (
            (adverts, Kind.ADVERT, 0.55, True),
            (adverts, Kind.ADVERT, 0.25, True),
            (hellos, Kind.HELLO, 0.5, True),
            (hellos, Kind.HELLO, 0.15, False),
            (new, Kind.NEWCOMER, 0.45, False),
            (new, Kind.NEWCOMER, 0.2, True),
            (prompts, Kind.ANNOUNCEMENT, 0.3, True),
        ):
            if clips and dice.chance(share):
                voice = dice.one(sorted({clip.voice for clip in clips}))  # some voices have hundreds of clips
                items.append(Item(dice.one([c for c in clips if c.voice == voice]), kind, again))
        order = [items[0], *(items[1 + int(i)] for i in dice.random.permutation(len(items) - 1))]
        return order
