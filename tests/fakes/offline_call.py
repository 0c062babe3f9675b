"""A practice call without a line: the company's real sound into the real ears, the real policy pressing its keys.

Runs as fast as the ears can listen and gives the same result every time, so that what was heard and decided can be
looked at second by second. What it leaves out is SIP, RTP and real time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import soxr

from engine.audio.format import RATE_HZ
from engine.call import Phase
from engine.deciding import policy
from engine.deciding.decisions import Action, Answered, Ask, Finish, Input, LineAnswered, Press, Ring
from engine.hearing.ear import Ear
from engine.hearing.perceptions import Perception
from engine.hearing.transcriber import Transcriber
from engine.practice import script, turns
from engine.practice.report import PersonSpoke, Report
from engine.practice.scenario import Scenario
from engine.practice.studio import Mix, Studio
from flows.model import Flow

STEP_S = 0.1
STEP = round(STEP_S * RATE_HZ)
KEY_S = 0.3
"""From the decision to press until the company has the key: a digit takes 0.2 s on the line."""


@dataclass
class Offline:
    """How the call went. Times in seconds since the call arrived at the company."""

    reports: list[Report] = field(default_factory=list)
    actions: list[tuple[float, Action]] = field(default_factory=list)
    perceptions: list[tuple[float, Perception]] = field(default_factory=list)
    keys: str = ""
    phase: Phase = Phase.NAVIGATING
    outcome: str = ""
    length_s: float = 0.0

    @property
    def person_s(self) -> float | None:
        """When a person first spoke."""
        return next((r.first_word_at for r in self.reports if isinstance(r, PersonSpoke)), None)

    @property
    def rings(self) -> list[float]:
        """When it rang."""
        return [at for at, action in self.actions if isinstance(action, Ring)]

    @property
    def false_rings(self) -> list[float]:
        """Rings while no person had spoken."""
        person = self.person_s
        return [at for at in self.rings if person is None or at < person]


def narrow_band(samples: np.ndarray) -> np.ndarray:
    """What a codec at 8 kHz leaves of it (band only; the quantising noise of G.711 is not added)."""
    return soxr.resample(soxr.resample(samples.astype(np.float32), RATE_HZ, 8000), 8000, RATE_HZ)


def call(
    scenario: Scenario,
    studio: Studio,
    intent: str,
    flow: Flow | None,
    transcriber: Transcriber | None,
    *,
    ask: Callable[[Ask], int | None] = lambda _ask: None,
    stop_after_ring_s: float = 1.5,
    until_s: float = 180.0,
) -> Offline:
    """Make one call."""
    done = Offline()
    ear = Ear(transcriber)
    situation = policy.begin(intent, flow, company=scenario.name)
    play = script.perform(scenario, studio, turns.Caller("offline", f"sip:{scenario.id}@offline"), 0.0)
    acts: list[turns.Input] = []
    mix: Mix | None = None
    mix_from, marks_done, now = 0.0, 0, 0.0
    turn = next(play)

    def put(what: Input) -> None:
        nonlocal situation
        verdict = policy.decide(situation, what)
        situation = verdict.situation
        for action in verdict.actions:
            done.actions.append((now, action))
            match action:
                case Press():
                    done.keys += action.digits
                    acts.extend(turns.Pressed(now + KEY_S * (n + 1), d) for n, d in enumerate(action.digits))
                case Ask():
                    put(Answered(now, action.key, ask(action), 0.7, "asked"))
                case _:
                    pass

    def company() -> bool:
        """Everything the company does up to ``now``. False when it has hung up."""
        nonlocal turn, mix, mix_from, marks_done
        while True:
            for wish in turn.wishes:
                match wish:
                    case turns.Play():
                        mix, mix_from, marks_done = wish.mix, now, 0
                    case turns.StopPlaying():
                        mix = None
                    case turns.Accept():
                        put(LineAnswered(now))
                    case turns.Tell():
                        done.reports.append(wish.report)
                    case _:
                        pass
            if turn.last:
                return False
            coming: list[tuple[float, turns.Input]] = [(act.at, act) for act in acts]
            if mix is not None:
                if marks_done < len(mix.marks):
                    mark = mix.marks[marks_done]
                    at = mix_from + mark.at / RATE_HZ
                    coming.append((at, turns.Reached(at, mark)))
                else:
                    at = mix_from + mix.length_s
                    coming.append((at, turns.Over(at)))
            if turn.wake_at is not None:
                coming.append((turn.wake_at, turns.TimeUp(turn.wake_at)))
            at, happened = min(coming, key=lambda pair: pair[0], default=(np.inf, None))
            if happened is None or at > now:
                turn = type(turn)((), turn.wake_at, turn.last)
                return True
            match happened:
                case turns.Reached():
                    marks_done += 1
                case turns.Over():
                    mix = None
                case turns.TimeUp():
                    pass
                case _:
                    acts.remove(happened)
            turn = play.send(happened)

    rang_at: float | None = None
    while now < until_s and company():
        start = round((now - mix_from) * RATE_HZ)
        sound = mix.read(start, STEP) if mix is not None else np.zeros(0, np.int16)
        sound = np.concatenate([sound, np.zeros(STEP - len(sound), np.int16)])
        now = round(now + STEP_S, 3)
        for perception in ear.feed(sound):
            done.perceptions.append((now, perception))
            put(perception)
        rang_at = done.rings[0] if done.rings else None
        if any(isinstance(action, Finish) for _, action in done.actions):
            break
        if rang_at is not None and now - rang_at > stop_after_ring_s:
            break
    play.close()
    done.phase, done.length_s = situation.phase, now
    finish = next((action for _, action in done.actions if isinstance(action, Finish)), None)
    done.outcome = (
        finish.outcome if finish else "human" if rang_at is not None else policy.if_dropped(situation)
    )
    return done
