"""Who answers an ``Ask``: rules, then the embedding matcher, then a language model if there is one, then nobody.

    rules (< 1 ms, here) -> matcher (ms) -> language model (about a second)      all models on one worker thread

Cheapest first; a tier that is sure ends it. A model that cannot be loaded or fails is left out, and ``problems`` says
so in a sentence; the call goes on with the tiers that are left.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import resources
from engine.deciding import rules
from engine.deciding.decisions import Answered, Ask
from engine.deciding.gguf import ModelError
from engine.deciding.matcher import Matched, Matcher
from engine.deciding.model import Judged, LanguageModel
from engine.deciding.rules import Ruled

log = logging.getLogger(__name__)

LIMIT_S = 3.0
"""How long the language model may think: menus give up after about five seconds of silence."""


def shipped_matcher() -> Path | None:
    """The embedding model that comes with the program, None when the installation lacks it."""
    try:
        return resources.locate("models", "minilm-q8_0.gguf")
    except FileNotFoundError:
        return None


class Chooser:
    """Chooses among options for an intent. Models are loaded by ``start``, freed by ``stop``, any number of times."""

    def __init__(
        self, matcher_model: Path | None, llm_model: Path | None, *, limit_s: float = LIMIT_S
    ) -> None:
        self._matcher_path = matcher_model
        self._model_path = llm_model
        self._limit_s = limit_s
        self._matcher: Matcher | None = None
        self._model: LanguageModel | None = None
        self._worker: ThreadPoolExecutor | None = None
        self._stopping = threading.Event()
        self.problems: tuple[str, ...] = ()

    async def start(self) -> None:
        """Load the models. Never raises for what is wrong with them; see ``problems``."""
        if self._worker is not None:
            return
        self._stopping.clear()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="think")
        await asyncio.get_running_loop().run_in_executor(self._worker, self._load)

    async def stop(self) -> None:
        """Free the models; an answer in the making is given up."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        self._stopping.set()
        await asyncio.get_running_loop().run_in_executor(worker, self._free)
        worker.shutdown(wait=True, cancel_futures=True)

    def _load(self) -> None:
        problems: list[str] = []
        try:
            if self._matcher_path is not None:
                self._matcher = Matcher(self._matcher_path)
        except ModelError as error:
            problems.append(str(error))
        try:
            if self._model_path is not None and not self._stopping.is_set():
                self._model = LanguageModel(self._model_path)
        except ModelError as error:
            problems.append(str(error))
        self.problems = tuple(problems)
        for problem in problems:
            log.warning("%s", problem)

    def _free(self) -> None:
        matcher, self._matcher = self._matcher, None
        model, self._model = self._model, None
        if matcher is not None:
            matcher.close()
        if model is not None:
            model.close()

    async def choose(self, ask: Ask) -> Answered:
        """The answer to ``ask``. Never raises: a failure is an answer without a choice that says why."""
        try:
            return await self._choose(ask)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("choosing among the options of a menu failed")
            return Answered(0.0, ask.key, None, 0.0, f"no answer: {type(error).__name__}")

    async def _choose(self, ask: Ask) -> Answered:
        if not ask.options:
            return Answered(0.0, ask.key, None, 0.0, "the menu has no options")
        ruled = rules.choose_by_rules(ask.intent, ask.options)
        if ruled is not None and ruled.confidence >= rules.SURE:
            return Answered(0.0, ask.key, ruled.index, ruled.confidence, ruled.because)
        loop = asyncio.get_running_loop()
        matched: Matched | None = None
        if self._worker is not None and self._matcher is not None:
            matched = await loop.run_in_executor(self._worker, self._match, ask)
        settled = settle(ruled, matched)
        if settled is not None:
            return Answered(0.0, ask.key, settled.index, settled.confidence, settled.because)
        judged: Judged | None = None
        if self._worker is not None and self._model is not None:
            judged = await loop.run_in_executor(self._worker, self._judge, ask)
        if judged is not None and judged.index is not None:
            return Answered(0.0, ask.key, judged.index, judged.confidence, judged.because)
        guess = best_guess(ruled, matched)
        if guess is not None and judged is None:
            return Answered(0.0, ask.key, guess.index, guess.confidence, guess.because)
        because = judged.because if judged is not None else "none of the options clearly serves what you want"
        return Answered(0.0, ask.key, None, 0.0, because)

    def _match(self, ask: Ask) -> Matched | None:
        return self._matcher.choose(ask.intent, ask.options) if self._matcher is not None else None

    def _judge(self, ask: Ask) -> Judged | None:
        if self._model is None:
            return None
        return self._model.choose(
            ask.intent, ask.options, ask.heard, limit_s=self._limit_s, cancelled=self._stopping.is_set
        )


_CLEAR = 0.58
"""Confidence from which the matcher is believed without the language model."""


_LEADS = 0.7
"""Confidence from which rules are believed against the matcher."""


def settle(ruled: Ruled | None, matched: Matched | None) -> Ruled | None:
    """What rules and matcher together are sure of: both agree, or one speaks clearly and the other is silent."""
    by_meaning = matched is not None and matched.index is not None
    if ruled is not None and matched is not None and by_meaning and matched.index == ruled.index:
        return Ruled(ruled.index, min(0.98, 0.3 + max(ruled.confidence, matched.confidence)), ruled.because)
    if ruled is not None and not by_meaning and ruled.confidence >= 0.65:
        return ruled
    if ruled is None and matched is not None and matched.index is not None and matched.confidence >= _CLEAR:
        return Ruled(matched.index, matched.confidence, matched.because)
    return None


def best_guess(ruled: Ruled | None, matched: Matched | None) -> Ruled | None:
    """When nobody is sure and no language model is there: the better of the two answers, None when there is none.

    Rules whose best option leads clearly are right more often than a matcher that contradicts them.
    """
    if ruled is not None and ruled.confidence >= _LEADS:
        return ruled
    guesses = [ruled] if ruled is not None else []
    if matched is not None and matched.index is not None:
        guesses.append(Ruled(matched.index, matched.confidence, matched.because))
    return max(guesses, key=lambda guess: guess.confidence, default=None)
