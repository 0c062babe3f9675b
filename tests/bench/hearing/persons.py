"""How a person comes on the line: at once or after a transfer, over the music, with pauses, with few words.

[music stops | transfer | long silence | music plays on] - first word ... pause ... more - waits
"""

from __future__ import annotations

import numpy as np

from tests.bench.hearing.clips import RATE_HZ, Clip, Library, sound
from tests.bench.hearing.recipe import Kind, Layer, Truth

ANSWER = 0.3
"""Share of persons who first say only a word or two and wait."""
ANSWER_S = (0.6, 1.5)
PAUSE_S = (2.0, 3.0)
STAYS_S = 14.0
"""A person is on the line at least so long after the first word."""


def drawn(random: np.random.Generator, library: Library, weigh_by_style: bool = True) -> Clip:
    """A person's clip: every voice is as likely, whatever it left us of itself."""
    voices = library.voices("human")
    voice = voices[int(random.integers(len(voices)))]
    mine = [clip for clip in library.of("human") if clip.voice == voice]
    return mine[int(random.integers(len(mine)))]


def cut(clip: Clip, wanted_s: float) -> float:
    """The quietest place within 0.3 s of ``wanted_s`` after the first word: seconds from the clip's beginning."""
    samples = sound(clip.path)
    centre = clip.onset_s + wanted_s
    frame = RATE_HZ // 50
    start = max(int((clip.onset_s + 0.4) * RATE_HZ), int((centre - 0.3) * RATE_HZ))
    end = min(len(samples) - frame, int((centre + 0.3) * RATE_HZ))
    if end <= start:
        return centre
    places = np.arange(start, end, frame // 2)
    energy = [float(np.mean(samples[p : p + frame] ** 2)) for p in places]
    return round((int(places[int(np.argmin(energy))]) + frame // 2) / RATE_HZ, 3)


def speak(
    random: np.random.Generator, library: Library, clip: Clip, first_word_s: float, gain_db: float, leg: int
) -> tuple[list[Layer], Truth, list[str]]:
    """The layers of a person whose first word falls on ``first_word_s``, the truth of it, and tags."""
    layers: list[Layer] = []
    tags: list[str] = []
    at_s = first_word_s - clip.onset_s
    skip_s = max(0.0, -at_s)
    at_s += skip_s

    def lay(piece: Clip, from_s: float, until_s: float) -> None:
        nonlocal at_s
        length_s = round(until_s - from_s, 3)
        layers.append(Layer((piece.id,), round(at_s, 3), length_s, round(from_s, 3), gain_db, 0.01, leg))
        at_s += length_s

    answer = clip.length_s - clip.onset_s > 3.0 and random.random() < ANSWER
    if answer:
        place_s = cut(clip, float(random.uniform(*ANSWER_S)))
        lay(clip, skip_s, place_s)
        at_s += float(random.uniform(*PAUSE_S))
        lay(clip, place_s, clip.length_s)
        tags.append(f"answers for {place_s - clip.onset_s:.1f} s")
    else:
        lay(clip, skip_s, clip.length_s)
    others = [c for c in library.of("human") if c.voice == clip.voice and c.id != clip.id]
    if others and random.random() < 0.6:
        at_s += float(random.uniform(1.0, 3.0))
        more = others[int(random.integers(len(others)))]
        lay(more, 0.0, more.length_s)
    # A clip is never played twice: people do not repeat themselves to the sample, recordings do.
    until_s = max(first_word_s + STAYS_S, at_s + float(random.uniform(1.0, 3.0)))
    truth = Truth(
        Kind.PERSON, round(first_word_s, 3), round(until_s, 3), clip.id, clip.voice, clip.text or clip.style
    )
    return layers, truth, tags
