"""How long the program takes to be usable, and what it occupies when idle.

    xvfb-run -a python tests/bench/start_up.py [--runs 5]        (or QT_QPA_PLATFORM=offscreen)

Each run is a fresh process: from its start to the window painted and typing possible, to the telephone line up (a
call can be made), to the speech recogniser ready; then the memory of each of its processes (USS).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time


def child(began_at: float) -> None:
    """One start of the real program, which tells when it is how far and then quits."""
    import psutil

    from app.compose import Core
    from app.run import run_window
    from engine.events import RecogniserState

    marks: dict[str, float] = {}

    def finish() -> None:
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        marks["MB"] = sum(process.memory_full_info().uss for process in family) / 1e6
        marks["processes"] = len(family)
        print(json.dumps(marks), flush=True)
        os.kill(os.getpid(), signal.SIGTERM)

    class Timed(Core):
        async def start(self) -> None:
            marks["window"] = time.time() - began_at
            self.bus.subscribe(RecogniserState, self._recogniser)
            await super().start()
            marks["line"] = time.time() - began_at
            if "recogniser" in marks:
                finish()

        def _recogniser(self, event: RecogniserState) -> None:
            if event.ready and "recogniser" not in marks:
                marks["recogniser"] = time.time() - began_at
                if "line" in marks:
                    finish()

    run_window(Timed())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--child", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        child(arguments.child)
        return
    rows = []
    for _ in range(arguments.runs + 1):
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(
                [sys.executable, __file__, "--child", str(time.time())],
                env={**os.environ, "HOLDSLAYER_HOME": home},
                stdout=subprocess.PIPE,
                check=True,
                timeout=120,
                text=True,
            )
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    rows = rows[1:]  # the first run fills the disk's cache
    print(f"median of {len(rows)} starts (min-max)\n")
    print("| what | |\n| --- | --- |")
    names = {
        "window": "window usable, s",
        "line": "telephone line up, s",
        "recogniser": "recogniser ready, s",
        "processes": "processes",
        "MB": "memory of all of them when idle (USS), MB",
    }
    for key, name in names.items():
        values = [row[key] for row in rows]
        digits = 0 if key in ("MB", "processes") else 2
        low, middle, high = min(values), statistics.median(values), max(values)
        print(f"| {name} | {middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f}) |")


if __name__ == "__main__":
    main()
