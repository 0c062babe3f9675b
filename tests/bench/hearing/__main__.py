"""Hold calls composed, heard, judged and scored: how often a person is found, and how often a recording rings.

    python -m tests.bench.hearing [--hours 10] [--seed 1] [--side bench|train] [--clips FOLDER]... [--jobs 2]
                                  [--cache FOLDER] [--errors] [--json FILE] [--quick] [--no-words]
    python -m tests.bench.hearing --call 17 --wav FOLDER     # one call to listen to, and what is true in it

Clips come from ../shared/audio and tests/data/hold_bench where they are there; ``--side bench`` takes the held-out
voices and tracks alone (``split.py``), ``--side train`` all others: that is what one tunes on. ``--hours`` are hours
of hold. Without ``--cache`` everything is heard anew. See score.py for what each figure means.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import soundfile

from tests.bench.hearing import clips, compose, run, table
from tests.bench.hearing.recipe import Recipe
from tests.bench.hearing.render import render


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.hearing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--hours", type=float, default=10.0, help="of hold")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side", choices=["bench", "train"], default="bench")
    parser.add_argument("--clips", type=Path, action="append", default=[], help="one more folder of clips")
    parser.add_argument("--only", action="store_true", help="no clips but those of --clips")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--cache", type=Path, help="folder where what was heard is kept")
    parser.add_argument("--quick", action="store_true", help="no ablations and no rivals")
    parser.add_argument("--no-words", action="store_true", help="never run the recogniser")
    parser.add_argument("--errors", action="store_true", help="tell what went wrong, and why")
    parser.add_argument("--maybes", action="store_true", help="with --errors: false maybes, too")
    parser.add_argument("--of", default="", metavar="ROW", help="with --errors: of this row of the table")
    parser.add_argument("--call", type=int, action="append", default=[], help="this call alone (repeatable)")
    parser.add_argument("--wav", type=Path, help="with --call: write the sound into this folder")
    parser.add_argument(
        "--verify", type=int, default=0, metavar="N", help="hear every N-th call without words"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    return parser.parse_args()


def main() -> None:
    """Run it."""
    asked = arguments()
    folders = (*(() if asked.only else clips.FOLDERS), *asked.clips)
    library = clips.load(folders, asked.side)
    if asked.wav is not None:
        for number in asked.call or [0]:
            _write(compose.recipe(number, asked.seed, library, asked.side), library, asked.wav)
        return
    words = not asked.no_words
    plan = run.Plan(
        folders=folders,
        side=asked.side,
        seed=asked.seed,
        cache=asked.cache,
        words=words,
        full=not asked.quick,
        maybes=asked.maybes,
        errors_of=asked.of or (run.OURS if words else run.SOUND_ALONE),
        verify_every=asked.verify,
    )
    if asked.call:
        recipes = [compose.recipe(number, asked.seed, library, asked.side) for number in asked.call]
    else:
        recipes = compose.calls(asked.seed, library, asked.side, asked.hours)
    hold_hours = sum(recipe.hold_s for recipe in recipes) / 3600
    hours = sum(recipe.length_s for recipe in recipes) / 3600
    began = time.monotonic()
    results = []
    for result in run.many(plan, [recipe.number for recipe in recipes], asked.jobs):
        results.append(result)
        if asked.errors:
            for text in result.wrong:
                print(text + "\n", flush=True)
        if sys.stderr.isatty():
            print(f"\r{len(results)} of {len(recipes)} calls", end="", file=sys.stderr, flush=True)
    rows = run.rows(plan.full, words)
    found = table.figures(results, rows)
    voiced = sum(len(recipe.voices()) for recipe in recipes)
    heading = (
        f"{len(recipes)} calls, {hold_hours:.2f} hours of hold in {hours:.2f} hours of sound, {voiced} recorded voices "
        f"played; side {asked.side}, seed {asked.seed}.\nClips: {library.summary()}."
    )
    print(("\n" if sys.stderr.isatty() else "") + table.markdown(found, results, heading))
    checked = [result.verified for result in results if result.verified is not None]
    if checked:
        print(
            f"- {sum(checked)} of {len(checked)} calls heard without words give the row {run.SOUND_ALONE!r}."
        )
    print(f"\n({time.monotonic() - began:.0f} s)", file=sys.stderr)
    if asked.json is not None:
        settings = {"hours": hold_hours, "seed": asked.seed, "side": asked.side, "calls": len(recipes)}
        asked.json.write_text(json.dumps(table.as_json(found, results, settings), indent=1), encoding="utf-8")


def _write(recipe: Recipe, library: clips.Library, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"call-{recipe.side}-{recipe.number}.wav"
    soundfile.write(path, render(recipe, library), clips.RATE_HZ, subtype="PCM_16")
    print(f"{path}: {recipe.length_s:.1f} s, hold from {recipe.hold_from_s:.1f} s; {', '.join(recipe.tags)}")
    for leg in recipe.legs:
        if leg.end_s > leg.start_s:
            print(f"  leg {leg.start_s:.1f}-{leg.end_s:.1f} s: {leg.channel}")
    for truth in sorted(recipe.truth, key=lambda t: (t.start_s, bool(t.clip))):
        text = f" “{truth.text}”" if truth.text else ""
        print(f"  {truth.start_s:7.1f} {truth.end_s:7.1f}  {truth.kind.value} {truth.clip}{text}")


if __name__ == "__main__":
    main()
