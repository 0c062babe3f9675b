"""Text as recognisers write it, brought into one form: "Press 2, please" and "press two please" are one.

heard text -> normalise -> lower case, numbers as words, one spelling, ``BREAK`` where a sentence ended
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from types import MappingProxyType
from typing import Any

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
