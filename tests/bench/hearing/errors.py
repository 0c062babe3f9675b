"""What went wrong in a call and why, to read: rings for recordings, persons missed or late, holds not recognised."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tests.bench.hearing.judge import MAYBE, RING, SPEAKER, Belief, Judgement, Moment
from tests.bench.hearing.recipe import Recipe, Truth
from tests.bench.hearing.score import EARLY_S, FOUND_S, SOON_S, Outcome, waits_from_s

SLOW_HOLD_S = 8.0


def of_call(recipe: Recipe, judgement: Judgement, outcome: Outcome, maybes: bool = False) -> list[str]:
    """Paragraphs, one for each thing that went wrong. ``judgement`` with its trace."""
    told: list[tuple[float, str]] = []
    for belief in judgement.beliefs:
        wrong = not (recipe.in_person(belief.at_s) or recipe.in_person(belief.at_s + EARLY_S))
        if wrong and (belief.kind == RING or (maybes and belief.kind == MAYBE)):
            told.append((belief.at_s, _false(recipe, judgement, belief)))
    first = recipe.first_word_s
    if first is not None:
        late = outcome.ring_after_s is None or outcome.ring_after_s > SOON_S
        if late:
            told.append((first, _late(recipe, judgement, outcome)))
        if outcome.suppressed:
            told.append((first, f"{_call(recipe)} PERSON TAKEN FOR A REPETITION at {first:.1f} s"))
    if outcome.hold_after_s is not None and outcome.hold_after_s > SLOW_HOLD_S:
        after = "never" if math.isinf(outcome.hold_after_s) else f"{outcome.hold_after_s:.1f} s late"
        told.append(
            (
                recipe.hold_from_s,
                f"{_call(recipe)} HOLD RECOGNISED {after}, began {waits_from_s(recipe):.1f} s",
            )
        )
    return [text for _, text in sorted(told)]


def _call(recipe: Recipe) -> str:
    return f"call {recipe.number:3}"


def _what(truth: Truth) -> str:
    text = f": “{truth.text}”" if truth.text else ""
    voice = f", {truth.voice}" if truth.voice else ""
    clip = f" ({truth.clip})" if truth.clip else ""
    return f"{truth.kind.value}{voice}{text}{clip}, {truth.start_s:.1f}-{truth.end_s:.1f} s"


def _pieces(pieces: Iterable[tuple[str, float, str]]) -> str:
    ranked = sorted(pieces, key=lambda piece: -abs(piece[1]))
    return "; ".join(f"{kind} {weight:+.1f} {because}" for kind, weight, because in ranked)


def _short(pieces: Iterable[tuple[str, float, str]]) -> str:
    """Kinds and weights; the words only where they are about words."""
    ranked = sorted(pieces, key=lambda piece: -abs(piece[1]))
    return ", ".join(
        f"{kind} {weight:+.1f}" + (f" ({because})" if kind in ("live", "recorded") else "")
        for kind, weight, because in ranked
    )


def _false(recipe: Recipe, judgement: Judgement, belief: Belief) -> str:
    name = "FALSE RING " if belief.kind == RING else "false maybe"
    lines = [
        f"{_call(recipe)} {name} at {belief.at_s:.1f} s for {_what(recipe.kind_at(belief.at_s, belief.since_s))}",
        f"         voice since {belief.since_s:.1f} s, words “{belief.words}”",
        f"         odds {belief.odds:+.1f}: {_pieces(belief.pieces)}",
    ]
    later = [b for b in judgement.beliefs if b.at_s > belief.at_s and b.kind != SPEAKER]
    if later:
        lines.append(f"         then {later[0].kind} at {later[0].at_s:.1f} s: {later[0].because}")
    return "\n".join(lines)


def _late(recipe: Recipe, judgement: Judgement, outcome: Outcome) -> str:
    first = recipe.first_word_s
    assert first is not None
    person = next(t for t in recipe.truth if t.start_s == first and t.clip)
    leg = recipe.legs[1].channel
    if outcome.ring_after_s is not None:
        name = f"LATE by {outcome.ring_after_s:.1f} s"
    elif outcome.found:
        name = "FOUND BY A RING THAT STOOD"
    else:
        name = "MISSED"
    lines = [
        f"{_call(recipe)} {name}: {person.voice} “{person.text}” ({person.clip}), first word {first:.1f} s, "
        f"{', '.join(recipe.tags)}; phase {judgement.phase_at(first)}",
        f"         {leg.codec}, {leg.level_db:+.0f} dB, noise {leg.noise} {leg.snr_db:.0f} dB, loss {leg.loss:.1%}",
    ]
    lines += [
        f"         {moment.at_s - first:+5.1f} s {moment.phase:>10} odds {moment.odds:+.1f} “{moment.words}” "
        f"{_short(moment.pieces)}"
        for moment in _telling(judgement.trace, first, outcome.ring_after_s)
    ]
    return "\n".join(lines)


def _telling(trace: Iterable[Moment], first_s: float, until_s: float | None) -> list[Moment]:
    """The moments of a person's first seconds at which something changed."""
    last: Moment | None = None
    found: list[Moment] = []
    for moment in trace:
        if not first_s - 0.5 <= moment.at_s <= first_s + (FOUND_S if until_s is None else until_s + 0.1):
            continue
        if last is None or abs(moment.odds - last.odds) >= 0.4 or moment.phase != last.phase:
            found.append(moment)
            last = moment
    return found[:14]
