"""The model of a call flow: steps joined by ids, checked as a whole.

    DTMF      press keys (optionally only after a prompt was heard)
    LISTEN    hear a menu and take the choice that serves the intent, or the one named
    SPEAK     say words into the call
    HOLD      wait in the queue until a person speaks
    TRANSFER  ring the user (the end of a successful flow)
    HANGUP    end the call

A flow may loop (a menu that repeats); ``cursor`` counts the laps. Texts are what the company says, as learned or as
written by hand; matching them against what a recogniser heard is fuzzy and not done here.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

DIGITS = re.compile(r"^[0-9*#A-D]+$")
"""All that may ever be dialled inside a call (RFC 4733 events 0-15)."""

StepId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
Digits = Annotated[str, Field(pattern=DIGITS.pattern, max_length=32)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class _Step(_Data):
    id: StepId
    note: str = ""
    prompt: str = ""
    """What the company says at this step (learned or written); empty when unknown."""


class Dtmf(_Step):
    """Press ``digits``. With a ``prompt``: once that (or any prompt's end) is heard; without: at once."""

    kind: Literal["dtmf"] = "dtmf"
    digits: Digits
    next: StepId


class Choice(_Data):
    """One option of a menu: what it is for, and what to press or say for it."""

    label: str
    digits: Digits | None = None
    say: str = ""
    next: StepId

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.digits is None and not self.say:
            raise ValueError(f"the choice {self.label!r} says neither what to press nor what to say")
        return self


class Listen(_Step):
    """Hear the menu and take a choice: ``take`` (a label) when set, else the one that serves the intent."""

    kind: Literal["listen"] = "listen"
    choices: tuple[Choice, ...] = Field(min_length=1)
    take: str = ""
    patience_s: float = Field(default=30.0, gt=0, le=600)
    """How long to wait for the menu before the flow is left for exploring."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        labels = [choice.label for choice in self.choices]
        if len(set(labels)) != len(labels):
            raise ValueError(f"step {self.id!r} has two choices of the same label")
        if self.take and self.take not in labels:
            raise ValueError(f"step {self.id!r} takes {self.take!r}, which is none of its choices")
        return self


class Speak(_Step):
    """Say ``text`` into the call; ``{intent}`` stands for what the user wants."""

    kind: Literal["speak"] = "speak"
    text: str = Field(min_length=1)
    next: StepId


class Hold(_Step):
    """Wait in the queue. ``expected_s``: usual length, when known."""

    kind: Literal["hold"] = "hold"
    expected_s: float | None = Field(default=None, ge=0)
    next: StepId | None = None


class Transfer(_Step):
    """A person is there: ring the user."""

    kind: Literal["transfer"] = "transfer"


class HangUp(_Step):
    """End the call politely."""

    kind: Literal["hangup"] = "hangup"


Step = Annotated[Dtmf | Listen | Speak | Hold | Transfer | HangUp, Field(discriminator="kind")]


Sentence = Annotated[str, Field(min_length=1, max_length=600)]


class Learned(_Data):
    """What calls have taught of the company, shared with its flow. Nothing of it tells who called, or when.

    ``prints``: fingerprints of its announcements as text, from which no sound can be made. ``sentences``: what those
    say, in normalised words. ``waits_s``: lengths of past waits in seconds.
    """

    prints: str = Field(default="", max_length=2_000_000)
    sentences: tuple[Sentence, ...] = Field(default=(), max_length=300)
    waits_s: tuple[Annotated[float, Field(ge=0, le=21_600)], ...] = Field(default=(), max_length=100)


class Flow(_Data):
    """A phone tree of one company."""

    id: StepId
    name: str = Field(min_length=1)
    company: str = ""
    numbers: tuple[str, ...] = ()
    """Numbers this flow is for: E.164 or SIP URIs."""
    language: str = "en"
    start: StepId
    steps: tuple[Step, ...] = Field(min_length=1, max_length=10_000)
    notes: str = ""
    learned: Learned | None = None

    @model_validator(mode="after")
    def _joined(self) -> Self:
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            double = next(i for i in ids if ids.count(i) > 1)
            raise ValueError(f"two steps have the id {double!r}")
        known = set(ids)
        if self.start not in known:
            raise ValueError(f"the flow starts at {self.start!r}, which is no step of it")
        for step in self.steps:
            for target in successors(step):
                if target not in known:
                    raise ValueError(f"step {step.id!r} leads to {target!r}, which is no step of this flow")
        return self

    def step(self, step_id: str) -> Step:
        """The step of that id. ``KeyError`` when there is none."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)


def successors(step: Step) -> tuple[str, ...]:
    """Ids of the steps that can come after ``step``."""
    match step:
        case Dtmf() | Speak():
            return (step.next,)
        case Listen():
            return tuple(choice.next for choice in step.choices)
        case Hold():
            return (step.next,) if step.next is not None else ()
        case Transfer() | HangUp():
            return ()
