"""Which option serves the intent? Share right by tier on hand-written menus, and how long a choice takes.

python tests/bench/deciding/menu_choice.py [--wrong]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from engine.deciding.chooser import best_guess, settle, shipped_matcher
from engine.deciding.decisions import Option
from engine.deciding.matcher import Matcher
from engine.deciding.menus import parse
from engine.deciding.rules import choose_by_rules
from tests.bench.deciding.menu_cases import CASES, MENUS

MISHEARD = {" press ": " credit ", " two ": " to ", " four ": " for ", " one ": " won "}


def misheard(text: str) -> str:
    """The menu as a poor recogniser writes it: every other "press" and small number wrong."""
    words = f" {text} ".split()
    out: list[str] = []
    for number, word in enumerate(words):
        wrong = MISHEARD.get(f" {word} ", "").strip()
        out.append(
            wrong
            if wrong and number % 2 and words[max(0, number - 1)] in ("press", "credit", "for", "to")
            else word
        )
    return " ".join(out)


def main() -> None:
    path = shipped_matcher()
    if path is None:
        sys.exit("The embedding model is missing from resources/models.")
    matcher = Matcher(path)

    def rules_alone(intent: str, options: tuple[Option, ...]) -> int | None:
        found = choose_by_rules(intent, options)
        return found.index if found else None

    def matcher_alone(intent: str, options: tuple[Option, ...]) -> int | None:
        return matcher.choose(intent, options).index

    def both(intent: str, options: tuple[Option, ...]) -> int | None:
        ruled = choose_by_rules(intent, options)
        matched = matcher.choose(intent, options)
        found = settle(ruled, matched) or best_guess(ruled, matched)
        return found.index if found else None

    ways: tuple[tuple[str, Callable[[str, tuple[Option, ...]], int | None]], ...] = (
        ("rules alone", rules_alone),
        ("matcher alone", matcher_alone),
        ("both", both),
    )
    for heard, change in (("clean text", str), ("misheard", misheard)):
        menus = {name: parse(change(text)) for name, text in MENUS.items()}
        print(f"{heard}: {sum(len(m) for m in menus.values())} options understood")
        for name, way in ways:
            right = none = 0
            times: list[float] = []
            for menu, intent, key in CASES:
                options = menus[menu]
                began = time.perf_counter()
                index = way(intent, options)
                times.append(time.perf_counter() - began)
                got = options[index].digits if index is not None else "-"
                right += got == key
                none += got == "-" and key != "-"
                if got != key and "--wrong" in sys.argv and heard == "clean text":
                    print(f"    {name}: {menu}, “{intent}”: {got} instead of {key}")
            times.sort()
            print(
                f"  {name:14} {right:3} of {len(CASES)} right, {none} left open, {len(CASES) - right - none} wrong;"
                f" median {times[len(times) // 2] * 1e3:.2f} ms, worst {times[-1] * 1e3:.1f} ms"
            )
    matcher.close()


if __name__ == "__main__":
    main()
