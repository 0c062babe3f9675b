"""Text as recognisers write it, brought into one form, and the phrases that give a recording or a person away.

    heard text -> normalise -> spot -> matches by tier, each with a weight (log-odds for a live person)

The phrases are resources (``resources/cues/*.toml``). A plain phrase is found fuzzily: first by the best partial
ratio over all phrases in one pass of rapidfuzz, then, so that "yellow" is no "hello", again on whole words. A phrase
with a placeholder is found word for word. Everything here is pure; the book of cues is compiled once.

What a cue is worth depends on how sure the embedded recogniser is of its words. Measured after G.711 on 746 partial
texts of 89 people who greet nobody, 874 of prompts of the kind its language model knows (allison, flite, the practice
companies) and 1,935 of announcements in espeak's voices, most of them unknown to it: logarithm of the share of
people's texts over that of prompts / of announcements that have such a cue at such a confidence. "Strong": recorded
tiers of -3.5 and below, or several; "weak": other recorded tiers; "live": live tiers alone; "none": no tier.

    partial, confidence   below 0.1    0.1-0.2      0.2-0.35     0.35-0.5     0.5-0.7      0.7-0.85     above
    strong               +0.7 / -0.9  -1.6 / +1.0  -1.9 / -0.9  -1.7 / -0.6  -2.9 / -1.8  -3.6 / -1.6  -6.1 / -3.1
    weak                 -3.9 / -1.6  -3.0 / -1.4  -2.8 / -2.4  -3.3 / -2.0  -3.4 / -2.8  -3.6 / -2.5  -4.4 / -2.7
    live                 +3.0 / +2.2  +3.8 / +1.9  +3.0 / +1.1  +1.8 / +1.0  +2.1 / +0.7  +0.2 / -1.4  +0.2 / -0.1
    none                 +2.0 / +0.4  +2.0 / +0.1  +1.8 / -0.1  +1.4 / -0.4  +0.5 / -0.7  -0.8 / -1.0  -2.5 / -2.1

No weak cue was read in any partial text of a person. Final texts are fewer (105 of people): a strong cue is worth
nothing below 0.35, -1 from there to 0.7, and -2 or more above.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from rapidfuzz import fuzz, process

from engine.deciding import wording
from engine.deciding.spelling import BREAK as BREAK
from engine.deciding.spelling import NUMBER_WORDS as NUMBER_WORDS
from engine.deciding.spelling import normalise as normalise
from engine.deciding.spelling import number_at as number_at
from engine.deciding.spelling import plain as plain
from engine.deciding.spelling import read_cues as read_cues
from engine.deciding.spelling import spell as spell

_SCREEN_CUTOFF = 78.0
_WINDOW_CUTOFF = 82.0
_SHORT_WINDOW_CUTOFF = 88.0
_SHORT_CHARS = 20
"""Least similarity of whole words, in percent: two wrong letters in a phrase of four words still pass. A phrase
shorter than ``_SHORT_CHARS`` must come closer, for many others are as near to it."""

_WORDING = (-9.0, -7.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 2.0, 5.0)
_WORDING_WORTH = (-4.5, -3.5, -2.2, -1.2, -0.7, -0.3, -0.1, 0.0, 0.3, 0.6)
"""Log-odds of the written words (``wording.odds``), and what they were worth as the recogniser wrote them: logarithm
of their share in 899 partial texts of 89 people over that in 1,576 partial texts of announcements, after G.711. In its
scraps of people's talk there are menu words enough that a small sum says nothing."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A named group of phrases that say the same about who speaks. ``weight``: log-odds for a live person."""

    name: str
    weight: float
    means: str
    alone: bool = False  # counts only when the phrase is all that was said


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase of ``tier`` found in a text. ``starts`` and ``ends`` are character offsets in the plain text."""

    tier: Tier
    phrase: str
    starts: int
    ends: int
    score: float


@dataclass(frozen=True, slots=True)
class CueBook:
    """All phrases, compiled."""

    fuzzy: tuple[str, ...]
    fuzzy_tiers: tuple[Tier, ...]
    patterns: tuple[tuple[re.Pattern[str], Tier, str], ...]
    alone: MappingProxyType[str, Tier]
    beginnings: frozenset[str]


_SPOKEN = r"(?:" + "|".join([*NUMBER_WORDS, "hundred", "for", "to", "too", "won", "ate", "a"]) + r")"
_PLACEHOLDERS = {
    "{n}": rf"{_SPOKEN}(?: {_SPOKEN})*",
    "*": r"(?!(?:a|an|the|your|our|not|is|to|no)\b)(?:[\w']+ ){0,2}?[\w']+",
}


def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(
        r"\b" + " ".join(_PLACEHOLDERS.get(word, re.escape(word)) for word in phrase.split()) + r"\b"
    )


_EMPTY_WORDS = frozenset(
    ["the", "a", "an", "of", "to", "in", "at", "on", "and", "is", "be", "it", "that", "with", "has"]
)


def _beginnings(phrase: str) -> list[str]:
    """The first words of a phrase, at least two and not all of them, that already tell something."""
    words = phrase.split()
    return [" ".join(words[:n]) for n in range(2, len(words)) if not _EMPTY_WORDS.issuperset(words[:n])]


@lru_cache(maxsize=1)
def book() -> CueBook:
    """The cues shipped with the program, compiled once."""
    phrases: dict[str, Tier] = {}
    patterns: list[tuple[re.Pattern[str], Tier, str]] = []
    alone: dict[str, Tier] = {}
    for name in ("recorded", "live"):
        for key, entry in read_cues(name).items():
            if not isinstance(entry, dict):
                continue
            tier = Tier(key, float(entry["weight"]), entry["means"], bool(entry.get("alone", False)))
            for phrase in entry["phrases"]:
                if tier.alone:
                    alone[phrase] = tier
                elif "*" in phrase or "{n}" in phrase:
                    patterns.append((_pattern(phrase), tier, phrase))
                else:
                    phrases.setdefault(plain(phrase), tier)
    recorded = [phrase for phrase, tier in phrases.items() if tier.weight < 0]
    recorded += [
        phrase.split(" {")[0].split(" *")[0] + " x" for _, tier, phrase in patterns if tier.weight < 0
    ]
    return CueBook(
        tuple(phrases),
        tuple(phrases.values()),
        tuple(patterns),
        MappingProxyType(alone),
        frozenset(beginning for phrase in recorded for beginning in _beginnings(phrase)),
    )


def _on_words(phrase: str, words: list[str], starts: list[int], near: int) -> tuple[float, int, int]:
    """Best similarity of ``phrase`` with a window of whole words close to offset ``near``: (score, start, end)."""
    size = phrase.count(" ") + 1
    exact = size <= 2 or len(phrase) < 9
    first = max((i for i, at in enumerate(starts) if at <= near), default=0)
    best = (0.0, 0, 0)
    for at in range(max(0, first - 2), min(len(words), first + 3)):
        for width in (size,) if exact else (size, size - 1, size + 1):
            window = words[at : at + width]
            if len(window) < width:
                continue
            text = " ".join(window)
            score = (100.0 if text == phrase else 0.0) if exact else fuzz.ratio(text, phrase)
            if score > best[0]:
                best = (score, starts[at], starts[at] + len(text))
    return best


@lru_cache(maxsize=4096)
def spot(text: str) -> tuple[Match, ...]:
    """Every cue found in ``text`` (normalised or not), in the order it was said."""
    cues = book()
    text = plain(text)
    if not text:
        return ()
    found: list[Match] = []
    words = text.split()
    starts = [0]
    for word in words[:-1]:
        starts.append(starts[-1] + len(word) + 1)
    # Very long texts are searched in pieces: a partial ratio looks at one best place per phrase only.
    for piece_at in range(0, len(words), 40):
        piece = " ".join(words[piece_at : piece_at + 48])
        offset = starts[piece_at]
        if piece_at and piece_at + 8 >= len(words):
            break
        for phrase, _, index in process.extract(
            piece, cues.fuzzy, scorer=fuzz.partial_ratio, score_cutoff=_SCREEN_CUTOFF, limit=None
        ):
            if len(phrase) > len(piece) + 3:
                continue
            place = fuzz.partial_ratio_alignment(phrase, piece, score_cutoff=_SCREEN_CUTOFF)
            if place is None:
                continue
            score, start, end = _on_words(phrase, words, starts, offset + place.dest_start)
            if score >= (_SHORT_WINDOW_CUTOFF if len(phrase) < _SHORT_CHARS else _WINDOW_CUTOFF):
                found.append(Match(cues.fuzzy_tiers[index], phrase, start, end, score))
    for pattern, tier, phrase in cues.patterns:
        hit = pattern.search(text)
        if hit:
            found.append(Match(tier, phrase, hit.start(), hit.end(), 100.0))
    tier_alone = cues.alone.get(text)
    if tier_alone is not None:
        found.append(Match(tier_alone, text, 0, len(text), 100.0))
    return _without_rivals(found)


def _without_rivals(found: list[Match]) -> tuple[Match, ...]:
    """Of matches over the same words only the best stays: "thank you for holding" is not "... calling" as well."""
    kept: list[Match] = []
    for match in sorted(found, key=lambda match: (-match.score, match.starts - match.ends, match.phrase)):
        size = match.ends - match.starts
        if all(min(match.ends, k.ends) - max(match.starts, k.starts) < 0.5 * size for k in kept):
            kept.append(match)
    return tuple(sorted(kept, key=lambda match: (match.starts, match.phrase)))


def may_go_on(text: str) -> bool:
    """Whether the last words of a text still being spoken may be the beginning of what only recordings say."""
    words = plain(text).split()
    beginnings = book().beginnings
    return any(" ".join(words[-n:]) in beginnings for n in range(2, min(6, len(words)) + 1))


def tiers(text: str) -> frozenset[str]:
    """Names of the tiers that ``text`` has cues of."""
    return frozenset(match.tier.name for match in spot(text))


def register(text: str) -> float:
    """How much the way the words are put speaks for a person (positive) or an announcement, in log-odds.

    For a person it says little: recordings that imitate one, and adverts of any kind, are put like it as well.
    """
    odds = min(_WORDING[-1], max(_WORDING[0], wording.odds(text)))
    place = max(1, bisect_left(_WORDING, odds))
    left, right = _WORDING[place - 1], _WORDING[place]
    part = (odds - left) / (right - left)
    return _WORDING_WORTH[place - 1] * (1.0 - part) + _WORDING_WORTH[place] * part


_POSITION = re.compile(
    r"(?:number|you are|position (?:in the queue|in line)? ?is(?: number)?|place in (?:line|the queue) is(?: number)?)"
    r" (?:currently )?(?:caller )?(?:number )?(?P<after>[a-z ]+)"
)
_AHEAD = re.compile(
    r"(?P<n>[a-z ]+?) (?:other )?(?:callers?|calls?|people|persons?|customers?) (?:are |is )?(?:ahead|in front|before)"
)
_MINUTES = re.compile(r"(?P<n>[a-z ]+?) (?P<unit>minutes?|hours?)\b")
_WAITING = re.compile(r"\b(?:wait|hold|waiting|holding)\b|estimated|approximately|less than")


def _last_number(text: str) -> int | None:
    words = text.split()
    for index in range(len(words) - 1, -1, -1):
        if words[index] in ("a", "an", "another") and index == len(words) - 1:
            return 1
        if words[index] in ("no",) and index == len(words) - 1:
            return 0
        found = number_at(words, index)
        if found and index + found[1] == len(words):
            before = number_at(words, index - 1) if index else None
            return before[0] if before and index - 1 + before[1] == len(words) else found[0]
    return None


def queue_news(text: str) -> tuple[int | None, float | None]:
    """(position in the queue, expected wait in minutes), None where not said. "three callers ahead" is position 4."""
    text = plain(text)
    position: int | None = None
    ahead = _AHEAD.search(text)
    if ahead:
        count = _last_number(ahead["n"])
        position = None if count is None else count + 1
    elif re.search(r"\b(?:first in (?:line|the queue)|next in (?:line|the queue))\b", text):
        position = 1
    elif re.search(r"\bin (?:line|the queue)\b|\bposition\b|\bcaller number\b|\bplace in\b", text):
        for match in _POSITION.finditer(text):
            number = number_at(match["after"].split(), 0)
            if number:
                position = number[0]
                break
    wait: float | None = None
    if _WAITING.search(text):
        for match in _MINUTES.finditer(text):
            count = _last_number(match["n"])
            if count is not None:
                wait = float(count * (60 if match["unit"].startswith("hour") else 1))
                break
    return position, wait
