"""A language model of the user's (any GGUF, on llama.cpp) as judge of a menu, bound hand and foot.

The model is shown the intent and the options, each with a letter, and can answer nothing but one of the letters or
"none": a grammar made from the options allows no other token. Whatever the company says in its prompt, no key outside
the menu can come of it. The prompt is read in small pieces so that a time limit or a cancel is felt at once. Used by
one thread at a time (``chooser``'s worker).
"""

from __future__ import annotations

import math
import os
import string
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.deciding import gguf
from engine.deciding.decisions import Option
from engine.deciding.identifying import wish
from engine.deciding.phrases import plain

MOST_OPTIONS = 20
_CONTEXT_TOKENS = 2048
_PIECE_TOKENS = 64
"""The prompt is read in pieces of so many tokens; between them the time limit is looked at."""

_HEARD_CHARS = 600

_TASK = (
    "You operate a telephone menu for a caller. Choose the option that leads to what the caller wants. "
    "Answer with the letter of one option, or with none if no option fits."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """The model's answer. ``index`` None: none of these, or no answer in time (``because`` tells)."""

    index: int | None
    confidence: float
    because: str


class LanguageModel:
    """A GGUF, loaded. ``gguf.ModelError`` when it cannot be used. ``chat`` False: plain completion in any case."""

    def __init__(self, path: Path, *, chat: bool = True, threads: int | None = None) -> None:
        self._path = path
        # llama.cpp's threads wait for each other actively: one more than idle cores makes it many times slower.
        threads = threads or max(1, (os.cpu_count() or 2) // 2)
        self._model: Any = gguf.open_gguf(
            path,
            n_ctx=_CONTEXT_TOKENS,
            n_batch=_PIECE_TOKENS,
            n_ubatch=_PIECE_TOKENS,
            n_threads=threads,
            n_threads_batch=threads,
            seed=0,
        )
        template = self._model.metadata.get("tokenizer.chat_template", "")
        self._chat = chat and bool(template)
        self._template = template

    @property
    def name(self) -> str:
        """File name, for records and messages."""
        return self._path.name

    def close(self) -> None:
        """Free the model's memory."""
        self._model.close()

    def _prompt(self, intent: str, options: tuple[Option, ...], heard: str) -> str:
        lines = [
            f"{letter}: {option.label}"
            for letter, option in zip(string.ascii_uppercase, options, strict=False)
        ]
        question = (
            f"The caller wants: {intent}\nThe menu says: {heard[:_HEARD_CHARS]}\nOptions:\n"
            + "\n".join(lines)
        )
        if not self._chat:
            return f"{_TASK}\n\n{question}\nBest option:"
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        def token(number: int) -> str:
            return (
                str(self._model.detokenize([number], special=True).decode("utf-8", "replace"))
                if number >= 0
                else ""
            )

        formatter = Jinja2ChatFormatter(
            self._template, eos_token=token(self._model.token_eos()), bos_token=token(self._model.token_bos())
        )
        messages: list[Any] = [{"role": "system", "content": _TASK}, {"role": "user", "content": question}]
        return str(formatter(messages=messages).prompt)

    def choose(
        self,
        intent: str,
        options: tuple[Option, ...],
        heard: str = "",
        *,
        limit_s: float = 3.0,
        cancelled: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> Judged:
        """The option the model would take. Answers within about ``limit_s``; never an index outside ``options``."""
        options = options[:MOST_OPTIONS]
        if not options:
            return Judged(None, 0.0, "no options")
        ends_at = clock() + limit_s

        def stop() -> bool:
            return cancelled() or clock() >= ends_at

        model = self._model
        prompt = self._prompt(wish(intent), options, plain(heard))
        tokens = model.tokenize(prompt.encode(), add_bos=not self._chat, special=True)[
            -(_CONTEXT_TOKENS - 16) :
        ]
        model.reset()
        for at in range(0, len(tokens) - 1, _PIECE_TOKENS):
            if stop():
                return Judged(None, 0.0, f"{self.name} took too long to read the menu")
            model.eval(tokens[at : min(at + _PIECE_TOKENS, len(tokens) - 1)])
        answers = [*string.ascii_uppercase[: len(options)], "none"]
        said, belief = self._answer(tokens, answers, stop)
        if said not in answers:
            return Judged(None, 0.0, f"{self.name} did not answer in time")
        if said == "none":
            return Judged(None, belief, f"{self.name} finds no option that serves “{intent}”")
        index = answers.index(said)
        return Judged(index, belief, f"{self.name} takes “{options[index].label}” for “{intent}”")

    def _answer(self, tokens: list[int], answers: list[str], stop: Callable[[], bool]) -> tuple[str, float]:
        """What the model says within the grammar, and its share of belief among the answers."""
        model = self._model
        space = "" if self._chat else " "
        rule = " | ".join(f'"{space}{answer}"' for answer in answers)
        firsts = [
            model.tokenize(f"{space}{answer}".encode(), add_bos=False, special=False)[0] for answer in answers
        ]
        shares: list[float] = []

        def look(_ids: Any, scores: Any) -> Any:
            if not shares:
                logits = [float(scores[first]) for first in firsts]
                top = max(logits)
                weights = [math.exp(value - top) for value in logits]
                shares.extend(weight / sum(weights) for weight in weights)
            return scores

        from llama_cpp import LogitsProcessorList

        said = ""
        pieces = model.create_completion(
            prompt=tokens,
            max_tokens=8,
            temperature=0.0,
            stream=True,
            grammar=gguf.grammar(f"root ::= {rule}"),
            logits_processor=LogitsProcessorList([look]),
        )
        for piece in pieces:
            said += piece["choices"][0]["text"]
            if stop():
                break
        said = said.strip()
        belief = shares[answers.index(said)] if said in answers and shares else 0.0
        return said, belief
