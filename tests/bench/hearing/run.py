"""One call from recipe to scores, and many of them in several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.deciding import evidence
from engine.hearing import engines
from engine.hearing.transcriber import Transcriber
from tests.bench.hearing import ears, errors, score
from tests.bench.hearing.clips import Library, load
from tests.bench.hearing.compose import recipe
from tests.bench.hearing.judge import judge
from tests.bench.hearing.render import render
from tests.bench.hearing.rivals import RIVALS, VOICED_S, WINDOW_S

OURS, SOUND_ALONE = "ours", "ours, sound alone"
_LOOKS_BACK_S = {"rival: voice activity alone": VOICED_S, "rival: rules on 3 s windows": WINDOW_S}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted of every call. ``rows``: which evidence is left out and the rivals, too, or ours alone."""

    folders: tuple[Path, ...]
    side: str
    seed: int
    cache: Path | None
    words: bool = True
    full: bool = True
    maybes: bool = False
    errors_of: str = OURS
    verify_every: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """One call: outcomes by row, what went wrong in ours, what it cost."""

    number: int
    length_s: float
    outcomes: dict[str, score.Outcome]
    wrong: tuple[str, ...]
    cost: score.Cost
    verified: bool | None = None


def rows(full: bool = True, words: bool = True) -> list[str]:
    """The rows of the table, in order."""
    found = [OURS] if words else []
    found.append(SOUND_ALONE)
    if full:
        if words:
            found += [_without(kind) for kind in evidence.KINDS if kind != "words"]
        found += [name for name in RIVALS if words or "phrase" not in name]
    return found


def _without(kind: str) -> str:
    return f"ours without {kind.replace('_', ' ')}"


@lru_cache(maxsize=2)
def library(folders: tuple[Path, ...], side: str) -> Library:
    """The clips of a side, read once a process."""
    return load(folders, side)


@lru_cache(maxsize=1)
def transcriber() -> Transcriber:
    """The embedded recogniser, loaded once a process. Raises ``RuntimeError`` where there is none."""
    found = engines.load(None, True)
    if found is None:
        raise RuntimeError("The embedded recogniser is not there; run with --no-words.")
    return found


def one(plan: Plan, number: int) -> Result:
    """Compose, hear and judge a call."""
    clips = library(plan.folders, plan.side)
    made = recipe(number, plan.seed, clips, plan.side)
    sound = render(made, clips)
    hearing = ears.heard(sound, transcriber() if plan.words else None, plan.cache)
    silent = hearing.without_words()
    verified = None
    if plan.words and plan.verify_every and number % plan.verify_every == 0:
        verified = ears.heard(sound, None, plan.cache).perceptions == silent.perceptions
    outcomes: dict[str, score.Outcome] = {}
    wrong: list[str] = []
    for row in rows(plan.full, plan.words):
        if row in RIVALS:
            rings = RIVALS[row](hearing)
            outcomes[row] = score.of_rings(made, rings, _LOOKS_BACK_S.get(row, 0.5))
            continue
        perceptions = silent.perceptions if row == SOUND_ALONE else hearing.perceptions
        without = frozenset(kind for kind in evidence.KINDS if row == _without(kind))
        judgement = judge(perceptions, without, trace=row == plan.errors_of)
        outcomes[row] = score.of_judgement(made, judgement)
        if row == plan.errors_of:
            wrong = errors.of_call(made, judgement, outcomes[row], plan.maybes)
    cost = score.cost(made, hearing.cpu_s.tolist(), hearing.words_cpu_s.tolist(), ears.BLOCK_S)
    return Result(number, made.length_s, outcomes, tuple(wrong), cost, verified)


def _one(job: tuple[Plan, int]) -> Result:
    return one(*job)


def many(plan: Plan, numbers: list[int], jobs: int) -> Iterator[Result]:
    """The calls in order, ``jobs`` at a time."""
    if jobs <= 1:
        yield from (one(plan, number) for number in numbers)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_one, [(plan, number) for number in numbers])
