"""Text as recognisers write it, brought into one form, and the phrases that give a recording or a person away.

    heard text -> normalise -> spot -> matches by tier, each with a weight (log-odds for a live person)

The phrases are resources (``resources/cues/*.toml``). A plain phrase is found fuzzily: first by the best partial
ratio over all phrases in one pass of rapidfuzz, then, so that "yellow" is no "hello", again on whole words. A phrase
with a placeholder is found word for word. Everything here is pure; the book of cues is compiled once.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from rapidfuzz import fuzz, process

import resources

BREAK = "|"
"""Stands in a normalised text where a sentence or an utterance ended."""

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SENTENCE_END = re.compile(r"[.!?;:]+(?=\s|$)")
_NUMBER = re.compile(r"\d+")
_NOT_WORD = re.compile(r"[^\w'|*#\s]|_")
_SCREEN_CUTOFF = 78.0
_WINDOW_CUTOFF = 82.0
_SHORT_WINDOW_CUTOFF = 88.0
_SHORT_CHARS = 20
"""Least similarity of whole words, in percent: two wrong letters in a phrase of four words still pass. A phrase
shorter than ``_SHORT_CHARS`` must come closer, for many others are as near to it."""

NUMBER_WORDS: MappingProxyType[str, int] = MappingProxyType(
    {word: value for value, word in enumerate(_UNITS)} | {word: 10 * (i + 2) for i, word in enumerate(_TENS)}
)


def read_cues(name: str) -> dict[str, Any]:
    """The table of ``resources/cues/NAME.toml``."""
    with resources.locate("cues", f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def spell(number: int) -> str:
    """A number as it is spoken: up to 99 as words ("twenty four"), beyond digit by digit."""
    if number < len(_UNITS):
        return _UNITS[number]
    if number < 100:
        tens, unit = divmod(number, 10)
        return _TENS[tens - 2] + (f" {_UNITS[unit]}" if unit else "")
    return " ".join(_UNITS[int(digit)] for digit in str(number))


@lru_cache(maxsize=1)
def _variants() -> tuple[re.Pattern[str], dict[str, str], dict[str, str]]:
    table = read_cues("variants")
    merge: dict[str, str] = table["merge"]
    words: dict[str, str] = table["words"]
    pattern = re.compile(r"\b(" + "|".join(sorted(map(re.escape, merge), key=len, reverse=True)) + r")\b")
    return pattern, merge, words


def _numeral(match: re.Match[str]) -> str:
    digits = match.group()
    if len(digits) > 2 or digits.startswith("0"):
        return " " + " ".join(_UNITS[int(digit)] for digit in digits) + " "
    return f" {spell(int(digits))} "


@lru_cache(maxsize=2048)
def normalise(text: str) -> str:
    """Lower case, numbers as words, one spelling, no punctuation but ``BREAK`` where a sentence ended."""
    text = text.lower().replace("’", "'").replace("é", "e").replace("ñ", "n")
    text = re.sub(r"\bwww\.", "www ", text)
    text = re.sub(r"(?<=\w)\.(?=(com|org|net|gov)\b)", " dot ", text)
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1 m", text)
    text = _SENTENCE_END.sub(f" {BREAK} ", text)
    text = _NUMBER.sub(_numeral, text)
    text = text.replace("*", " star ").replace("#", " pound ")
    text = _NOT_WORD.sub(" ", text).replace(BREAK, f" {BREAK} ")
    pattern, merge, words = _variants()
    text = " ".join(text.split())
    text = pattern.sub(lambda found: merge[found.group()], text)
    out: list[str] = []
    for word in text.split():
        word = words.get(word, word).strip("'") or ""
        if word and not (word == BREAK and (not out or out[-1] == BREAK)):
            out.append(word)
    while out and out[-1] == BREAK:
        out.pop()
    return " ".join(out)


def plain(text: str) -> str:
    """``normalise`` without sentence breaks."""
    return normalise(text).replace(f" {BREAK} ", " ")


def number_at(words: list[str], index: int) -> tuple[int, int] | None:
    """The spoken number that begins at ``index`` as (value, words used), 0-999, or None."""
    if index >= len(words) or words[index] not in NUMBER_WORDS:
        return None
    value = NUMBER_WORDS[words[index]]
    used = 1
    following = words[index + 1] if index + 1 < len(words) else ""
    if value >= 20 and value % 10 == 0 and 0 < NUMBER_WORDS.get(following, 99) < 10:
        return value + NUMBER_WORDS[following], 2
    if 0 < value < 10 and following == "hundred":
        rest = number_at(words, index + 2 + (words[index + 2 : index + 3] == ["and"]))
        return value * 100 + (rest[0] if rest and rest[0] < 100 else 0), used + 1
    return value, used


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
    register: MappingProxyType[str, float]


_SPOKEN = r"(?:" + "|".join([*_UNITS, *_TENS, "hundred", "for", "to", "too", "won", "ate", "a"]) + r")"
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
    register: dict[str, float] = {}
    table = read_cues("register")
    for sign, side in ((1.0, table["recorded"]), (1.0, table["live"])):
        for weight, words in side.items():
            register.update(dict.fromkeys(words, sign * float(weight)))
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
        MappingProxyType(register),
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
    """How much the single words of ``text`` speak for a person (positive) or an announcement, in log-odds."""
    weights = book().register
    return sum(weights.get(word, 0.0) for word in set(plain(text).split()))


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
