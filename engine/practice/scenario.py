"""What a practice company is: a typed model of its scenario file, and the loader.

A scenario says how a call is received (answered after some rings, or refused with a SIP code), and what happens then: a
graph of ``steps``, each naming the next. It is written in TOML under ``resources/practice/companies`` (or anywhere
else) and checked as a whole when it is loaded: every step, voice and clip it names is there.

Each scenario also says what a caller may want of it (``intents``), and which keys and outcome are right for that.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

import resources
from engine.deciding.decisions import OUTCOMES
from engine.practice import clips
from engine.practice.steps import Data, Hold, Part, Person, Seconds, Step, StepId, prompts, successors

FOLDER = ("practice", "companies")
"""Where the shipped scenarios are, below ``resources``."""

NAME = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
"""A company's id: file name, and user part of the SIP URI it is called by."""

Keys = Annotated[str, Field(pattern=r"^[0-9*#]*$", max_length=64)]


class ScenarioError(Exception):
    """A scenario cannot be used. ``str()`` is a sentence for a person: which file, what is wrong in it."""


class EspeakSpeaker(Data):
    """A synthesised voice of the company."""

    espeak: str
    wpm: int = Field(default=150, ge=80, le=450)
    pitch: int = Field(default=50, ge=0, le=100)


class Reception(Data):
    """How the call is received.

    With ``refuse`` 0 it is answered after ``ringing_s``; else refused with that SIP code. ``early`` is heard before
    that as early media (183), and lengthens the ringing when it is longer; without it the far side gets a plain 180.
    """

    ringing_s: Seconds = 1.5
    early: tuple[Part, ...] = ()
    refuse: Literal[0, 404, 480, 484, 486, 503, 600, 603, 604] = 0


class Intent(Data):
    """What a caller may want, in plain words, and what is right to do for it."""

    words: str = Field(min_length=1)
    keys: Keys = ""
    """The keys to press, in order, nothing between them."""
    outcome: str
    """How it ends (one of ``OUTCOMES``) when those keys are pressed."""
    hold: bool = False
    """Whether the caller waits in a queue on the way."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"the outcome {self.outcome!r} is none of {', '.join(OUTCOMES)}")
        return self


class Scenario(Data):
    """A practice company."""

    id: Annotated[str, Field(pattern=NAME.pattern, max_length=64)]
    name: str = Field(min_length=1)
    story: str = Field(min_length=1)
    """What happens there, in one line, for tables and lists."""
    language: str = "en"
    voices: dict[str, EspeakSpeaker] = Field(default_factory=dict)
    reception: Reception = Reception()
    start: StepId | None = None
    steps: tuple[Step, ...] = ()
    intents: tuple[Intent, ...] = Field(min_length=1)
    """The first is the default."""

    @property
    def intent(self) -> Intent:
        """The default intent."""
        return self.intents[0]

    def step(self, id: str) -> Step:
        """The step called ``id``. ``KeyError`` when there is none."""
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)

    @model_validator(mode="after")
    def _joined(self) -> Self:
        ids = [step.id for step in self.steps]
        double = next((i for i in ids if ids.count(i) > 1), None)
        if double is not None:
            raise ValueError(f"two steps have the id {double!r}")
        if self.reception.refuse:
            if self.steps:
                raise ValueError("a company that refuses the call has no steps")
            return self
        if self.start not in ids:
            raise ValueError(f"it starts at {self.start!r}, which is no step of it")
        for step in self.steps:
            for target in successors(step):
                if target not in ids:
                    raise ValueError(f"step {step.id!r} leads to {target!r}, which is no step")
        reached, ahead = set[str](), [str(self.start)]
        while ahead:
            here = ahead.pop()
            if here not in reached:
                reached.add(here)
                ahead.extend(successors(self.step(here)))
        lost = [i for i in ids if i not in reached]
        if lost:
            raise ValueError(f"step {lost[0]!r} cannot be reached")
        return self

    @model_validator(mode="after")
    def _furnished(self) -> Self:
        known = clips.index()
        for where, part in self.parts():
            if part.text and (part.voice or "announcer") not in self.voices:
                raise ValueError(
                    f"{where} is spoken by {part.voice or 'announcer'!r}, which is none of its voices"
                )
            if part.clip and part.clip not in known:
                raise ValueError(f"{where} uses the clip {part.clip!r}, which is not there")
        for step in self.steps:
            named: tuple[str, ...] = ()
            if isinstance(step, Hold) and step.music:
                named = (step.music,)
            elif isinstance(step, Person):
                named = (step.greeting, *step.again, *step.reply)
            for name in named:
                if name not in known:
                    raise ValueError(f"step {step.id!r} uses the clip {name!r}, which is not there")
                if isinstance(step, Person) and known[name].voice != step.speaker:
                    raise ValueError(f"the clip {name!r} is not spoken by {step.speaker!r}")
        return self

    def parts(self) -> list[tuple[str, Part]]:
        """All parts of all prompts, each with where it is."""
        found = [("the early media", part) for part in self.reception.early]
        for step in self.steps:
            found += [(f"step {step.id!r}", part) for prompt in prompts(step) for part in prompt]
        return found


def names() -> tuple[str, ...]:
    """Ids of the shipped companies, sorted."""
    return tuple(sorted(path.stem for path in resources.locate(*FOLDER).glob("*.toml")))


def load(name_or_path: str | Path) -> Scenario:
    """The company of that id, or the one in that file. Raises ``ScenarioError`` with a sentence."""
    if isinstance(name_or_path, str) and NAME.fullmatch(name_or_path):
        path = resources.locate(*FOLDER) / f"{name_or_path}.toml"
        if not path.exists():
            raise ScenarioError(
                f"There is no practice company called '{name_or_path}'. There are: {', '.join(names())}."
            )
    else:
        path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        because = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise ScenarioError(f"The scenario file {path} cannot be read: {because}.") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"The scenario file {path} is damaged: it is not TOML ({error}).") from error
    data.setdefault("id", path.stem)
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(piece) for piece in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise ScenarioError(
            f"The scenario file {path} cannot be used: {what}" + (f" (at {where})." if where else ".")
        ) from error
