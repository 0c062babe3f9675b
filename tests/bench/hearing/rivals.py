"""Three simple ways to find a person on the line, as others do it, on the same sound. Each yields times of rings.

A rival that rang is told at once whether it was a person; after a false ring it rings again only once the voice it
rang for has been quiet for ``REARM_S``. (Without that kindness a talking announcement would count many times.)
"""

from __future__ import annotations

import re

import numpy as np

from engine.hearing.perceptions import Heard, SpeechBegan, SpeechEnded
from tests.bench.hearing.ears import BLOCK_S, Hearing

REARM_S = 2.0
VOICED_S = 0.5
VOICED = 0.5
"""The voice detector's usual threshold."""
WINDOW_S = 3.0
LIVE = re.compile(
    r"\b(hello|hi|hey|good (morning|afternoon|evening)|this is|my name is|speaking|how (can|may) i help"
    r"|what can i do|who am i|are you there|can you hear me)\b"
)
"""A list as one would write it down in an evening."""


def voice_alone(hearing: Hearing) -> list[float]:
    """Rings after half a second of voice: voice activity detection alone."""
    rings: list[float] = []
    voiced_s, quiet_s, armed = 0.0, 0.0, True
    for number, chance in enumerate(hearing.voice):
        if chance >= VOICED:
            voiced_s, quiet_s = voiced_s + BLOCK_S, 0.0
        else:
            quiet_s += BLOCK_S
            if quiet_s > 0.5:
                voiced_s = 0.0
        armed = armed or quiet_s >= REARM_S
        if armed and voiced_s >= VOICED_S - 1e-6:
            rings.append(round((number + 1) * BLOCK_S, 3))
            armed = False
    return rings


def phrases_alone(hearing: Hearing) -> list[float]:
    """Rings on a phrase of ``LIVE`` in a caption."""
    rings: list[float] = []
    ended_s: float | None = 0.0
    armed = True
    for consumed_s, what in hearing.perceptions:
        match what:
            case SpeechBegan():
                armed = armed or (ended_s is not None and what.since_s - ended_s >= REARM_S)
                ended_s = None
            case SpeechEnded():
                ended_s = what.span.end_s
            case Heard() if armed and LIVE.search(what.text.lower()):
                rings.append(consumed_s)
                armed = False
            case _:
                pass
    return rings


def rules_on_windows(hearing: Hearing) -> list[float]:
    """Rings when a window of three seconds looks like speech without music.

    Speech has pauses (a lively level), a voice in most of it, unsteady zero crossings, and is seldom flat.
    """
    size = round(WINDOW_S / BLOCK_S)
    rings: list[float] = []
    armed, quiet = True, 0
    for end in range(1, len(hearing.voice) + 1):
        quiet = quiet + 1 if hearing.voice[end - 1] < VOICED else 0
        armed = armed or quiet * BLOCK_S >= REARM_S
        if end < size or end % 5 or not armed:
            continue
        part = slice(end - size, end)
        level = hearing.level_db[part]
        spoken = (
            float(np.mean(hearing.voice[part] >= VOICED)) >= 0.6
            and float(np.percentile(level, 90) - np.percentile(level, 10)) >= 12.0
            and float(np.std(hearing.crossings[part])) >= 0.04
            and float(np.median(hearing.flatness[part])) <= 0.4
        )
        if spoken:
            rings.append(round(end * BLOCK_S, 3))
            armed = False
    return rings


RIVALS = {
    "rival: voice activity alone": voice_alone,
    "rival: phrase list alone": phrases_alone,
    "rival: rules on 3 s windows": rules_on_windows,
}
