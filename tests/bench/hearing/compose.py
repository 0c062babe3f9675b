"""Draws the recipe of a call: greeting, menu, a hold full of traps, and then a person (or nobody).

    ringback - greeting - menu - [ music | announcement | advert | newcomer | hello | silence | transfer ]... - person

``recipe(number, seed, library)`` depends on its arguments alone. In the hold no clip of a person is ever played.
Shares and lengths are stated as constants; they are made up, and mean to be harder than life: an announcement every
12 to 25 s where companies have one in 30 to 60 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from tests.bench.hearing import channel, persons
from tests.bench.hearing.clips import Clip, Library
from tests.bench.hearing.draft import Draft
from tests.bench.hearing.recipe import Kind, Layer, Leg, Recipe, Truth

WAITING = frozenset(
    {"hold", "position", "notice", "opening", "apology", "web", "safety", "survey", "callback"}
)
ADVERTS = frozenset({"advert"})
HELLOS = frozenset({"agentlike"})
GREETINGS = frozenset({"greeting", "welcome"})
TRANSFERS = frozenset({"transfer"})
"""Roles of recordings in the manifests."""
LONGEST_S = 22.0
"""Longer clips are manuals read aloud, which no queue plays."""

HOLD_S = (180.0, 400.0)
NOBODY = 0.1
DIRECT = 0.25
"""Shares of calls where nobody comes, and that begin in the hold."""
BACKGROUNDS = ((Kind.MUSIC, 0.66), (Kind.VOCALS, 0.2), (Kind.SILENCE, 0.14))
FOREIGN = 0.35
"""How likely an announcer of another language is, beside 1 for an English one."""
TRANSFER_TO_NOBODY = "transfer to nobody"
TRAPS = (("music stops for nobody", 0.5), (TRANSFER_TO_NOBODY, 0.25))
ARRIVALS = (
    ("after music", 0.5),
    ("after transfer", 0.22),
    ("after silence", 0.1),
    ("over music", 0.12),
    ("music beneath", 0.06),
)
BACK_ON_HOLD = 0.08
GAPS_S = (((5.0, 15.0), 0.75), ((10.0, 22.0), 0.25))
"""From the end of an announcement to the next one, and how many companies do so."""
MOST_APART_S = 29.5
LEAD_IN_S = 1.5
"""At most so long from the end of what plays to the first word of an announcement."""

T = TypeVar("T")


@dataclass(slots=True)
class _Item:
    """Something the queue plays: how it counts the first time, and whether it may come again."""

    clip: Clip
    kind: Kind
    again: bool = True
    played: int = 0


@dataclass(frozen=True, slots=True)
class _Company:
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


def recipe(number: int, seed: int, library: Library, side: str) -> Recipe:
    """The ``number``-th call of a run with ``seed``. Raises ``ValueError`` when the library lacks a class of clips."""
    random = np.random.default_rng([seed, number])
    composer = _Composer(random, library)
    return composer.call(number, side)


def calls(seed: int, library: Library, side: str, hold_hours: float) -> list[Recipe]:
    """So many calls that at least ``hold_hours`` are spent waiting."""
    made: list[Recipe] = []
    total_s = 0.0
    while total_s < hold_hours * 3600:
        made.append(recipe(len(made), seed, library, side))
        total_s += made[-1].hold_s
    return made


class _Composer:
    def __init__(self, random: np.random.Generator, library: Library) -> None:
        self.random = random
        self.library = library
        self.draft = Draft()
        self.recordings = [c for c in library.of("recording") if 0.8 <= c.length_s <= LONGEST_S]
        if not self.recordings or not library.of("human") or not library.of("music"):
            raise ValueError(f"A call needs recordings, music and persons; there are: {library.summary()}.")
        self.company = self._company()
        self.since_voice_s = 0.0  # when the last recorded voice began

    # --- drawing -----------------------------------------------------------------------------------------------

    def _chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def _between(self, low: float, high: float) -> float:
        return round(float(self.random.uniform(low, high)), 3)

    def _one(self, items: Sequence[T]) -> T:
        return items[int(self.random.integers(len(items)))]

    def _weighted(self, items: Sequence[tuple[T, float]]) -> T:
        total = sum(weight for _, weight in items)
        at = self.random.random() * total
        for item, weight in items:
            at -= weight
            if at < 0:
                return item
        return items[-1][0]

    def _clips(self, roles: frozenset[str], voices: tuple[str, ...] | None = None) -> list[Clip]:
        return [c for c in self.recordings if c.role in roles and (voices is None or c.voice in voices)]

    def _language(self, voice: str) -> str:
        return next(clip.language for clip in self.recordings if clip.voice == voice)

    def _company(self) -> _Company:
        able = [v for v in self.library.voices("recording") if len(self._clips(WAITING, (v,))) >= 3]
        first = self._weighted([(v, 1.0 if self._language(v) == "en" else FOREIGN) for v in able])
        self.language = self._language(first)
        others = [v for v in able if v != first and self._language(v) == self.language]
        announcers = (first, self._one(others)) if others and self._chance(0.35) else (first,)
        bed = self._weighted(BACKGROUNDS)
        songs = [c.id for c in self.library.of("vocals") if c.length_s >= 8.0]
        if bed is Kind.VOCALS and not songs:
            bed = Kind.MUSIC
        tracks: tuple[str, ...] = ()
        if bed is not Kind.SILENCE:
            names = songs if bed is Kind.VOCALS else [c.id for c in self.library.of("music")]
            count = 2 if len(names) > 1 and self._chance(0.3) else 1
            tracks = tuple(str(name) for name in self.random.choice(names, count, replace=False))
        return _Company(
            announcers=announcers,
            tracks=tracks,
            bed=bed,
            music_db=self._between(-6.0, 2.0),
            voice_db=self._between(-3.0, 3.0),
            duck_db=self._between(-20.0, -8.0) if self._chance(0.5) else None,
            gaps_s=self._weighted(GAPS_S),
            beep_every_s=self._between(10.0, 16.0) if bed is Kind.SILENCE and self._chance(0.7) else 0.0,
            comfort_db=self._between(-66.0, -48.0) if self._chance(0.6) else None,
            beep_before=self._chance(0.12),
        )

    def _pool(self) -> list[_Item]:
        company = self.company
        own = self._clips(WAITING, company.announcers)
        count = min(len(own), int(self.random.integers(3, 7)))
        chosen = [own[int(i)] for i in self.random.choice(len(own), count, replace=False)]
        items = [_Item(clip, Kind.ANNOUNCEMENT) for clip in chosen]
        mine = tuple(v for v in self.library.voices("recording") if self._language(v) == self.language)
        strangers = tuple(v for v in mine if v not in company.announcers)
        adverts = self._clips(ADVERTS, mine) or self._clips(GREETINGS, strangers)
        hellos = self._clips(HELLOS, company.announcers if self._chance(0.5) else mine)
        hellos = hellos or self._clips(HELLOS, mine) or self._clips(GREETINGS, strangers)
        new = self._clips(WAITING | TRANSFERS, strangers)
        prompts = [c for c in self._clips(frozenset({"prompt"}), company.announcers) if c.length_s > 1.5]
        for clips, kind, share, again in (
            (adverts, Kind.ADVERT, 0.55, True),
            (adverts, Kind.ADVERT, 0.25, True),
            (hellos, Kind.HELLO, 0.5, True),
            (hellos, Kind.HELLO, 0.15, False),
            (new, Kind.NEWCOMER, 0.45, False),
            (new, Kind.NEWCOMER, 0.2, True),
            (prompts, Kind.ANNOUNCEMENT, 0.3, True),
        ):
            if clips and self._chance(share):
                items.append(_Item(self._one(clips), kind, again))
        order = [items[0], *(items[1 + int(i)] for i in self.random.permutation(len(items) - 1))]
        return order

    # --- laying ------------------------------------------------------------------------------------------------

    def call(self, number: int, side: str) -> Recipe:
        """The whole call."""
        draft = self.draft
        if not self._chance(DIRECT):
            self._entrance()
        elif self._chance(0.5):
            draft.quiet(self._between(0.2, 1.0), self.company.comfort_db)
        hold_from_s = draft.now_s
        self._hold(hold_from_s + self._between(*HOLD_S))
        company_leg = channel.draw(self.random)
        if self._chance(NOBODY):
            draft.tags.append("nobody")
            self._bed(self._between(2.0, 8.0))
            leg = Leg(company_leg, 0.0, draft.now_s)
            return Recipe(
                number, side, draft.now_s, hold_from_s, tuple(draft.layers), (leg,), tuple(draft.truth),
                tags=tuple(draft.tags),
            )  # fmt: skip
        return self._with_person(number, side, hold_from_s, company_leg)

    def _say(self, clip: Clip, kind: Kind) -> None:
        self.draft.voice(clip, kind, self.company.voice_db)
        self.since_voice_s = self.draft.now_s

    def _entrance(self) -> None:
        draft, company = self.draft, self.company
        if self._chance(0.7):
            country = self._one(["us", "us", "uk", "eu"])
            draft.ringback(country, self._one([2.5, 6.5, 8.2, 12.3]))
            if self._chance(0.5):
                draft.click()
        draft.quiet(self._between(0.2, 1.0), company.comfort_db)
        voice = company.announcers[:1]
        greetings = [c for c in self._clips(GREETINGS, voice) if c.length_s < 17]
        menus = self._clips(frozenset({"menu"}), voice)
        parts: list[tuple[Clip, Kind]] = []
        if greetings:
            parts.append((self._one(greetings), Kind.GREETING))
        for _ in range(int(self.random.integers(1, 3))):
            if menus:
                parts.append((self._one(menus), Kind.MENU))
        transfers = self._clips(TRANSFERS, voice)
        if transfers and self._chance(0.6):
            parts.append((self._one(transfers), Kind.MENU))
        for clip, kind in parts:
            self._say(clip, kind)
            draft.quiet(clip.length_s + self._between(0.4, 2.0), company.comfort_db)

    def _bed(self, length_s: float, gain_db: float = 0.0) -> None:
        """So much of what plays while one waits."""
        company, draft = self.company, self.draft
        if length_s <= 0:
            return
        if company.tracks:
            draft.music(company.tracks, length_s, company.music_db + gain_db, company.bed)
            return
        left_s = length_s
        while company.beep_every_s and left_s > company.beep_every_s + 0.5:
            draft.quiet(company.beep_every_s - 0.25, company.comfort_db)
            draft.beep(1000, 0.25)
            left_s -= company.beep_every_s
        draft.quiet(left_s, company.comfort_db)

    def _announce(self, item: _Item) -> None:
        company, draft = self.company, self.draft
        kind = item.kind if not item.played else Kind.REPEAT
        item.played += 1
        length_s = item.clip.length_s
        if company.beep_before and self._chance(0.5):
            draft.beep(1400, 0.2)
            draft.quiet(0.3, company.comfort_db)
        if item.kind is Kind.ADVERT and self._chance(0.8):
            bed = self._one(self.library.of("music"))
            start_s = draft.now_s
            self._say(item.clip, kind)
            layer = Layer(
                (bed.id,), start_s, length_s + 0.6, self._between(0.0, 20.0), self._between(-18.0, -8.0), 0.3
            )
            draft.lay(layer)
            draft.quiet(length_s + 0.6, kind=Kind.MUSIC)
        elif company.tracks and company.duck_db is not None:
            self._bed(0.3, company.duck_db)
            self._say(item.clip, kind)
            self._bed(length_s + 0.3, company.duck_db)
        else:
            draft.quiet(self._between(0.1, 0.8), company.comfort_db)
            self._say(item.clip, kind)
            draft.quiet(length_s + self._between(0.1, 0.6), company.comfort_db)

    def _hold(self, until_s: float) -> None:
        draft = self.draft
        items = self._pool()
        waiting = list(items)
        played: list[_Item] = []
        traps = [name for name, share in TRAPS if self._chance(share)]
        self._bed(self._between(3.0, 14.0))
        while draft.now_s < until_s:
            if waiting and (not played or self._chance(0.4)):
                item = waiting.pop(0)
            else:
                ready = [i for i in played if i.again] or played
                item = self._one(ready)
            if item not in played:
                played.append(item)
            self._announce(item)
            if self._chance(0.2) and len(played) > 1:  # two in a row: "we are sorry ... you are number three"
                draft.quiet(self._between(0.3, 1.0), self.company.comfort_db)
                self._announce(self._one([i for i in played if i.again] or played))
            left_s = MOST_APART_S - LEAD_IN_S - (draft.now_s - self.since_voice_s)
            trap = traps[-1] if traps and self._chance(0.2) else ""
            trap_s = self._trap_s(trap) if trap else 0.0
            if trap and trap_s <= left_s - 3.0:
                traps.pop()
            else:
                trap, trap_s = "", 0.0
            self._bed(max(2.0, min(self._between(*self.company.gaps_s), left_s - trap_s)))
            if trap:
                self._trap(trap, trap_s)

    def _trap_s(self, name: str) -> float:
        if name == TRANSFER_TO_NOBODY:
            return self._one([3.5, 7.5, 9.5])
        return self._between(5.0, 12.0) if self._chance(0.5) else self._between(12.0, 20.0)

    def _trap(self, name: str, length_s: float) -> None:
        """Something happens as if a person came, and the next announcement follows."""
        draft = self.draft
        draft.tags.append(name)
        if name == TRANSFER_TO_NOBODY:
            draft.click()
            draft.quiet(0.6, kind=Kind.TRANSFER)
            draft.ringback(self._one(["us", "uk", "eu"]), length_s - 1.0, Kind.TRANSFER)
            draft.click()
            draft.quiet(0.4, kind=Kind.TRANSFER)
        else:
            draft.quiet(length_s, self.company.comfort_db)

    # --- the person --------------------------------------------------------------------------------------------

    def _with_person(
        self, number: int, side: str, hold_from_s: float, company_leg: channel.Channel
    ) -> Recipe:
        draft, company = self.draft, self.company
        how = self._weighted(ARRIVALS)
        if how in ("over music", "music beneath") and not company.tracks:
            how = "after music"
        draft.tags.append(how)
        clip = persons.drawn(self.random, self.library)
        gap_s = self._between(0.3, 2.5)
        beneath_db: float | None = None
        if how == "after transfer":
            said = self._clips(TRANSFERS, company.announcers)
            if said and self._chance(0.5):
                self._announce(_Item(self._one(said), Kind.ANNOUNCEMENT))
            draft.click()
            draft.quiet(self._between(0.5, 2.0), kind=Kind.TRANSFER)
            draft.ringback(
                self._one(["us", "us", "uk", "eu"]), self._one([2.5, 6.5, 8.2, 14.1]), Kind.TRANSFER
            )
            draft.click()
        elif how == "after silence":
            draft.quiet(self._between(5.0, 18.0), company.comfort_db)
        elif how == "over music":
            gap_s = self._between(-1.0, -0.3)
        elif how == "music beneath":
            gap_s, beneath_db = 0.3, -15.0
        else:
            self._bed(self._between(0.0, 6.0))
        if gap_s > 0 and beneath_db is None and self._chance(0.4):
            draft.click()
        switch_s = draft.now_s
        first_word_s = round(switch_s + gap_s, 3)
        layers, truth, tags = persons.speak(
            self.random, self.library, clip, first_word_s, self._between(-3.0, 3.0), leg=1
        )
        draft.layers += layers
        draft.tags += tags
        company_until_s = switch_s
        if beneath_db is not None:
            self._bed(round(truth.end_s - draft.now_s, 3), beneath_db)
            company_until_s = draft.now_s
        else:
            draft.background(Kind.PERSON, round(truth.end_s - switch_s, 3))
        draft.truth[-1 if beneath_db is None else len(draft.truth) :] = [truth]
        if beneath_db is None and truth.start_s > switch_s:
            draft.truth.insert(-1, Truth(Kind.SILENCE, switch_s, truth.start_s))
        if company.tracks and self._chance(BACK_ON_HOLD):
            draft.tags.append("put back on hold")
            again_s = self._between(10.0, 16.0)
            draft.layers.append(
                Layer(company.tracks, draft.now_s, again_s, draft.track_s, company.music_db, 0.1, leg=2)
            )
            draft.background(Kind.AGAIN, again_s)
        ends_s = draft.now_s
        legs = (
            Leg(company_leg, 0.0, company_until_s),
            Leg(channel.draw(self.random), min(switch_s, first_word_s - 0.05), truth.end_s),
            Leg(company_leg, truth.end_s, ends_s),
        )
        return Recipe(
            number, side, ends_s, hold_from_s, tuple(draft.layers), legs, tuple(draft.truth),
            first_word_s=first_word_s, person_until_s=truth.end_s, tags=tuple(draft.tags),
        )  # fmt: skip
