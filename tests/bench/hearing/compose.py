"""Draws the recipe of a call: greeting, menu, a hold full of traps, and then a person (or nobody).

    ringback - greeting - menu - [ music | announcement | advert | newcomer | hello | silence | transfer ]... - person

``recipe(number, seed, library)`` depends on its arguments alone. In the hold no clip of a person is ever played.
Shares and lengths are stated as constants; they are made up, and mean to be harder than life: an announcement every
12 to 25 s where companies have one in 30 to 60 s.
"""

from __future__ import annotations

import numpy as np

from tests.bench.hearing import channel, persons
from tests.bench.hearing.clips import Clip, Library
from tests.bench.hearing.company import GREETINGS, TRANSFERS, Casting, Dice, Item
from tests.bench.hearing.draft import Draft
from tests.bench.hearing.recipe import Kind, Layer, Leg, Recipe, Truth

HOLD_S = (200.0, 520.0)
NOBODY = 0.1
DIRECT = 0.25
"""Shares of calls where nobody comes, and that begin in the hold."""
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
MOST_APART_S = 29.5
LEAD_IN_S = 1.5
"""At most so long from the end of what plays to the first word of an announcement."""


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
        self.dice = Dice(random)
        self.casting = Casting(self.dice, library)
        self.company = self.casting.company()
        self.draft = Draft()
        self.since_voice_s = 0.0  # when the last recorded voice began
        self.heard: set[str] = set()

    def call(self, number: int, side: str) -> Recipe:
        """The whole call."""
        draft = self.draft
        if not self.dice.chance(DIRECT):
            self._entrance()
        elif self.dice.chance(0.5):
            draft.quiet(self.dice.between(0.2, 1.0), self.company.comfort_db)
        hold_from_s = draft.now_s
        self._hold(hold_from_s + self.dice.between(*HOLD_S))
        company_leg = channel.draw(self.random)
        if self.dice.chance(NOBODY):
            draft.tags.append("nobody")
            self._bed(self.dice.between(2.0, 8.0))
            leg = Leg(company_leg, 0.0, draft.now_s)
            return Recipe(
                number, side, draft.now_s, hold_from_s, tuple(draft.layers), (leg,), tuple(draft.truth),
                tags=tuple(draft.tags),
            )  # fmt: skip
        return self._with_person(number, side, hold_from_s, company_leg)

    def _say(self, clip: Clip, kind: Kind) -> None:
        kind = Kind.REPEAT if clip.id in self.heard else kind
        self.heard.add(clip.id)
        self.draft.voice(clip, kind, self.company.voice_db)
        self.since_voice_s = self.draft.now_s

    def _entrance(self) -> None:
        draft, company = self.draft, self.company
        if self.dice.chance(0.7):
            country = self.dice.one(["us", "us", "uk", "eu"])
            draft.ringback(country, self.dice.one([2.5, 6.5, 8.2, 12.3]))
            if self.dice.chance(0.5):
                draft.click()
        draft.quiet(self.dice.between(0.2, 1.0), company.comfort_db)
        voice = company.announcers[:1]
        greetings = [c for c in self.casting.clips(GREETINGS, voice) if c.length_s < 17]
        menus = self.casting.clips(frozenset({"menu"}), voice)
        parts: list[tuple[Clip, Kind]] = []
        if greetings:
            parts.append((self.dice.one(greetings), Kind.GREETING))
        for _ in range(int(self.random.integers(1, 3))):
            if menus:
                parts.append((self.dice.one(menus), Kind.MENU))
        transfers = self.casting.clips(TRANSFERS, voice)
        if transfers and self.dice.chance(0.6):
            parts.append((self.dice.one(transfers), Kind.MENU))
        for clip, kind in parts:
            self._say(clip, kind)
            draft.quiet(clip.length_s + self.dice.between(0.4, 2.0), company.comfort_db)

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

    def _announce(self, item: Item) -> None:
        company, draft = self.company, self.draft
        kind, length_s = item.kind, item.clip.length_s
        if company.beep_before and self.dice.chance(0.5):
            draft.beep(1400, 0.2)
            draft.quiet(0.3, company.comfort_db)
        if item.kind is Kind.ADVERT and self.dice.chance(0.8):
            bed = self.dice.one(self.library.of("music"))
            start_s = draft.now_s
            self._say(item.clip, kind)
            layer = Layer(
                (bed.id,),
                start_s,
                length_s + 0.6,
                self.dice.between(0.0, 20.0),
                self.dice.between(-18.0, -8.0),
                0.3,
            )
            draft.lay(layer)
            draft.quiet(length_s + 0.6, kind=Kind.MUSIC)
        elif company.tracks and company.duck_db is not None:
            self._bed(0.3, company.duck_db)
            self._say(item.clip, kind)
            self._bed(length_s + 0.3, company.duck_db)
        else:
            draft.quiet(self.dice.between(0.1, 0.8), company.comfort_db)
            self._say(item.clip, kind)
            draft.quiet(length_s + self.dice.between(0.1, 0.6), company.comfort_db)

    def _hold(self, until_s: float) -> None:
        draft, company = self.draft, self.company
        waiting = self.casting.pool(company)
        played: list[Item] = []
        traps = [name for name, share in TRAPS if self.dice.chance(share)]
        self._bed(self.dice.between(3.0, 14.0))
        while draft.now_s < until_s:
            if waiting and (not played or self.dice.chance(0.4)):
                item = waiting.pop(0)
            else:
                ready = [i for i in played if i.again] or played
                item = self.dice.one(ready)
            if item not in played:
                played.append(item)
            self._announce(item)
            if (
                self.dice.chance(0.2) and len(played) > 1
            ):  # two in a row: "we are sorry ... you are number three"
                draft.quiet(self.dice.between(0.3, 1.0), company.comfort_db)
                self._announce(self.dice.one([i for i in played if i.again] or played))
            left_s = MOST_APART_S - LEAD_IN_S - (draft.now_s - self.since_voice_s)
            trap = traps[-1] if traps and self.dice.chance(0.2) else ""
            trap_s = self._trap_s(trap) if trap else 0.0
            if trap and trap_s <= left_s - 3.0:
                traps.pop()
            else:
                trap, trap_s = "", 0.0
            self._bed(max(2.0, min(self.dice.between(*company.gaps_s), left_s - trap_s)))
            if trap:
                self._trap(trap, trap_s)

    def _trap_s(self, name: str) -> float:
        if name == TRANSFER_TO_NOBODY:
            return self.dice.one([3.5, 7.5, 9.5])
        return self.dice.between(5.0, 12.0) if self.dice.chance(0.5) else self.dice.between(12.0, 20.0)

    def _trap(self, name: str, length_s: float) -> None:
        """Something happens as if a person came, and the next announcement follows."""
        draft = self.draft
        draft.tags.append(name)
        if name == TRANSFER_TO_NOBODY:
            draft.click()
            draft.quiet(0.6, kind=Kind.TRANSFER)
            draft.ringback(self.dice.one(["us", "uk", "eu"]), length_s - 1.0, Kind.TRANSFER)
            draft.click()
            draft.quiet(0.4, kind=Kind.TRANSFER)
        else:
            draft.quiet(length_s, self.company.comfort_db)

    def _with_person(
        self, number: int, side: str, hold_from_s: float, company_leg: channel.Channel
    ) -> Recipe:
        draft, company = self.draft, self.company
        how = self.dice.weighted(ARRIVALS)
        if how in ("over music", "music beneath") and not company.tracks:
            how = "after music"
        draft.tags.append(how)
        clip = persons.drawn(self.random, self.library)
        gap_s = self.dice.between(0.3, 2.5)
        beneath_db: float | None = None
        if how == "after transfer":
            said = self.casting.clips(TRANSFERS, company.announcers)
            if said and self.dice.chance(0.5):
                self._announce(Item(self.dice.one(said), Kind.ANNOUNCEMENT))
            draft.click()
            draft.quiet(self.dice.between(0.5, 2.0), kind=Kind.TRANSFER)
            draft.ringback(
                self.dice.one(["us", "us", "uk", "eu"]), self.dice.one([2.5, 6.5, 8.2, 14.1]), Kind.TRANSFER
            )
            draft.click()
        elif how == "after silence":
            draft.quiet(self.dice.between(5.0, 18.0), company.comfort_db)
        elif how == "over music":
            gap_s = self.dice.between(-1.0, -0.3)
        elif how == "music beneath":
            gap_s, beneath_db = 0.3, -15.0
        else:
            self._bed(self.dice.between(0.0, 6.0))
        if gap_s > 0 and beneath_db is None and self.dice.chance(0.4):
            draft.click()
        switch_s = draft.now_s
        first_word_s = round(switch_s + gap_s, 3)
        layers, truth, tags = persons.speak(
            self.random, self.library, clip, first_word_s, self.dice.between(-3.0, 3.0), leg=1
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
        if company.tracks and self.dice.chance(BACK_ON_HOLD):
            draft.tags.append("put back on hold")
            again_s = self.dice.between(10.0, 16.0)
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
