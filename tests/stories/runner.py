"""Tells a whole call to the real slayer and the real policy, in virtual time.

A story is a TOML file: what is on the line and when. The runner turns it into the perceptions that the ears would
have (partial captions while somebody speaks, a voice comparison three times a second, ticks), feeds them in order,
does what the user does in it, and writes down what the slayer did. Half an hour of hold takes milliseconds.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.call import CallId, Phase
from engine.deciding import policy
from engine.deciding.decisions import Answered, Ask, Input, LineAnswered
from engine.events import Event
from engine.hearing.perceptions import (
    Heard,
    Sound,
    SoundBegan,
    Span,
    SpeechBegan,
    SpeechEnded,
    Tick,
    Tone,
    ToneHeard,
    Voiced,
)
from engine.slayer import Slayer
from flows import codec

TICK_S = 0.2
PARTIAL_S = 0.5
VOICED_S = 0.3
ENDPOINT_S = 0.8
WORDS_PER_S = 2.6
"""Telephone announcements are read at 150 to 170 words a minute."""


@dataclass
class Told:
    """What came of a story."""

    events: list[tuple[float, Event]] = field(default_factory=list)
    keys: str = ""
    said: list[str] = field(default_factory=list)
    finished: tuple[str, str] | None = None

    def times(self, kind: type[Event]) -> list[float]:
        """When (call clock) events of this class came."""
        return [at_s for at_s, event in self.events if isinstance(event, kind)]

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of this class."""
        return [event for _, event in self.events if isinstance(event, kind)]


class _Hands:
    def __init__(self, told: Told) -> None:
        self._told = told

    def press(self, digits: str) -> None:
        self._told.keys += digits

    async def say(self, text: str) -> None:
        self._told.said.append(text)

    def finish(self, outcome: str, because: str) -> None:
        self._told.finished = (outcome, because)


class _NoModel:
    """The rules alone: a question to a model has no answer."""

    async def choose(self, ask: Ask) -> Answered:
        return Answered(0.0, ask.key, None, 0.0, "no model in this story")


def load(path: Path) -> dict[str, Any]:
    """Read a story."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def perceptions(story: dict[str, Any]) -> list[Input]:
    """What the ears would say, in the order of the moment it is known."""
    out: list[Input] = []
    voices: set[str] = set()
    before: dict[str, float] = {}
    music, last, picked_up = False, "", False
    for scene in story["scene"]:
        at = float(scene["at_s"])
        if "user" in scene:
            picked_up = scene["user"] == "picks up"
        if scene.get("answered"):
            out.append(LineAnswered(at_s=at))
        if "sound" in scene:
            sound = Sound(scene["sound"])
            music = sound is Sound.MUSIC
            out.append(SoundBegan(at_s=at + 0.6, sound=sound, since_s=at))
        if "tone" in scene:
            out.append(ToneHeard(at + 0.5, Tone(scene["tone"]), Span(at, at + 0.5)))
        if picked_up:
            voices.discard(last)  # whom the user talks to is taken out of the book of announcers
        if "say" in scene:
            out.extend(_speech(scene, at, music, voices, before))
            last = str(scene.get("voice", last))
            music = False if not scene.get("over_music") else music
    end_s = float(story.get("end_s", out[-1].at_s + 10.0))
    out.extend(Tick(at_s=round(n * TICK_S, 3)) for n in range(1, int(end_s / TICK_S)))
    out.sort(key=lambda p: p.at_s)
    return out


def _speech(
    scene: dict[str, Any], at: float, music: bool, voices: set[str], before: dict[str, float]
) -> Iterator[Input]:
    text, voice = str(scene["say"]), str(scene.get("voice", "announcer"))
    words = text.split()
    length_s = float(scene.get("length_s", len(words) / WORDS_PER_S + 0.3))
    over_music = bool(scene.get("over_music", False))
    distance = (0.1 if voice in voices else 0.9) if voices else None
    other = distance == 0.9
    repeated = text in before
    before[text] = at
    if not over_music:
        yield SoundBegan(at + 0.4, Sound.SPEECH, at)
    yield SpeechBegan(at + 0.15, at, over_music=over_music)
    moment = PARTIAL_S
    while moment < length_s:
        known = words[: max(1, int((moment - 0.25) / length_s * len(words)))]
        yield Heard(at + moment, " ".join(known), Span(at, at + moment), 0.7, final=False)
        moment += PARTIAL_S
    moment = VOICED_S
    while moment < length_s:
        yield Voiced(
            at + moment,
            at,
            moment * 0.85,
            distance if moment > 0.8 else None,
            0.95 if repeated and moment > 2.0 else 0.0,
            0.9 if over_music else 0.05,
            # Another voice that comes after the announcers' sits at another telephone.
            floor_change_db=3.0 if other else None,
            level_change_db=4.0 if other else None,
        )
        moment += VOICED_S
    end = at + length_s
    yield SpeechEnded(end + ENDPOINT_S, Span(at, end))
    yield Heard(end + ENDPOINT_S + 0.05, text, Span(at, end), 0.75, final=True)
    if not over_music:
        yield SoundBegan(end + 0.7, Sound.SILENCE, end)
    voices.add(voice)


_DEEDS: dict[str, Callable[[Slayer], None]] = {
    "picks up": lambda slayer: slayer.user_takes(Phase.TALKING, "you picked up"),
    "gives back": lambda slayer: slayer.user_gives_back(),
    "stays on": lambda slayer: slayer.user_stays(),
    "a recording": lambda slayer: slayer.user_says(person=False),
    "a person": lambda slayer: slayer.user_says(person=True),
    "takes it back": lambda slayer: slayer.user_takes_back(),
}
"""What the user does in a story (``user = "picks up"``)."""


async def tell(story: dict[str, Any], folder: Path) -> Told:
    """Play the story to a slayer of its own."""
    told = Told()
    flow = codec.load(folder / story["flow"]) if story.get("flow") else None
    clock = [0.0]
    slayer = Slayer(
        CallId("story"),
        policy.begin(story["intent"], flow, company=story.get("company", "")),
        hands=_Hands(told),
        asker=_NoModel(),
        publish=lambda event: told.events.append((clock[0], event)),
        now=lambda: clock[0],
    )
    deeds = sorted((float(scene["at_s"]), scene["user"]) for scene in story["scene"] if "user" in scene)
    for perception in perceptions(story):
        while deeds and deeds[0][0] <= perception.at_s:
            clock[0], deed = deeds.pop(0)
            _DEEDS[deed](slayer)
        clock[0] = perception.at_s
        slayer.feed(perception)
        await asyncio.sleep(0)  # answers to questions come in between
        if told.finished is not None:
            break
    slayer.done()
    return told
