"""What a run was worth: pure functions from beliefs and truth to figures.

Definitions, all times of beliefs being how much of the sound had been consumed:

* A person is *found* when a ring comes at or after the first word and within ``FOUND_S``, or when a (false) ring from
  before still stands ``STANDING_S`` into the person's talk: the user's telephone rings. The latter gives no latency,
  and never makes a call perfect.
* A ring is *false* when it comes before the first word (``EARLY_S`` is forgiven: so exact is the truth), after the
  person has put us back on hold, or in a call where nobody comes. So for a *maybe*; one that
  becomes a ring counts as both. After a false ring the judgement goes on as in ``holdslayer listen``: it stands down
  by itself, or cannot ring again.
* Its *kind* is that of the recorded voice that overlaps the stretch from where the believed voice began to the belief,
  or ended at most 0.5 s before it; without one, that of the background where that voice began.
* *Maybe* latency is to the first maybe or ring after the first word; none when a maybe or ring stands already.
* A call is *perfect* with no false ring and, where a person comes, a ring within ``SOON_S`` of the first word.
* *Hold recognised*: from where the waiting begins until the phase is holding (0 when it is so already; infinite when
  never before the person). It begins with the music; in a queue without any, with the first announcement: silence
  alone decides nothing.
* A *repeat is known* when, while it plays or within 1 s after, a voice is weighed as heard before; only repeats of at
  least ``REPEAT_S`` count. A person is *suppressed* when that happens to a voice that began with the person.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.hearing.judge import MAYBE, RING, Judgement
from tests.bench.hearing.recipe import Kind, Recipe

FOUND_S = 10.0
SOON_S = 2.0
EARLY_S = 0.1
STANDING_S = 1.0
REPEAT_S = 2.0


@dataclass(frozen=True, slots=True)
class Wrong:
    """A false ring or maybe."""

    at_s: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call went. Latencies are None where there is none to tell; ``hold_after_s`` may be infinite."""

    number: int
    hold_s: float
    person: bool
    found: bool = False
    ring_after_s: float | None = None
    maybe_after_s: float | None = None
    false_rings: tuple[Wrong, ...] = ()
    false_maybes: tuple[Wrong, ...] = ()
    hold_after_s: float | None = None
    repeats: int = 0
    repeats_known: int = 0
    suppressed: bool = False
    tags: tuple[str, ...] = ()

    @property
    def perfect(self) -> bool:
        """No false ring, and the person at once."""
        if self.false_rings:
            return False
        return not self.person or (self.ring_after_s is not None and self.ring_after_s <= SOON_S)


def of_judgement(recipe: Recipe, judgement: Judgement) -> Outcome:
    """Score our own judgement of a call."""
    rings = [(b.at_s, b.since_s) for b in judgement.beliefs if b.kind == RING]
    maybes = [(b.at_s, b.since_s) for b in judgement.beliefs if b.kind == MAYBE]
    first = recipe.first_word_s
    standing = maybe_stands = False
    if first is not None:
        standing = judgement.phase_at(first) == "alerting" == judgement.phase_at(first + STANDING_S)
        maybe_stands = judgement.phase_at(first) in ("alerting", "confirming")
    ring_after_s = _first_after(recipe, [at_s for at_s, _ in rings])
    maybe_after_s = None if maybe_stands else _first_after(recipe, [at_s for at_s, _ in rings + maybes])
    known = judgement.known_again
    repeats = [
        t for t in recipe.truth if t.kind is Kind.REPEAT and t.end_s - t.start_s >= REPEAT_S
    ]  # fmt: skip
    return Outcome(
        number=recipe.number,
        hold_s=recipe.hold_s,
        person=first is not None,
        found=ring_after_s is not None or standing,
        ring_after_s=ring_after_s,
        maybe_after_s=maybe_after_s,
        false_rings=false_ones(recipe, rings),
        false_maybes=false_ones(recipe, maybes),
        hold_after_s=_hold_after(recipe, judgement),
        repeats=len(repeats),
        repeats_known=sum(
            any(t.start_s <= at_s <= t.end_s + 1.0 and since_s < t.end_s for at_s, since_s in known)
            for t in repeats
        ),
        suppressed=first is not None
        and any(recipe.in_person(at_s) and since_s >= first - 0.5 for at_s, since_s in known),
        tags=recipe.tags,
    )


def of_rings(recipe: Recipe, rings: Sequence[float], looks_back_s: float) -> Outcome:
    """Score bare times of rings (a rival's); each is about the ``looks_back_s`` before it."""
    after_s = _first_after(recipe, rings)
    return Outcome(
        number=recipe.number,
        hold_s=recipe.hold_s,
        person=recipe.first_word_s is not None,
        found=after_s is not None,
        ring_after_s=after_s,
        false_rings=false_ones(recipe, [(at_s, at_s - looks_back_s) for at_s in rings]),
        tags=recipe.tags,
    )


def _first_after(recipe: Recipe, times: Iterable[float]) -> float | None:
    first = recipe.first_word_s
    if first is None:
        return None
    found = [t - first for t in times if -EARLY_S <= t - first <= FOUND_S]
    return round(max(0.0, min(found)), 3) if found else None


def false_ones(recipe: Recipe, beliefs: Iterable[tuple[float, float]]) -> tuple[Wrong, ...]:
    """Those of the beliefs (when, since when) that were wrong, with what they were about."""
    return tuple(
        Wrong(at_s, recipe.kind_at(at_s, since_s).kind)
        for at_s, since_s in beliefs
        if not (recipe.in_person(at_s) or recipe.in_person(at_s + EARLY_S))
    )


def _hold_after(recipe: Recipe, judgement: Judgement) -> float:
    start_s = waits_from_s(recipe)
    if judgement.phase_at(start_s) == "holding":
        return 0.0
    until_s = recipe.first_word_s if recipe.first_word_s is not None else recipe.length_s
    for at_s, phase in judgement.phases:
        if phase == "holding" and start_s <= at_s <= until_s:
            return round(at_s - start_s, 3)
    return math.inf


def waits_from_s(recipe: Recipe) -> float:
    """From when on the sound tells that one waits: the music, or without it the first announcement."""
    start_s = recipe.hold_from_s
    if recipe.background_at(start_s).kind in (Kind.MUSIC, Kind.VOCALS):
        return start_s
    return min((t.start_s for t in recipe.voices() if t.start_s >= start_s), default=start_s)


@dataclass(frozen=True, slots=True)
class Figures:
    """What many calls come to. Shares are 0..1, NaN where there is nothing to measure."""

    calls: int
    hold_hours: float
    persons: int
    found: float
    ring_median_s: float
    ring_p95_s: float
    soon: float
    maybe_median_s: float
    false_rings_per_hour: float
    false_maybes_per_hour: float
    perfect: float
    hold_median_s: float
    hold_p95_s: float
    repeats: int
    repeats_known: float
    suppressed: int
    rings_by_kind: dict[str, float]
    maybes_by_kind: dict[str, float]


def total(outcomes: Sequence[Outcome]) -> Figures:
    """All outcomes together."""
    hours = sum(o.hold_s for o in outcomes) / 3600
    persons = [o for o in outcomes if o.person]
    rings = [o.ring_after_s for o in persons if o.ring_after_s is not None]
    maybes = [o.maybe_after_s for o in persons if o.maybe_after_s is not None]
    holds = [o.hold_after_s for o in outcomes if o.hold_after_s is not None]
    repeats = sum(o.repeats for o in outcomes)
    return Figures(
        calls=len(outcomes),
        hold_hours=hours,
        persons=len(persons),
        found=_share(sum(o.found for o in persons), len(persons)),
        ring_median_s=quantile(rings, 0.5),
        ring_p95_s=quantile(rings, 0.95),
        soon=_share(sum(ring <= SOON_S for ring in rings), len(persons)),
        maybe_median_s=quantile(maybes, 0.5),
        false_rings_per_hour=_share(sum(len(o.false_rings) for o in outcomes), hours),
        false_maybes_per_hour=_share(sum(len(o.false_maybes) for o in outcomes), hours),
        perfect=_share(sum(o.perfect for o in outcomes), len(outcomes)),
        hold_median_s=quantile(holds, 0.5),
        hold_p95_s=quantile(holds, 0.95),
        repeats=repeats,
        repeats_known=_share(sum(o.repeats_known for o in outcomes), repeats),
        suppressed=sum(o.suppressed for o in outcomes),
        rings_by_kind=_by_kind(outcomes, hours, lambda o: o.false_rings),
        maybes_by_kind=_by_kind(outcomes, hours, lambda o: o.false_maybes),
    )


def _by_kind(
    outcomes: Sequence[Outcome], hours: float, of: Callable[[Outcome], tuple[Wrong, ...]]
) -> dict[str, float]:
    counts: dict[str, int] = {}
    for outcome in outcomes:
        for wrong in of(outcome):
            counts[wrong.kind.value] = counts.get(wrong.kind.value, 0) + 1
    return {kind: count / hours for kind, count in sorted(counts.items(), key=lambda item: -item[1])}


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of them do not exceed (infinite ones count); NaN without values."""
    if not values:
        return math.nan
    ranked = sorted(values)
    return float(ranked[max(0, math.ceil(share * len(ranked)) - 1)])


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds and seconds of sound of one call, apart for music and for voices; ``words_s`` is of ``cpu_s``."""

    music_s: float
    music_cpu_s: float
    speech_s: float
    speech_cpu_s: float
    speech_words_s: float
    whole_s: float
    cpu_s: float
    words_s: float


def cost(recipe: Recipe, cpu_s: Sequence[float], words_cpu_s: Sequence[float], block_s: float) -> Cost:
    """Split the CPU seconds of the blocks: those over recorded voices and the person, and those over music alone."""
    whole, words = np.asarray(cpu_s, float), np.asarray(words_cpu_s, float)
    at_s = (np.arange(len(whole)) + 0.5) * block_s
    speech = np.zeros(len(whole), bool)
    after = np.zeros(len(whole), bool)
    music = np.zeros(len(whole), bool)
    for truth in recipe.truth:
        inside = (at_s >= truth.start_s) & (at_s < truth.end_s)
        if truth.kind in (Kind.MUSIC, Kind.VOCALS, Kind.AGAIN):
            music |= inside
        elif truth.clip:
            speech |= inside
            after |= (at_s >= truth.end_s) & (at_s < truth.end_s + 1.5)
    music &= ~speech & ~after  # an utterance is finished after it has ended
    return Cost(
        float(music.sum() * block_s),
        float(whole[music].sum()),
        float(speech.sum() * block_s),
        float(whole[speech].sum()),
        float(words[speech].sum()),
        float(len(whole) * block_s),
        float(whole.sum()),
        float(words.sum()),
    )
