"""Weigh single words and pairs by who says them: makes ``wording.json`` from what is written down in this tree.

    python resources/cues/weigh.py [--check]

Sources. Announcements: ``said/recordings.txt``, the templates of ``resources/language`` that systems say, the prompts
of the practice companies. Persons: ``said/agents.txt``, the templates that people say, and ``said/talk.txt`` (ordinary
talk and reading: most people on a line greet nobody). Every sentence is learned as its first 2, 3, 4, 6, 8, 12 words
and whole, and again with its first word lost. Each source has a fixed share of its side, both sides weigh the same;
the regression is logistic with a quadratic penalty and no bias. The same input always gives the same file.

``--check`` writes nothing: it leaves every fifth business and every fifth sentence of persons out of the learning and
prints what share of them is taken for an announcement, by number of words heard.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.deciding.wording import features

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PREFIXES = (2, 3, 4, 6, 8, 12)
SHARES = {"recordings": 0.5, "templates": 0.35, "practice": 0.15, "agents": 0.35, "people": 0.25, "talk": 0.4}
"""How much a source counts on its side."""
PENALTY = 2e-5
ROUNDS, RATE = 600, 0.5
SMALLEST = 0.05
Sentence = tuple[str, str, int]
"""Source, text, and the group it is left out with."""


def written(name: str) -> Iterator[tuple[str, int]]:
    """The lines of a file in ``said``, numbered by business where it names them, else by line."""
    group = 0
    named = False
    for line in (HERE / "said" / f"{name}.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            named, group = True, group + 1
        elif line and not line.startswith("#"):
            group += not named
            yield line, group


def _prompts(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("text"), str):
            yield part["text"]
        for inner in part.values():
            yield from _prompts(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _prompts(inner)


def sentences() -> list[Sentence]:
    """Everything to learn from."""
    spec = importlib.util.spec_from_file_location("build", HERE.parent / "language" / "build.py")
    assert spec and spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    found: list[Sentence] = []
    for name in ("recordings", "agents", "talk"):
        found += [(name, text, group) for text, group in written(name)]
    for section, name in (("systems", "templates"), ("people", "people")):
        texts = sorted(" ".join(words) for words in build.all_sentences(section))
        step = max(1, len(texts) // 3000)
        found += [(name, text, number) for number, text in enumerate(texts[::step])]
    for path in sorted((ROOT / "resources" / "practice" / "companies").glob("*.toml")):
        texts = [*dict.fromkeys(_prompts(tomllib.loads(path.read_text("utf-8")).get("steps", [])))]
        found += [("practice", text, number) for number, text in enumerate(texts)]
    return found


def pieces(text: str) -> list[str]:
    """A sentence as it is heard: grown word by word, and without its first word."""
    words = text.split()
    counts = [n for n in PREFIXES if n < len(words)] + [len(words)]
    grown = [" ".join(words[:n]) for n in counts]
    return grown + [" ".join(words[1 : n + 1]) for n in counts if n >= 4]


def learn(said: list[Sentence]) -> tuple[float, dict[str, float]]:
    """Bias and weights of the features that occur in at least two sentences of one side."""
    total = Counter(source for source, _, _ in said)
    kept: Counter[str] = Counter()
    for _, text, _ in said:
        kept.update(features(text))
        kept.update(features(text.split(" ", 1)[-1]))
    index = {feature: n for n, feature in enumerate(sorted(f for f, count in kept.items() if count >= 3))}
    rows: list[int] = []
    columns: list[int] = []
    shares: list[float] = []
    person: list[float] = []
    for source, text, _ in said:
        parts = pieces(text)
        for part in parts:
            known = [index[feature] for feature in features(part) if feature in index]
            rows += [len(person)] * len(known)
            columns += known
            shares.append(SHARES[source] / total[source] / len(parts))
            person.append(float(source in ("agents", "people", "talk")))
    return _fit(np.array(rows), np.array(columns), np.array(shares), np.array(person), sorted(index))


def _fit(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    shares: NDArray[np.float64],
    person: NDArray[np.float64],
    names: list[str],
) -> tuple[float, dict[str, float]]:
    """Adam on the penalised likelihood, from zero, a fixed number of rounds."""
    size = len(names)
    shares = shares / shares.sum()
    theta, first, second = np.zeros(size + 1), np.zeros(size + 1), np.zeros(size + 1)
    for turn in range(1, ROUNDS + 1):
        logits = np.bincount(rows, theta[columns], len(person)) + theta[size]
        error = shares * (1.0 / (1.0 + np.exp(-logits)) - person)
        slope = np.append(np.bincount(columns, error[rows], size), 0.0)
        slope[:size] += PENALTY * theta[:size]
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        rate = RATE * (1.0 - turn / (ROUNDS + 1)) * 0.2
        theta -= rate * (first / (1 - 0.9**turn)) / (np.sqrt(second / (1 - 0.999**turn)) + 1e-9)
    table = {
        name: round(float(w), 2) for name, w in zip(names, theta[:size], strict=True) if abs(w) >= SMALLEST
    }
    return round(float(theta[size]), 3), table


def check(said: list[Sentence]) -> None:
    """Print what the left-out fifth is taken for."""
    for fold in range(5):
        held = [s for s in said if s[2] % 5 == fold and s[0] in ("recordings", "agents", "talk")]
        bias, table = learn([s for s in said if s not in held])
        tally(held, bias, table, f"fold {fold}")


def tally(held: list[Sentence], bias: float, table: dict[str, float], title: str) -> None:
    """One line for each source and number of words: shares below -1 and -2, and above 1 and 2."""
    for source in sorted({s[0] for s in held}):
        line = []
        for count in (*PREFIXES, 99):
            odds = [
                bias + sum(table.get(f, 0.0) for f in features(" ".join(text.split()[:count])))
                for name, text, _ in held
                if name == source and (count == 99 or len(text.split()) >= count)
            ]
            x = np.array(odds)
            shares = (
                " ".join(f"{100 * np.mean(mask):3.0f}" for mask in (x < -2, x < -1, x > 1, x > 2))
                if len(x)
                else "-"
            )
            line.append(f"{count}: {shares}")
        print(f"{title} {source:11s} (< -2, < -1, > 1, > 2)  " + " | ".join(line))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--check", action="store_true")
    if options.parse_args().check:
        check(sentences())
        return
    bias, table = learn(sentences())
    lines = ",\n".join(f"{json.dumps(name)}: {weight}" for name, weight in sorted(table.items()))
    (HERE / "wording.json").write_text(f'{{"bias": {bias},\n"weights": {{\n{lines}\n}}}}\n', "utf-8")
    print(f"{len(table)} weights")


if __name__ == "__main__":
    main()
