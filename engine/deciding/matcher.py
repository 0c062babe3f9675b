"""Which option serves an intent, by meaning: cosine of sentence embeddings (all-MiniLM-L6-v2 on llama.cpp).

1 to 2 ms a sentence; labels seen before are kept. An answer needs a least likeness and a lead over the second; else
the answer is "none of these". Used by one thread at a time (``chooser``'s worker).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.deciding import gguf
from engine.deciding.decisions import Option
from engine.deciding.identifying import wish
from engine.deciding.menus import is_foreign
from engine.deciding.phrases import plain
from engine.deciding.rules import repeats

LEAST = 0.24
"""Cosine below which an option does not serve the intent. Chosen on tests.bench.deciding.menu_choice."""

LEAD = 0.03
"""How far the best option must be ahead of the second."""

_KEPT = 4096
_CONTEXT_TOKENS = 256

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Matched:
    """A choice by meaning. ``index`` None: none of these."""

    index: int | None
    confidence: float
    because: str


class Matcher:
    """The embedding model, loaded. ``gguf.ModelError`` when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self._model: Any = gguf.open_gguf(
            path,
            embedding=True,
            n_ctx=_CONTEXT_TOKENS,
            n_batch=_CONTEXT_TOKENS,
            n_ubatch=_CONTEXT_TOKENS,
            n_threads=1,
            n_threads_batch=1,
        )
        self._kept: OrderedDict[str, Vector] = OrderedDict()

    def close(self) -> None:
        """Free the model's memory."""
        self._model.close()

    def vector(self, text: str) -> Vector:
        """Embedding of ``text``, length 1."""
        # The model takes 256 tokens; no intent or label that makes sense is nearly as long.
        text = " ".join(text.split()[:60])[:400]
        known = self._kept.get(text)
        if known is not None:
            self._kept.move_to_end(text)
            return known
        raw = np.asarray(self._model.embed(text or "nothing", truncate=True), dtype=np.float32)
        vector: Vector = raw / max(float(np.linalg.norm(raw)), 1e-9)
        self._kept[text] = vector
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return vector

    def likeness(self, intent: str, options: tuple[Option, ...]) -> list[float]:
        """Cosine of each option with the intent; -1 for those that serve no intent (repeat, other languages)."""
        wanted = self.vector(wish(intent))
        return [
            -1.0
            if repeats(option) or is_foreign(option)
            else float(wanted @ self.vector(plain(option.label) or option.say))
            for option in options
        ]

    def choose(self, intent: str, options: tuple[Option, ...]) -> Matched:
        """The option nearest to the intent, or none of them."""
        if not options:
            return Matched(None, 0.0, "no options")
        scores = self.likeness(intent, options)
        order = sorted(range(len(options)), key=lambda i: (-scores[i], i))
        best = order[0]
        second = scores[order[1]] if len(order) > 1 else 0.0
        lead = scores[best] - max(second, 0.0)
        if scores[best] < LEAST or lead < LEAD:
            return Matched(None, max(0.0, scores[best]), f"nothing is clearly near “{intent}”")
        confidence = min(0.95, 0.4 + 0.5 * scores[best] + lead)
        return Matched(best, confidence, f"“{options[best].label}” is nearest to “{intent}” in meaning")
