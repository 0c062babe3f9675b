"""Whether words were said before: captions of the same recording differ a little from one time to the next."""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz import fuzz, process

_SAME_SENTENCE = 88.0
"""Percent of similarity (partial ratio) from which two captions are the same sentence."""

_MIN_WORDS = 4
"""Shorter texts ("hello?") are said by everybody and prove nothing."""


def tells(text: str) -> bool:
    """Whether the plain ``text`` is long enough to be known again."""
    return text.count(" ") + 1 >= _MIN_WORDS


@lru_cache(maxsize=512)
def within(text: str, sentences: tuple[str, ...]) -> bool:
    """Whether the plain ``text`` is part of one of ``sentences``, nearly. Asked at every tick: hence remembered."""
    if not tells(text):
        return False
    # Who shares not half of the words is never that similar; most sentences are left out by this.
    words = _words_of(text)
    near = [
        old
        for old in sentences
        if len(old) >= 0.8 * len(text) and 2 * len(words & _words_of(old)) >= len(words)
    ]
    return process.extractOne(text, near, scorer=fuzz.partial_ratio, score_cutoff=_SAME_SENTENCE) is not None


def begins(text: str, sentences: tuple[str, ...]) -> bool:
    """Whether one of ``sentences`` begins with the plain ``text`` and goes on."""
    return bool(text) and any(old.startswith(f"{text} ") for old in sentences)


@lru_cache(maxsize=4096)
def _words_of(sentence: str) -> frozenset[str]:
    return frozenset(sentence.split())
