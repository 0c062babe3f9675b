"""The practice companies, played to the policy in virtual time, word for word: the right keys, hold, ring, outcome.

The sound of it (and the real recogniser) is for the practice tests; here it is the judgement alone, with a perfect
recogniser and the small delays of the ears.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pretend import PretendCall

import flows
import resources
from engine.call import Phase
from engine.deciding import policy
from engine.deciding.decisions import Ask
from engine.deciding.rules import choose_by_rules
from engine.hearing.perceptions import Tone
from flows import codec

FOLDER = resources.locate("practice", "companies")
CLIPS = {
    clip["id"]: clip["text"]
    for clip in tomllib.loads(
        resources.locate("practice", "clips", "clips.toml").read_text(encoding="utf-8")
    )["clip"]
}
UNHEARD_TEXT = "and then we walked along the river until the sun went down behind the hills"
"""What a person says whose clip has no transcript."""


class Company:
    """Plays a scenario to a pretend call."""

    def __init__(self, scenario: dict[str, Any], call: PretendCall) -> None:
        self.steps = {step["id"]: step for step in scenario.get("steps", ())}
        self.start = scenario.get("start", "")
        self.call = call
        self.person_at: float | None = None
        self.taken = 0  # keys dealt with

    def text(self, prompt: list[dict[str, Any]]) -> str:
        return " ".join(part.get("text") or CLIPS.get(part.get("clip", ""), "") for part in prompt)

    def next_key(self, seconds: float) -> str:
        """The next key pressed within ``seconds``, or an empty string."""
        until = self.call.now + seconds
        while (
            len(self.call.keys) <= self.taken and self.call.now < until and self.call.phase is not Phase.DONE
        ):
            self.call.silence(0.2)
        if len(self.call.keys) > self.taken:
            self.taken += 1
            return self.call.keys[self.taken - 1]
        return ""

    def menu(self, step: dict[str, Any]) -> str:
        prompt = step["prompt"]
        for _ in range(step.get("tries", 3)):
            for part in prompt:
                if len(self.call.keys) <= self.taken:
                    self.call.says(self.text([part]), interruptible=True)
            key = self.next_key(step["timeout_s"])
            if key in step["options"]:
                return str(step["options"][key])
            said = step.get("invalid" if key else "no_input")
            if said:
                self.call.says(self.text(said))
            prompt = step.get("repeat", prompt)
        return str(step["give_up"])

    def collect(self, step: dict[str, Any]) -> str:
        self.call.says(self.text(step["prompt"]))
        digits = ""
        while key := self.next_key(step["timeout_s"]):
            if key == "#":
                return str(step["next"])
            digits += key
        return str(step["next"] if len(digits) >= step["min_digits"] else step["give_up"])

    def hold(self, step: dict[str, Any]) -> str:
        began = self.call.now
        due: list[tuple[float, dict[str, Any]]] = []
        for notice in step.get("announcements", ()):
            at = notice["at_s"]
            while at < step["length_s"]:
                due.append((at, notice))
                at += notice.get("every_s", 1e9)

        def play(seconds: float) -> None:
            if seconds > 0:
                (self.call.music if "music" in step else self.call.silence)(seconds)

        for at, notice in sorted(due, key=lambda pair: pair[0]):
            play(began + at - self.call.now)
            over = notice.get("music", "stopped") in ("over", "ducked") and "music" in step
            self.call.says(self.text(notice["prompt"]), music_bed=0.8 if over else 0.0)
            if "stay" in notice and self.next_key(notice["stay"]["within_s"]) != notice["stay"]["key"]:
                return str(notice["stay"]["otherwise"])
        play(began + step["length_s"] - self.call.now)
        self.call.silence(0.4)
        return str(step["next"])

    def play(self) -> None:
        here = self.start
        for _ in range(40):
            step = self.steps[here]
            if self.call.phase is Phase.DONE:
                return
            match step["kind"]:
                case "say":
                    self.call.says(self.text(step["prompt"]))
                    here = step["next"]
                case "menu":
                    here = self.menu(step)
                    self.call.silence(0.3)
                case "collect":
                    here = self.collect(step)
                    self.call.silence(0.3)
                case "hold":
                    here = self.hold(step)
                case "transfer":
                    self.call.silence(step["silence_s"])
                    if step.get("ringback_s"):
                        self.call.tone(Tone.RINGBACK, step["ringback_s"])
                    here = step["next"]
                case "person":
                    self.person_at = self.call.now
                    self.call.person(CLIPS.get(step["greeting"]) or UNHEARD_TEXT)
                    self.call.silence(3.0)
                    return
                case "voicemail":
                    self.call.says(self.text(step["prompt"]))
                    self.call.tone(Tone.BEEP, 0.5)
                    self.call.silence(5.0)
                    return
                case "hangup":
                    self.call.silence(0.5)
                    return
        raise AssertionError("the company went round in circles")


def ask_rules(ask: Ask) -> int | None:
    found = choose_by_rules(ask.intent, ask.options)
    return found.index if found else None


def cases(*, with_flow: bool) -> list[Any]:
    out = []
    for path in sorted(Path(FOLDER).glob("*.toml")):
        scenario = tomllib.loads(path.read_text(encoding="utf-8"))
        if not scenario.get("steps") or (with_flow and path.stem not in flows.library()):
            continue
        for number, intent in enumerate(scenario["intents"]):
            out.append(pytest.param(path.stem, scenario, intent, id=f"{path.stem}-{number}"))
    return out


def play(
    name: str, scenario: dict[str, Any], intent: dict[str, Any], *, with_flow: bool
) -> tuple[PretendCall, Company]:
    flow = codec.load(flows.LIBRARY / f"{name}.json") if with_flow else None
    call = PretendCall(intent["words"], flow, chooser=ask_rules)
    company = Company(scenario, call)
    call.wait(2.0).answered().silence(0.5)
    company.play()
    return call, company


def check(call: PretendCall, company: Company, intent: dict[str, Any]) -> None:
    assert call.keys == intent.get("keys", ""), call.show()
    if intent["outcome"] == "human":
        assert company.person_at is not None
        assert len(call.rings) == 1, call.show()
        assert 0 < call.rings[0] - company.person_at <= 2.3, call.show()
    else:
        assert call.rings == [], call.show()
        assert (call.outcome or policy.if_dropped(call.situation)) == intent["outcome"], call.show()
    if intent.get("hold"):
        assert any("HOLDING" in repr(action) for _, action in call.log)


@pytest.mark.parametrize(("name", "scenario", "intent"), cases(with_flow=False))
def test_exploring(name: str, scenario: dict[str, Any], intent: dict[str, Any]) -> None:
    call, company = play(name, scenario, intent, with_flow=False)
    check(call, company, intent)


@pytest.mark.parametrize(("name", "scenario", "intent"), cases(with_flow=True))
def test_with_its_flow(name: str, scenario: dict[str, Any], intent: dict[str, Any]) -> None:
    call, company = play(name, scenario, intent, with_flow=True)
    check(call, company, intent)
