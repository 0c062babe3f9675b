"""How soon the words alone tell a recording from a person: shares by number of words heard.

    python tests/bench/hearing/said.py [--show]

Texts: announcements of ``packaging/announcements_train.tsv`` and of ``tests/engine/deciding/sentences.py``, what agents
say and sentences read aloud there. The weights of the single words were learned from none of them, but the first were
looked at while the sentences to learn from were written, and the phrases were written with the others at hand. What
the weights do with businesses left out of the learning: ``resources/cues/weigh.py --check``. ``--show``: print every
announcement that is not told by its sixth word.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from engine.deciding import phrases, saying
from tests.engine.deciding import sentences

ROOT = Path(__file__).resolve().parents[3]
COUNTS = (2, 3, 4, 6, 8)
AGAINST, CLEARLY = -0.7, -2.0
"""Log-odds of the words from which they speak for a recording, and clearly so."""


def announcements() -> dict[str, list[str]]:
    """Texts of recordings by kind; those that imitate a person are a kind of their own."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "packaging" / "announcements_train.tsv").read_text("utf-8").splitlines():
        kind, _, text = line.partition("\t")
        kind = "imitations of a person" if kind == "agentlike" else "announcements"
        found.setdefault(kind, []).append(phrases.plain(text))
    found["announcements, phrases seen"] = list(sentences.WRITTEN)
    return found


def persons() -> dict[str, list[str]]:
    """Texts of persons by kind."""
    return {"agents": list(sentences.LIVE), "reading": list(sentences.READ)}


def shares(texts: list[str], count: int) -> tuple[float, float, float]:
    """Shares of the texts whose first ``count`` words speak against a person, clearly so, and for one."""
    odds = [saying.odds(" ".join(text.split()[:count])) for text in texts]
    return (
        sum(x <= AGAINST for x in odds) / len(odds),
        sum(x <= CLEARLY for x in odds) / len(odds),
        sum(x >= 1.0 for x in odds) / len(odds),
    )


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--show", action="store_true")
    show = options.parse_args().show
    print("share in percent with words against a person / clearly against / for a person, by words heard")
    for kind, texts in (announcements() | persons()).items():
        line = [f"{n}: " + " ".join(f"{100 * x:3.0f}" for x in shares(texts, n)) for n in (*COUNTS, 99)]
        print(f"{kind:28s} {len(texts):3d}  " + "   ".join(line).replace("99:", "all:"))
        if show and kind.startswith("announcements"):
            for text in texts:
                odds = saying.odds(" ".join(text.split()[:6]))
                if odds > AGAINST:
                    print(f"    {odds:+.1f} {text}")


if __name__ == "__main__":
    main()
