"""Callers who play against a practice company in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from engine.practice import report, scenario
from engine.practice.rehearsal import Act
from engine.practice.report import Report
from engine.practice.scenario import Scenario
from engine.practice.steps import Collect, Menu
from engine.practice.studio import Studio
from engine.practice.turns import Pressed

THINKING_S = 0.7


@cache
def company(name: str) -> tuple[Scenario, Studio]:
    """A shipped company, rendered once for all tests."""
    loaded = scenario.load(name)
    return loaded, Studio(loaded)


class Knowing:
    """Presses the right keys: one at each menu, all up to '#' where digits are collected, one to stay on the line."""

    def __init__(self, scenario: Scenario, keys: str) -> None:
        self._scenario, self.left = scenario, keys

    def __call__(self, said: Report) -> Sequence[Act]:
        match said:
            case report.PromptPlayed(at, _, _, _, step, _, length_s) if step != "reception":
                kind = self._scenario.step(step)
                if isinstance(kind, Menu):
                    return self._press(at + length_s + THINKING_S, 1)
                if isinstance(kind, Collect) and "#" in self.left:
                    return self._press(at + length_s + THINKING_S, self.left.index("#") + 1)
            case report.StayAsked(_, _, _, _, _, _, until):
                return self._press(until - 3.0, 1)
            case _:
                pass
        return ()

    def _press(self, at: float, count: int) -> Sequence[Act]:
        keys, self.left = self.left[:count], self.left[count:]
        return [Pressed(at + 0.3 * index, key) for index, key in enumerate(keys)]


class Timed:
    """Does given things at given times, whatever the company does."""

    def __init__(self, *acts: Act) -> None:
        self._acts: Sequence[Act] = acts

    def __call__(self, said: Report) -> Sequence[Act]:
        acts, self._acts = self._acts, ()
        return acts
