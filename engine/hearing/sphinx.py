"""Speech to text with pocketsphinx: the embedded recogniser, which needs no download.

The acoustic model (en-us) comes in the pocketsphinx wheel; its means and mixture weights were adapted to announcers
behind telephone lines (``resources/models/telephone.md``). Language model and dictionary are ours
(``resources/language``: telephone sentences merged with the general model; see ``build.py`` there).

What to expect of it after G.711 (``tests/bench/hearing/words.py``): prompts of voices like those it was adapted to come
out nearly word for word (1 to 3 % word errors); adverts and notices never read before, in voices it never heard, with
half of the words wrong; free speech of people with nearly all words wrong, but hardly ever as a menu phrase that it is
sure of. So: trust what it says of menus and notices, and take words that fit nothing as just that
(``engine/deciding/phrases`` has a table). Typical slips: "recent that actions" for "recent transactions", the first
word lost or wrong ("champion store patience"), "nine" for "five", and scraps of menu words ("number", "line", "press
two") inside what a person says - the confidence of such an utterance is low. A greeting of one or two words ("hello",
"good morning katie") is often right, with 0.5 to 0.9.

Confidence is 0..1 (``confidence``): the logistic of the mean language score and the mean posterior of the words.
pocketsphinx's posteriors alone are near one for rubbish as well; how well the words follow one another tells more.

A ``Decoder`` holds one utterance at a time, so decoders are kept in a pool and made when needed. Each utterance begins
with a fresh state of the features (0.1 ms) and the same cepstral mean; without the first, pocketsphinx remembers the
noise of the utterance before, and the confidence moved by up to 0.04. Now the same sound gives the same words and
scores whatever was heard before it.
"""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.audio.format import RATE_HZ
from engine.hearing import pronunciation
from engine.hearing.perceptions import Heard, Span, Unheard
from engine.hearing.transcriber import ModelMissing, Samples
from resources import locate

log = logging.getLogger("holdslayer.hearing")

SHORTEST_S = 0.4
"""Less sound than this, pre-roll and all, holds no word."""
CEPSTRAL_MEAN = "39.2,34.7,-26.8,34.9,-17.6,-5.3,5.7,-26.9,12.9,-16.6,-0.2,7.4,-12.6"
"""Mean of prompts and people after G.711. Without it the first seconds of each utterance are misheard."""
PRUNING = {"maxhmmpf": 3000, "maxwpf": 10, "fwdflat": False}
"""Twice as fast as without the first two, word errors unchanged. No second pass over the utterance at its end:
faster by a third (12.4 against 8.5 times real time on a busy machine), final words sooner; word errors of 70 prompts
11 against 8 in a hundred (allison), 19 against 20 (texts never seen), 43 against 48 (espeak). Wider steps over the
frames (``ds`` 2) or fewer densities (``topn`` 2) gain a tenth and lose words; ``pl_window`` gains nothing."""
LEAST_CONFIDENCE = 0.03
"""A final text below this is told as ``Unheard``."""
FINAL = (4.16, 0.40, 1.87)
PARTIAL = (3.07, 0.61, 0.0)
"""Bias, weight of the language score, weight of the posterior: a logistic regression on the share of right words of 350
clips of the benchmark's training side through drawn telephone channels. Final confidence and share of right words
correlate with 0.89, partial ones with 0.63 (a partial text has no posteriors yet). Medians of the final ones:
announcers 0.9, other languages 0.07, people 0.13; of the partial ones after 1.5 s: 0.8, 0.3, 0.3."""
PIECE_SAMPLES = RATE_HZ // 10
"""Sound is recognised in pieces of this length, however much of it has gathered."""
KNOWN_WORDS = ("agent", "hello", "one", "press", "your")
"""Words from the first to the last pages of a telephone dictionary: one that lacks any of them is damaged."""
ADAPTED = {"means": "mean", "sendump": "sendump"}
"""Parts of the acoustic model that are ours, as the files are called, and pocketsphinx's options for them."""
_LANGUAGE_SCALE = 1024.0 / 6.5
"""``Segment.lscore`` is e to the power of the score, scaled down by 2^10 and weighted by ``lw``, which is 6.5."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the decoder's best path: scores are natural logarithms."""

    text: str
    language: float
    posterior: float


def confidence(words: Sequence[Word], final: bool = True) -> float:
    """Belief 0..1 that these are the words spoken; 0 without words."""
    if not words:
        return 0.0
    bias, per_language, per_posterior = FINAL if final else PARTIAL
    language = sum(max(-12.0, word.language) for word in words) / len(words)
    posterior = sum(max(-12.0, word.posterior) for word in words) / len(words)
    return 1.0 / (1.0 + math.exp(-(bias + per_language * language + per_posterior * posterior)))


class SphinxTranscriber:
    """The embedded recogniser. Raises ``ModelMissing`` with a sentence when a part of it is missing.

    ``language``: a folder with another ``phone.lm.bin`` and ``phone.dict``; ``adapted``: False for the wheel's acoustic
    model as it is, to measure what the adaptation is worth.
    """

    def __init__(self, language: Path | None = None, adapted: bool = True) -> None:
        try:
            self._language = language / "phone.lm.bin" if language else locate("language", "phone.lm.bin")
            self._dictionary = language / "phone.dict" if language else locate("language", "phone.dict")
            self._adapted = {part: locate("models", f"telephone.{part}") for part in ADAPTED if adapted}
        except FileNotFoundError as problem:
            raise ModelMissing(str(problem)) from problem
        try:
            import pocketsphinx
        except ImportError as problem:
            raise ModelMissing(
                "The embedded speech recogniser is not installed. Install the package pocketsphinx."
            ) from problem
        self._pocketsphinx = pocketsphinx
        self._acoustic = Path(pocketsphinx.get_model_path("en-us/en-us"))
        if not (self._acoustic / "mdef").is_file():
            raise ModelMissing(
                f"The acoustic model of pocketsphinx is missing from {self._acoustic}. Install pocketsphinx again."
            )
        for part, path in self._adapted.items():
            # pocketsphinx reads beyond the end of a model that was cut short
            if path.stat().st_size != (self._acoustic / part).stat().st_size:
                raise ModelMissing(
                    f"The embedded recogniser's acoustic model {path} is damaged. Install the program again."
                )
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._words: frozenset[str] = frozenset()
        self._idle: list[Any] = [self._make()]
        unknown = [word for word in KNOWN_WORDS if self._idle[0].lookup_word(word) is None]
        if unknown:  # pocketsphinx takes any rubbish for a dictionary, and then hears nothing
            raise ModelMissing(
                f"The embedded recogniser's dictionary {self._dictionary} is damaged: it lacks “{unknown[0]}”. "
                "Install the program again."
            )

    @property
    def name(self) -> str:
        """For the user."""
        return "The embedded recogniser (pocketsphinx, telephone English)"

    def begin(self, start_s: float) -> SphinxUtterance:
        """See ``Transcriber``."""
        with self._lock:
            decoder = self._idle.pop() if self._idle else None
        return SphinxUtterance(self, decoder if decoder is not None else self._make(), start_s)

    def learn(self, *names: str) -> tuple[str, ...]:
        """Take up the words of these names (a company the user typed) that the dictionary has not; tells which.

        Each gets the pronunciation of the large dictionary, or one by rule (``pronunciation``). They are understood
        from the next utterance on, in every call.
        """
        with self._lock:
            if not self._words:
                self._words = frozenset(_dictionary(self._dictionary))
            wanted = [
                word
                for name in names
                for word in pronunciation.words(name)
                if word not in self._words and word not in self._names
            ]
            if not wanted:
                return ()
            # The large dictionary takes 20 MB: it is not kept.
            large = Path(self._pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
            known = _dictionary(large) | _dictionary(self._dictionary)
            new = {word: phones for word in wanted if (phones := pronunciation.pronounce(word, known))}
            self._names |= new
            for decoder in self._idle:
                _add(decoder, new)
        return tuple(new)

    def give_back(self, decoder: Any) -> None:
        """An utterance is over: its decoder is free."""
        with self._lock:
            _add(decoder, self._names)
            self._idle.append(decoder)

    def _make(self) -> Any:
        try:
            decoder = self._pocketsphinx.Decoder(
                hmm=str(self._acoustic),
                **{ADAPTED[part]: str(path) for part, path in self._adapted.items()},
                lm=str(self._language),
                dict=str(self._dictionary),
                samprate=RATE_HZ,
                cmninit=CEPSTRAL_MEAN,
                loglevel="FATAL",
                **PRUNING,
            )
            _add(decoder, self._names)
            return decoder
        except RuntimeError as problem:
            raise ModelMissing(
                f"The embedded recogniser cannot load its language model {self._language}: {problem}. "
                "Install the program again."
            ) from problem


def _dictionary(path: Path) -> dict[str, str]:
    """Words and their first pronunciation."""
    found: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        word, _, phones = line.partition(" ")
        if phones and "(" not in word:
            found.setdefault(word, phones.strip())
    return found


def _add(decoder: Any, names: dict[str, str]) -> None:
    """Add words that the decoder has not; the language model is updated with the last one."""
    missing = [word for word in names if decoder.lookup_word(word) is None]
    for word in missing:
        decoder.add_word(word, names[word], word == missing[-1])


class SphinxUtterance:
    """See ``Utterance``."""

    def __init__(self, transcriber: SphinxTranscriber, decoder: Any, start_s: float) -> None:
        self._transcriber = transcriber
        self._decoder = decoder
        self._start_s = start_s
        self._samples = 0
        self._caption: Heard | None = None
        decoder.reinit_feat()
        decoder.set_cmn(CEPSTRAL_MEAN)
        decoder.start_utt()

    def __del__(self) -> None:
        # an utterance that was dropped (the call ended) gives its decoder back as well
        decoder, self._decoder = getattr(self, "_decoder", None), None
        if decoder is not None:
            decoder.end_utt()
            self._transcriber.give_back(decoder)

    def accept(self, samples: Samples) -> None:
        """See ``Utterance``."""
        self._samples += len(samples)
        # pocketsphinx keeps the interpreter to itself while it works: 4 s at once would stop the ears, and the window,
        # for a quarter of a second.
        for begin in range(0, len(samples), PIECE_SAMPLES):
            self._decoder.process_raw(samples[begin : begin + PIECE_SAMPLES].tobytes(), False, False)

    def partial(self, at_s: float) -> Heard | None:
        """See ``Utterance``. The last word may still change."""
        if self._samples < SHORTEST_S * RATE_HZ or self._decoder.hyp() is None:
            return None
        words = self._words()
        if not words:
            return None
        span = Span(self._start_s, at_s)
        sure = round(confidence(words, final=False), 3)
        self._caption = Heard(at_s, _text(words), span, sure, final=False)
        return self._caption

    def end(self, at_s: float, end_s: float) -> Heard | Unheard:
        """See ``Utterance``."""
        decoder, self._decoder = self._decoder, None
        span = Span(self._start_s, end_s)
        try:
            decoder.end_utt()
            words = _words(decoder) if decoder.hyp() is not None else []
        finally:
            self._transcriber.give_back(decoder)
        if self._samples < SHORTEST_S * RATE_HZ:
            return Unheard(at_s, span, "too short")
        if not words and self._caption is not None:
            # The search may find no way to the end of a sentence whose words it had (they were 0.9 sure).
            return replace(self._caption, at_s=at_s, span=span, final=True)
        if not words:
            return Unheard(at_s, span, "no words in it")
        sure = round(confidence(words), 3)
        if sure < LEAST_CONFIDENCE:
            return Unheard(at_s, span, f"low confidence: {_text(words)}")
        return Heard(at_s, _text(words), span, sure, final=True)

    def _words(self) -> list[Word]:
        return _words(self._decoder)


def _words(decoder: Any) -> list[Word]:
    found = []
    for segment in decoder.seg() or ():
        text = re.sub(r"\(\d+\)$", "", segment.word)
        if text.startswith(("<", "[", "++")):
            continue
        language = math.log(max(1e-12, segment.lscore)) * _LANGUAGE_SCALE
        found.append(Word(text, language, math.log(max(1e-9, segment.prob))))
    return found


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)
