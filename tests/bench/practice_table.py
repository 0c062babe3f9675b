"""Slay every practice company with the real program and compare with what its scenario says is right.

    python tests/bench/practice_table.py [COMPANY ...] [--jobs N] [--all-intents] [--no-flow] [--logs FOLDER]

Each company is called by ``holdslayer practice COMPANY --headless --json`` in a process and a home folder of its own,
with nothing but what the program ships. Prints a Markdown table; the exit code is 1 when any row fails. A row passes
when keys and outcome are right, when hold was recognised where there is one (a company that only says "all of our
agents are busy" may be waited for as well), when the ring came 0 to 2.5 s after the person's first word by the
company's own clock, when nothing rang before, and when nothing rang at all where no person comes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.practice import scenario
from engine.practice.scenario import Intent, Scenario

ROOT = Path(__file__).resolve().parents[2]
LATENCY_LIMIT_S = 2.5
PATIENCE_S = 240.0
HEADINGS = (
    "company",
    "what happens there",
    "asked for",
    "keys",
    "outcome",
    "hold",
    "ring after first word",
    "false rings",
    "",
)


@dataclass(frozen=True, slots=True)
class Row:
    """How one call went."""

    company: Scenario
    intent: Intent
    summary: dict[str, Any] = field(default_factory=dict)
    rings: int = 0
    error: str = ""

    @property
    def latency_s(self) -> float | None:
        """From the person's first word to the ring."""
        return self.summary.get("latency_s")

    @property
    def faults(self) -> list[str]:
        """What is not as it should be."""
        if self.error:
            return [self.error]
        faults = []
        if self.summary["keys"] != self.intent.keys:
            faults.append("keys")
        if self.summary["outcome"] != self.intent.outcome:
            faults.append("outcome")
        if self.intent.hold and not self.summary["hold_s"]:
            faults.append("hold")
        if self.intent.outcome == "human":
            if self.latency_s is None or not 0 <= self.latency_s <= LATENCY_LIMIT_S:
                faults.append("ring")
        elif self.rings:
            faults.append("rang for nobody")
        if self.summary["false_rings"]:
            faults.append("false rings")
        return faults

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        seen = self.summary
        hold = f"{seen['hold_s']:.0f} s" if seen.get("hold_s") else "-"
        return (
            self.company.id,
            self.company.story,
            self.intent.words,
            _against(self.intent.keys or "-", seen.get("keys") or "-"),
            _against(self.intent.outcome, seen.get("outcome", "?")),
            f"**{hold}**" if self.intent.hold and not seen.get("hold_s") else hold,
            f"{self.latency_s:.2f} s" if self.latency_s is not None else "-",
            str(seen.get("false_rings", "?")),
            "pass" if not self.faults else f"**fail**: {', '.join(self.faults)}",
        )


def _against(expected: str, seen: str) -> str:
    return seen if seen == expected else f"**{seen}** (not {expected})"


def read_lines(output: str) -> tuple[dict[str, Any], int]:
    """The summary (the last line), and how often it rang. Raises ``ValueError`` when there is none."""
    lines = [json.loads(line) for line in output.splitlines() if line.strip()]
    if not lines or lines[-1].get("event") != "summary":
        raise ValueError("no summary")
    return lines[-1], sum(line.get("event") == "human" for line in lines)


async def slay(company: Scenario, intent: Intent, options: argparse.Namespace) -> Row:
    """Run one call."""
    command = [
        sys.executable,
        "-m",
        "app",
        "practice",
        company.id,
        "--for",
        intent.words,
        "--headless",
        "--json",
    ]
    if options.no_flow:
        command.append("--no-flow")
    with tempfile.TemporaryDirectory(prefix="hs-bench-") as home:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env=_environment(home),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                output, complaints = await process.communicate()
        except TimeoutError:
            process.terminate()
            await process.communicate()
            return Row(company, intent, error=f"not over in {PATIENCE_S:.0f} s")
    if options.logs:
        name = f"{company.id}-{company.intents.index(intent)}"
        (options.logs / f"{name}.jsonl").write_bytes(output)
        (options.logs / f"{name}.stderr").write_bytes(complaints)
    try:
        summary, rings = read_lines(output.decode())
    except ValueError:
        last = complaints.decode(errors="replace").strip().splitlines()[-1:] or ["nothing was said"]
        return Row(company, intent, error=f"no summary (exit code {process.returncode}): {last[0][:120]}")
    return Row(company, intent, summary, rings)


def _environment(home: str) -> dict[str, str]:
    places = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
    places += ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    return {**os.environ, **dict.fromkeys(places, home), "QT_QPA_PLATFORM": "offscreen"}


async def slay_all(cases: Sequence[tuple[Scenario, Intent]], options: argparse.Namespace) -> list[Row]:
    """All calls, some at once; tells on stderr how it goes."""
    free = asyncio.Semaphore(options.jobs)

    async def one(company: Scenario, intent: Intent) -> Row:
        async with free:
            began_at = time.monotonic()
            row = await slay(company, intent, options)
        verdict = "; ".join(row.faults) or "pass"
        print(f"{company.id}: {verdict} ({time.monotonic() - began_at:.0f} s)", file=sys.stderr)
        return row

    return await asyncio.gather(*(one(company, intent) for company, intent in cases))


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, and a line that sums them up."""
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *(row.cells for row in rows)]
    late = sorted(row.latency_s for row in rows if row.latency_s is not None)
    passed = sum(not row.faults for row in rows)
    sums = f"{passed} of {len(rows)} as they should be"
    if late:
        sums += f"; ring after first word: median {late[len(late) // 2]:.2f} s, longest {late[-1]:.2f} s"
    sums += f"; false rings: {sum(row.summary.get('false_rings', 0) for row in rows)}."
    return "\n".join([*("| " + " | ".join(line) + " |" for line in lines), "", sums])


def main() -> int:
    """Parse the arguments, make the calls, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("companies", nargs="*", metavar="COMPANY")
    parser.add_argument("--jobs", type=int, default=2, help="calls at once")
    parser.add_argument("--all-intents", action="store_true", help="not only each company's first")
    parser.add_argument("--no-flow", action="store_true", help="explore, without stored call flows")
    parser.add_argument("--logs", type=Path, help="keep each call's lines in this folder")
    options = parser.parse_args()
    if options.logs:
        options.logs.mkdir(parents=True, exist_ok=True)
    companies = [scenario.load(name) for name in options.companies or scenario.names()]
    cases = [
        (company, intent)
        for company in companies
        for intent in (company.intents if options.all_intents else company.intents[:1])
    ]
    rows = asyncio.run(slay_all(cases, options))
    print(table(rows))
    return 1 if any(row.faults for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
