"""Which option of a menu serves an intent, by rules alone: shared words and shared topics.

Each word of the intent is worth one point in an option whose label has it, a shared topic (``resources/cues/
topics.toml``: "invoice" and "billing") a little less; what several options share is worth less for each. The best
option is chosen when it leads clearly; its lead is the confidence. Pure, well under a millisecond.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from engine.deciding.decisions import Option
from engine.deciding.identifying import wish
from engine.deciding.menus import english, is_foreign, stays
from engine.deciding.phrases import plain, read_cues

SURE = 0.8
"""From this confidence on a choice is pressed as soon as the option is complete, the rest of the menu unheard."""

_TOPIC_POINTS = 0.85
_NEAR = 86.0  # percent of similarity from which two words count as one, against misheard endings


@dataclass(frozen=True, slots=True)
class Ruled:
    """A choice by rules."""

    index: int
    confidence: float
    because: str


@dataclass(frozen=True, slots=True)
class _Topics:
    phrases: tuple[tuple[str, str], ...]  # (phrase of several words, topic)
    words: dict[str, tuple[str, ...]]  # stem -> topics
    operator: tuple[str, ...]
    other: tuple[str, ...]
    repeat: tuple[str, ...]
    stop: frozenset[str]


def stem(word: str) -> str:
    """The word without its English ending, roughly."""
    for ending, instead in (
        ("ies", "y"),
        ("ings", ""),
        ("ing", ""),
        ("ed", ""),
        ("es", ""),
        ("s", ""),
        ("ment", ""),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: len(word) - len(ending)] + instead
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


@lru_cache(maxsize=1)
def _topics() -> _Topics:
    table = read_cues("topics")
    phrases: list[tuple[str, str]] = []
    words: dict[str, tuple[str, ...]] = {}
    for topic, members in table["topics"].items():
        for member in members:
            text = plain(member)
            if " " in text:
                phrases.append((text, topic))
            else:
                key = stem(text)
                if topic not in words.get(key, ()):
                    words[key] = (*words.get(key, ()), topic)
    return _Topics(
        phrases=tuple(phrases),
        words=words,
        operator=tuple(table["operator"]["words"]),
        other=tuple(table["other"]["words"]),
        repeat=tuple(table["repeat"]["words"]),
        stop=frozenset(table["stop"]["words"]),
    )


@lru_cache(maxsize=1024)
def _content(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """(stems of the telling words, topics) of a text."""
    topics = _topics()
    text = plain(text)
    words = [word for word in re.split(r"[\s']+", text) if len(word) > 1 and word not in topics.stop]
    stems = frozenset(stem(word) for word in words)
    found = {topic for key in stems for topic in topics.words.get(key, ())}
    padded = f" {text} "
    found |= {topic for phrase, topic in topics.phrases if f" {phrase} " in padded}
    return stems, frozenset(found)


def _says(text: str, phrases: tuple[str, ...]) -> bool:
    padded = f" {plain(text)} "
    return any(f" {phrase} " in padded for phrase in phrases)


def wants_operator(intent: str) -> bool:
    """Whether the intent is just to speak with somebody."""
    stems, topics = _content(intent)
    return not plain(intent) or (_says(intent, _topics().operator) and not topics and len(stems) <= 2)


def operator_option(options: tuple[Option, ...]) -> int | None:
    """Index of the option that leads to a person, by its label, else of the key zero; None when there is none."""
    candidates = [
        i for i, o in enumerate(options) if _says(o.label, _topics().operator) and not is_foreign(o)
    ]
    # "to speak to someone about a claim" is no operator: plain ones first, then the key zero.
    candidates.sort(
        key=lambda i: (stays(options[i]), len(_content(options[i].label)[1]), options[i].digits != "0")
    )
    if candidates and len(_content(options[candidates[0]].label)[1]) <= 1:
        return candidates[0]
    return next((i for i, option in enumerate(options) if option.digits == "0"), None)


def other_option(options: tuple[Option, ...]) -> int | None:
    """Index of "all other questions", or None."""
    return next((i for i, option in enumerate(options) if _says(option.label, _topics().other)), None)


def repeats(option: Option) -> bool:
    """Whether the option only plays a menu again."""
    return _says(option.label, _topics().repeat)


def _near(a: frozenset[str], b: frozenset[str]) -> dict[str, float]:
    """For each stem of ``a`` that is (nearly) in ``b``: how nearly, 0..1."""
    out: dict[str, float] = {}
    for word in a:
        if word in b:
            out[word] = 1.0
        elif len(word) >= 5:
            best = max((fuzz.ratio(word, other) for other in b if len(other) >= 4), default=0.0)
            if best >= _NEAR:
                out[word] = best / 100
    return out


def choose_by_rules(intent: str, options: tuple[Option, ...]) -> Ruled | None:
    """The option that serves ``intent``, when words and topics tell it. None when they do not, or not clearly."""
    if not options:
        return None
    index = english(options)
    if index is not None and not _says(intent, ("spanish", "french", "espanol", "francais")):
        return Ruled(index, 0.95, "goes on in English")
    if wants_operator(intent):
        chosen = operator_option(options)
        if chosen is None:
            return None
        return Ruled(chosen, 0.9, f"“{options[chosen].label}” leads to a person")
    wanted, topics = _content(wish(intent))
    hits: list[dict[str, float]] = []
    for option in options:
        label, label_topics = _content(f"{option.label} {option.say}")
        if repeats(option) or is_foreign(option):
            hits.append({})
            continue
        points = _near(wanted, label)
        points.update({f"topic {topic}": _TOPIC_POINTS for topic in topics & label_topics})
        hits.append(points)
    rarity: dict[str, int] = {}
    for points in hits:
        for key in points:
            rarity[key] = rarity.get(key, 0) + 1
    scores = [sum(value / rarity[key] ** 1.5 for key, value in points.items()) for points in hits]
    order = sorted(range(len(options)), key=lambda i: (-scores[i], i))
    best = order[0]
    if scores[best] < 0.6:
        return None
    second = scores[order[1]] if len(order) > 1 else 0.0
    lead = (scores[best] - second) / scores[best]
    if lead < 0.25:
        return None
    strength = min(1.0, scores[best] / 1.6)
    shared = ", ".join(sorted(key.removeprefix("topic ") for key in hits[best]))
    return Ruled(
        best,
        round(0.45 + 0.3 * lead * lead + 0.2 * strength, 3),
        f"“{options[best].label}” fits “{intent}” by: {shared}",
    )
