"""What a practice company is: a typed model of its scenario file, and the loader.

A scenario is a graph of steps, each naming the next. It is written in TOML under ``resources/practice/companies`` (or
anywhere else) and checked as a whole when it is loaded: every step, voice and clip it names is there.

    reception  how the call is received: answered after some rings, or refused with a SIP code
    say        speak, then go on
    menu       speak, wait for a key, repeat, give up
    collect    speak, gather digits up to '#'
    hold       music (or silence) with announcements, for a while
    transfer   click, silence, perhaps ringing
    person     a live person: greets, waits, speaks again, hangs up when nobody answers
    voicemail  speak, beep, listen for a while
    hangup     the company ends the call

Each scenario also says what a caller may want of it (``intents``), and which keys and outcome are right for that.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import resources
from engine.deciding.decisions import OUTCOMES
from engine.practice import clips
from engine.practice.tones import ToneName

FOLDER = ("practice", "companies")
"""Where the shipped scenarios are, below ``resources``."""

NAME = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
"""A company's id: file name, and user part of the SIP URI it is called by."""

StepId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")]
Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Keys = Annotated[str, Field(pattern=r"^[0-9*#]*$", max_length=64)]
Seconds = Annotated[float, Field(ge=0, le=7200)]


class ScenarioError(Exception):
    """A scenario cannot be used. ``str()`` is a sentence for a person: which file, what is wrong in it."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Part(_Data):
    """One piece of a prompt: a recorded clip, a sentence to be synthesised, a tone, or a pause. Exactly one of them."""

    clip: str = ""
    text: str = ""
    tone: ToneName | None = None
    pause_s: Seconds = 0.0
    voice: str = ""
    """Who speaks ``text``: a key of the scenario's ``voices``; empty: the announcer."""
    length_s: Seconds = 1.0
    """How long a ``tone`` lasts (those that repeat do so until then)."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        chosen = sum((bool(self.clip), bool(self.text), self.tone is not None, self.pause_s > 0))
        if chosen != 1:
            raise ValueError("a part of a prompt is one of clip, text, tone or pause_s")
        if self.voice and not self.text:
            raise ValueError("only a part with a text has a voice")
        return self


Prompt = Annotated[tuple[Part, ...], Field(min_length=1)]


class EspeakSpeaker(_Data):
    """A synthesised voice of the company."""

    espeak: str
    wpm: int = Field(default=150, ge=80, le=450)
    pitch: int = Field(default=50, ge=0, le=100)


class Reception(_Data):
    """How the call is received.

    With ``refuse`` 0 it is answered after ``ringing_s``; else refused with that SIP code. ``early`` is heard before
    that as early media (183), and lengthens the ringing when it is longer; without it the far side gets a plain 180.
    """

    ringing_s: Seconds = 1.5
    early: tuple[Part, ...] = ()
    refuse: Literal[0, 404, 480, 484, 486, 503, 600, 603, 604] = 0


class _Step(_Data):
    id: StepId


class Say(_Step):
    """Speak, then go on. A key stops the prompt only with ``barge_in``, and is then taken by what follows."""

    kind: Literal["say"] = "say"
    prompt: Prompt
    barge_in: bool = False
    next: StepId


class Menu(_Step):
    """Speak and wait for a key. A key stops the prompt.

    After ``timeout_s`` without a key, or an unknown one (answered by ``invalid``), the prompt (``repeat`` when given)
    is spoken again; after ``tries`` rounds in all it goes on with ``give_up``.
    """

    kind: Literal["menu"] = "menu"
    prompt: Prompt
    repeat: tuple[Part, ...] = ()
    options: dict[Key, StepId] = Field(min_length=1)
    timeout_s: Seconds = 5.0
    tries: int = Field(default=3, ge=1, le=20)
    no_input: tuple[Part, ...] = ()
    invalid: Prompt
    give_up: StepId


class Collect(_Step):
    """Speak and gather digits until ``terminator``, ``max_digits``, or ``timeout_s`` without a digit.

    Fewer than ``min_digits`` (none at all: no input) is asked again ``tries`` times in all, then ``give_up``.
    """

    kind: Literal["collect"] = "collect"
    prompt: Prompt
    terminator: Key = "#"
    min_digits: int = Field(default=1, ge=1, le=32)
    max_digits: int = Field(default=16, ge=1, le=32)
    timeout_s: Seconds = 5.0
    tries: int = Field(default=2, ge=1, le=20)
    invalid: tuple[Part, ...] = ()
    next: StepId
    give_up: StepId


class Stay(_Data):
    """The caller must press ``key`` within ``within_s`` of the announcement's end, else on to ``otherwise``."""

    key: Key = "1"
    within_s: Seconds = 6.0
    otherwise: StepId


class Announcement(_Data):
    """Something said on hold, ``at_s`` after the hold began and, with ``every_s``, again and again.

    ``music``: what becomes of the music meanwhile - it goes on beneath at full level (``over``), softly (``ducked``),
    or it stops and comes back (``stopped``).
    """

    at_s: Seconds
    every_s: Annotated[float, Field(gt=0, le=7200)] | None = None
    prompt: Prompt
    music: Literal["over", "ducked", "stopped"] = "ducked"
    stay: Stay | None = None


class Hold(_Step):
    """Wait in the queue: ``music`` (a clip, looped; empty: silence) with announcements.

    ``length_s`` is how long it lasts; ``long_length_s`` in the long variant. An announcement that would not be over by
    the end is not begun. ``keys`` lead out of the queue at any time.
    """

    kind: Literal["hold"] = "hold"
    music: str = ""
    music_from_s: Seconds = 0.0
    length_s: Annotated[float, Field(gt=0, le=7200)]
    long_length_s: Annotated[float, Field(gt=0, le=7200)] = 600.0
    announcements: tuple[Announcement, ...] = ()
    keys: dict[Key, StepId] = Field(default_factory=dict)
    next: StepId


class Transfer(_Step):
    """The call is put through: a click, silence, perhaps ringing at the other end."""

    kind: Literal["transfer"] = "transfer"
    click: bool = True
    silence_s: Seconds = 1.0
    ringback_s: Seconds = 0.0
    next: StepId


class Person(_Step):
    """A live person in a room with slight noise.

    Says ``greeting``; hears ``waits_s`` of silence; says the next of ``again``, and so on; after the last one and
    another ``waits_s`` hangs up. When the caller speaks, waits till they are done, then says the next of ``reply``
    (round and round), and stays on the line up to ``talks_s``.
    """

    kind: Literal["person"] = "person"
    speaker: str
    """Who it is: the voice of the clips, as in the clips' index."""
    greeting: str
    again: tuple[str, ...] = ()
    reply: tuple[str, ...] = ()
    waits_s: Annotated[float, Field(gt=0, le=600)] = 4.0
    talks_s: Annotated[float, Field(gt=0, le=7200)] = 60.0
    noise_dbfs: float = Field(default=-62.0, ge=-90, le=-40)


class Voicemail(_Step):
    """Speak, beep, record for ``record_s`` (nothing is kept), hang up."""

    kind: Literal["voicemail"] = "voicemail"
    prompt: Prompt
    record_s: Seconds = 6.0


class HangUp(_Step):
    """The company ends the call, after ``pause_s``."""

    kind: Literal["hangup"] = "hangup"
    because: str = Field(min_length=1)
    pause_s: Seconds = 0.5


Step = Annotated[
    Say | Menu | Collect | Hold | Transfer | Person | Voicemail | HangUp, Field(discriminator="kind")
]


class Intent(_Data):
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


class Scenario(_Data):
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
            prompts: list[tuple[Part, ...]] = []
            match step:
                case Say() | Voicemail():
                    prompts = [step.prompt]
                case Menu():
                    prompts = [step.prompt, step.repeat, step.no_input, step.invalid]
                case Collect():
                    prompts = [step.prompt, step.invalid]
                case Hold():
                    prompts = [announcement.prompt for announcement in step.announcements]
                case Transfer() | Person() | HangUp():
                    pass
            found += [(f"step {step.id!r}", part) for prompt in prompts for part in prompt]
        return found


def successors(step: Step) -> tuple[str, ...]:
    """Ids of the steps that may follow ``step``."""
    match step:
        case Say() | Transfer():
            return (step.next,)
        case Menu():
            return (*step.options.values(), step.give_up)
        case Collect():
            return (step.next, step.give_up)
        case Hold():
            stays = tuple(a.stay.otherwise for a in step.announcements if a.stay is not None)
            return (step.next, *step.keys.values(), *stays)
        case Person() | Voicemail() | HangUp():
            return ()


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
