"""What a Whisper model makes up: text for music, noise and silence, and how it is told from words that were spoken.

    pieces of one utterance -> tags of sounds off -> repeated? no speech? improbable? a stock phrase? too fast? -> text

Whisper was trained on subtitles, and where nobody speaks it writes what subtitles end with: "thank you", "thanks for
watching", "please subscribe"; or it says one phrase over and over. A person who says nothing but "thank you" after
minutes on hold is rare, the invention is common: such a text is believed only when the model itself is sure of every
token and sure that it was speech. The rest are the guards of the Whisper paper (Radford et al. 2022, section 4.5).
Pure: it looks at the library's values only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Protocol

NO_SPEECH_MOST = 0.6
LOG_PROBABILITY_LEAST = -1.0
COMPRESSION_MOST = 2.4
"""The three guards of the Whisper paper and its reference implementation."""
NO_SPEECH_DOUBT = -0.5
"""Mean log probability below which ``NO_SPEECH_MOST`` counts: the paper joins both in one guard."""
BRIEF_WORDS = 3
BRIEF_LOG_PROBABILITY_LEAST = -0.6
"""Invented text is mostly short: a few words must be believed more."""
STOCK_LOG_PROBABILITY_LEAST, STOCK_NO_SPEECH_MOST = -0.25, 0.2
"""A stock phrase and nothing else: nearly four in five for every token, and hardly a doubt that it is speech."""
WORDS_PER_S_MOST = 7.0
"""Nobody says more; the fastest announcers say five (three hundred words a minute)."""
TIMES_OVER = 3
"""So often in a row says nobody the same words, but for a single one ("no no no")."""

_TAG = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|[♪♫]+[^♪♫]*[♪♫]+|[♪♫]+")
_STOCK = frozenset(
    (
        "thank you",
        "thank you very much",
        "thank you so much",
        "thanks",
        "thank you bye",
        "bye",
        "bye bye",
        "you",
        "so",
        "okay",
        "the",
        "i'm sorry",
        "the end",
        "oh",
    )
)
"""Said by people as well: believed when sure."""
_SUBTITLES = re.compile(
    r"thank(s| you)( so much| very much)? for (watching|listening|viewing)|see you (in the )?next (time|video)"
    r"|(please )?(like and )?subscribe|subtitles? (by|created)|captions? by|transcri(bed|ption) by|amara\.org"
    r"|don't forget to (like|subscribe)"
)
"""Said on no telephone."""


class Piece(Protocol):
    """What faster-whisper says of one stretch."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float


def plain(text: str) -> str:
    """Lower case, words and apostrophes only."""
    return " ".join(re.sub(r"[^\w'. ]", " ", text.lower()).replace(". ", " ").split()).strip(". ")


def over_and_over(words: Sequence[str]) -> bool:
    """Whether two words or more are said ``TIMES_OVER`` times in a row, or a single one twice as often."""
    for size in range(1, len(words) // TIMES_OVER + 1):
        times = 2 * TIMES_OVER if size == 1 else TIMES_OVER
        for at in range(len(words) - size * times + 1):
            phrase = list(words[at : at + size])
            if all(list(words[at + n * size : at + (n + 1) * size]) == phrase for n in range(times)):
                return True
    return False


def believable(pieces: Sequence[Piece], spoken_s: float | None = None) -> tuple[str, float, str]:
    """Text, confidence 0..1 and - where the text is not to be believed - the reason (then text is empty).

    ``spoken_s``: length of the sound. Confidence is the mean probability of a token, e to the power of
    ``avg_logprob``, weighted by length of text.
    """
    texts = [" ".join(_TAG.sub(" ", piece.text).split()) for piece in pieces]
    if not any(texts):
        described = any(piece.text.strip() for piece in pieces)
        return "", 0.0, "sounds, no words" if described else "no words in it"
    kept = [(piece, text) for piece, text in zip(pieces, texts, strict=True) if text]
    mean = sum(p.avg_logprob * len(text) for p, text in kept) / sum(len(text) for _, text in kept)
    no_speech = min(piece.no_speech_prob for piece, _ in kept)
    text = " ".join(text for _, text in kept)
    said = plain(text)
    words = said.split()
    because = ""
    if max(piece.compression_ratio for piece, _ in kept) > COMPRESSION_MOST or over_and_over(words):
        because = "the recogniser repeated itself"
    elif no_speech > NO_SPEECH_MOST and mean < NO_SPEECH_DOUBT:
        because = "the recogniser takes it for no speech"
    elif mean < LOG_PROBABILITY_LEAST:
        because = "low confidence"
    elif _SUBTITLES.search(said):
        because = "the recogniser wrote what ends a film"
    elif said in _STOCK and (mean < STOCK_LOG_PROBABILITY_LEAST or no_speech > STOCK_NO_SPEECH_MOST):
        because = "low confidence in words that it often invents"
    elif len(words) <= BRIEF_WORDS and mean < BRIEF_LOG_PROBABILITY_LEAST:
        because = "low confidence in a few words"
    elif spoken_s is not None and len(words) > BRIEF_WORDS and len(words) > WORDS_PER_S_MOST * spoken_s:
        because = "more words than can be said in that time"
    if because:
        return "", 0.0, because
    return text, math.exp(min(0.0, mean)), ""
