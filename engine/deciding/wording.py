"""How the words are put: what announcements say and what people on the line say differ from the second word on.

    text so far -> words, first names as one -> single words, pairs, the first two words -> sum of weights -> log-odds

Phrases (``phrases.spot``) find what is known; this finds what is put like it. The weights are a logistic regression
over single words, pairs of words and the first two words of an utterance (``resources/cues/wording.json``), made by
``resources/cues/weigh.py`` from announcements of many businesses, from what agents say and from ordinary talk, all of
it cut after two, three, four... words as a partial caption is, also with the first word lost. The sum is the natural
log-odds that the words are a person's, people and announcements being equally likely. Pure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import resources
from engine.deciding.spelling import NUMBER_WORDS, plain, read_cues

NAME, NUMBER, START = "<name>", "<number>", "<s>"


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-odds for a person of each feature, and of a text with none of them."""

    bias: float
    features: MappingProxyType[str, float]


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """First names, as people introduce themselves with."""
    return frozenset(read_cues("names")["first"])


@lru_cache(maxsize=1)
def weights() -> Weights:
    """The weights shipped with the program, read once."""
    table = json.loads(resources.locate("cues", "wording.json").read_text("utf-8"))
    return Weights(float(table["bias"]), MappingProxyType({k: float(v) for k, v in table["weights"].items()}))


def words(text: str) -> list[str]:
    """The words that features are made of: plain, first names and numbers each as one class."""
    known = names()
    found: list[str] = []
    for word in plain(text).split():
        token = NAME if word in known else NUMBER if NUMBER_WORDS.get(word, 0) > 1 else word
        if token != NUMBER or found[-1:] != [NUMBER]:
            found.append(token)
    return found


def features(text: str) -> frozenset[str]:
    """Single words, pairs, and what the utterance begins with."""
    said = words(text)
    pairs = (f"{one} {other}" for one, other in zip([START, *said], said, strict=False))
    opening = (f"{START} {' '.join(said[:2])}",) if len(said) >= 2 else ()
    return frozenset((*said, *pairs, *opening))


@lru_cache(maxsize=2048)
def odds(text: str) -> float:
    """Log-odds that ``text``, so far, is a person's and no announcement's; 0 for no words."""
    found = features(text)
    if not found:
        return 0.0
    table = weights()
    return table.bias + sum(table.features.get(feature, 0.0) for feature in found)
