"""The recorded sound that practice companies are made of: an index of what is in ``resources/practice/clips``.

``clips.toml`` there says of each clip whose voice it is, what is said, and where the first word begins;
``SOURCES.md`` beside it says who made it and under which licence.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import resources

FOLDER = ("practice", "clips")


class ClipError(Exception):
    """A clip, or the index, is missing or damaged. ``str()`` is a sentence."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recorded clip: 8 kHz mono FLAC.

    ``kind``: human, recording, music, vocals. ``voice``: the speaker, announcer or track. ``text``: the words, empty
    when unknown. ``onset_s``: where the first word begins (0 for music).
    """

    id: str
    kind: str
    voice: str
    text: str
    onset_s: float

    @property
    def file(self) -> str:
        """Name of its file in the folder of clips."""
        return f"{self.id}.flac"


@cache
def index() -> MappingProxyType[str, Clip]:
    """All clips by id. Raises ``ClipError``."""
    try:
        with resources.locate(*FOLDER, "clips.toml").open("rb") as file:
            rows = tomllib.load(file)["clip"]
        found = {
            row["id"]: Clip(row["id"], row["kind"], row["voice"], row["text"], float(row["onset_s"]))
            for row in rows
        }
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ClipError(
            f"The index of the practice clips is damaged ({error}). Install the program again."
        ) from error
    return MappingProxyType(found)
