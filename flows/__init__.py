"""What a phone tree is: pure data and pure functions. Imports nothing of this program."""

from __future__ import annotations

from pathlib import Path

LIBRARY = Path(__file__).resolve().parent / "library"
"""The flows shipped with the program: one JSON file each, named after the flow's id."""


def library() -> tuple[str, ...]:
    """Ids of the flows shipped with the program, in order."""
    return tuple(sorted(path.stem for path in LIBRARY.glob("*.json")))
