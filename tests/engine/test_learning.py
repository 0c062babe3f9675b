"""What a call learns and knows, through the whole engine but for the line and the ears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.call import CallId, Phase
from engine.commands import GiveBack, HangUp, NotAPerson, PickUp, StayOn, ThatIsAPerson, UndoFeedback
from engine.deciding.decisions import LineAnswered
from engine.events import (
    BackOnHold,
    Learned,
    LearningUndone,
    MemoryDamaged,
    OfferEnded,
    PersonFound,
    QueueEstimate,
    UserNeeded,
    VoiceConnected,
)
from engine.hearing.prints import FRAME_BYTES, Print, Prints
from engine.sip.line import ConnectVoice, Dial, LegId
from engine.storage.companies import Companies
from engine.storage.company import CompanyMemory, Lesson, shared
from flows.model import Flow
from tests.conftest import WarningsLogged
from tests.engine.test_gateway import SIP, Scene, settle
from tests.stories import runner

GREETING = "hello this is maria how can i help you"
NOTICE = "your call is important to us please hold for the next available representative"
PRINTS = Prints((Print(bytes(n % 243 for n in range(60 * FRAME_BYTES))),))
BANK = "Harbor Bank"
FLOW = Flow.model_validate(
    {"id": "bank", "name": BANK, "start": "end", "steps": [{"id": "end", "kind": "hangup"}]}
)


class Call:
    """A scene with a memory of companies, and one slain call that hears a story."""

    def __init__(self, folder: Path, flow: Flow | None = None) -> None:
        self.companies = Companies(folder)
        self.scene = Scene(companies=self.companies, flow=flow)
        self.scene.ears.prints = PRINTS
        self.heard_s = 0.0
        self.call = CallId("")

    async def begin(self) -> None:
        self.call = await self.scene.slay()
        await self.companies.flush()
        await settle()
        self.scene.lines[0].far_answers(LegId(self.call))

    async def hear(self, *scenes: dict[str, Any], until_s: float) -> None:
        """The ears hear these scenes (``runner``), up to ``until_s``."""
        story = {"scene": list(scenes), "end_s": until_s}
        for perception in runner.perceptions(story):
            if isinstance(perception, LineAnswered) or not self.heard_s < perception.at_s <= until_s:
                continue
            self.scene.now = 1000.0 + perception.at_s
            self.scene.ears.on[self.call](perception)  # type: ignore[arg-type]
        self.heard_s = until_s
        await settle()

    def do(self, command: type[Any]) -> None:
        self.scene.gateway.do(command(self.call))

    @property
    def phase(self) -> Phase:
        return self.scene.gateway.phase(self.call)

    async def remembered(self) -> CompanyMemory:
        return await self.companies.recall(SIP, BANK)


QUEUE: tuple[dict[str, Any], ...] = (
    {"at_s": 2.0, "say": "please hold for the next available representative"},
    {"at_s": 7.0, "sound": "music"},
    {"at_s": 30.0, "say": NOTICE},
    {"at_s": 37.0, "sound": "music"},
)
PERSON: tuple[dict[str, Any], ...] = (
    {"at_s": 60.0, "sound": "silence"},
    {"at_s": 61.0, "say": GREETING, "voice": "maria"},
)


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Call]:
    made = Call(tmp_path)
    await made.companies.start()
    await made.scene.gateway.start()
    await made.begin()
    yield made
    await made.scene.gateway.stop()
    await made.companies.stop()
    assert made.scene.of(UserNeeded) == []


async def test_a_call_leaves_announcements_a_wait_and_an_outcome_and_no_word_of_the_person(
    call: Call,
) -> None:
    await call.hear(*QUEUE, *PERSON, until_s=66.0)
    assert call.phase is Phase.ALERTING
    call.do(HangUp)
    call.scene.lines[0].far_hangs_up(LegId(call.call))
    known = await call.remembered()
    assert NOTICE in known.sentences
    assert not [s for s in known.sentences if "maria" in s]
    assert known.prints == PRINTS
    (wait,) = known.waits
    assert 45.0 <= wait.length_s <= 62.0
    assert known.outcomes == (("human", 1),)


async def test_the_next_call_knows_before_it_dials(call: Call) -> None:
    await call.hear(*QUEUE, *PERSON, until_s=66.0)
    call.do(HangUp)
    call.scene.lines[0].far_hangs_up(LegId(call.call))
    await call.companies.flush()
    dialled = len(call.scene.sent(Dial))
    call.heard_s = 0.0
    await call.begin()
    assert len(call.scene.sent(Dial)) == dialled + 1
    assert call.scene.ears.known[call.call] == PRINTS
    await call.hear(*QUEUE, until_s=50.0)
    estimate = call.scene.of(QueueEstimate)[-1]
    assert estimate.because == "from the last call"


async def test_that_was_a_recording_is_in_the_memory_before_the_call_ends_and_one_click_takes_it_out(
    call: Call,
) -> None:
    await call.hear(*QUEUE, *PERSON, until_s=66.0)
    before = await call.remembered()
    rings = len(call.scene.of(PersonFound))
    call.do(NotAPerson)
    assert call.phase is Phase.HOLDING
    taught = await call.remembered()
    assert GREETING in taught.sentences and taught.prints == PRINTS
    assert [event.text for event in call.scene.of(Learned)] == ["Learned: that was a recording."]
    call.do(UndoFeedback)
    assert await call.remembered() == before
    assert call.phase is Phase.ALERTING
    assert len(call.scene.of(PersonFound)) == rings + 1
    assert len(call.scene.of(LearningUndone)) == 1
    assert [recorded for _, recorded in call.scene.ears.judged] == [True, None]
    call.do(UndoFeedback)
    assert len(call.scene.of(LearningUndone)) == 1


async def test_that_is_a_person_takes_wrong_lessons_out_at_once(call: Call) -> None:
    wrong = CompanyMemory(PRINTS, (GREETING, NOTICE))
    call.companies.teach(SIP, BANK, Lesson(add=wrong))
    call.scene.gateway.do(HangUp(call.call))
    call.scene.lines[0].far_hangs_up(LegId(call.call))
    before = await call.remembered()
    await call.begin()
    await call.hear(*QUEUE, *PERSON, until_s=63.0)  # in the middle of the greeting
    call.do(ThatIsAPerson)
    known = await call.remembered()
    assert known.sentences == (NOTICE,)
    assert known.prints == Prints()
    call.do(UndoFeedback)
    assert await call.remembered() == before


async def test_a_recording_that_was_picked_up_is_put_down_again_and_undone(call: Call) -> None:
    await call.hear(*QUEUE, *PERSON, until_s=66.0)
    call.do(PickUp)
    await settle()
    assert call.phase is Phase.TALKING
    call.do(NotAPerson)
    await settle()
    assert call.phase is Phase.HOLDING
    assert [sent.on for sent in call.scene.sent(ConnectVoice)] == [True, False]
    call.do(UndoFeedback)
    await settle()
    assert call.phase is Phase.TALKING
    assert call.scene.of(VoiceConnected)[-1].connected


async def test_put_back_on_hold_it_offers_waits_and_rings_again(call: Call) -> None:
    await call.hear(*QUEUE, *PERSON, until_s=66.0)
    call.do(PickUp)
    away = ({"at_s": 70.0, "say": "one moment please", "voice": "maria"}, {"at_s": 75.0, "sound": "music"})
    await call.hear(*QUEUE, *PERSON, *away, until_s=85.0)
    assert [offer.because for offer in call.scene.of(BackOnHold)] == ["hold music"]
    call.do(GiveBack)
    assert call.phase is Phase.HOLDING
    assert len(call.scene.of(OfferEnded)) == 1
    assert not call.scene.sent(ConnectVoice)[-1].on
    back = ({"at_s": 120.0, "sound": "silence"}, {"at_s": 121.0, "say": GREETING, "voice": "tom"})
    await call.hear(*QUEUE, *PERSON, *away, *back, until_s=127.0)
    assert call.phase is Phase.ALERTING


async def test_who_stays_on_keeps_their_voice_in_the_call(call: Call) -> None:
    await call.hear(*QUEUE, *PERSON, until_s=66.0)
    call.do(PickUp)
    away = ({"at_s": 75.0, "sound": "music"},)
    await call.hear(*QUEUE, *PERSON, *away, until_s=85.0)
    call.do(StayOn)
    await call.hear(*QUEUE, *PERSON, *away, until_s=110.0)
    assert call.phase is Phase.TALKING
    assert len(call.scene.of(BackOnHold)) == len(call.scene.of(OfferEnded)) == 1


async def test_a_damaged_memory_stops_no_call(tmp_path: Path, expected_warnings: WarningsLogged) -> None:
    made = Call(tmp_path)
    await made.companies.start()
    made.companies.teach(SIP, BANK, Lesson(add=CompanyMemory(sentences=(NOTICE,))))
    await made.companies.flush()
    (file,) = tmp_path.glob("harbor*.json")
    file.write_text("{")
    await made.scene.gateway.start()
    await made.begin()
    await made.hear(*QUEUE, *PERSON, until_s=66.0)
    assert made.phase is Phase.ALERTING
    await made.scene.gateway.stop()
    await made.companies.stop()
    (told,) = made.scene.of(MemoryDamaged)
    assert "kept as" in told.text and told.text in made.companies.notices
    assert expected_warnings.messages


async def test_what_came_with_a_flow_is_known_too(tmp_path: Path) -> None:
    made = Call(tmp_path, shared(FLOW, CompanyMemory(PRINTS, (NOTICE,))))
    await made.companies.start()
    await made.scene.gateway.start()
    from engine.commands import SlayHold

    made.call = made.scene.gateway.do(SlayHold(SIP, "x", flow="bank")) or CallId("")
    await made.companies.flush()
    async with asyncio.timeout(5.0):
        while made.call not in made.scene.ears.known:
            await settle()
    assert made.scene.ears.known[made.call] == PRINTS
    await made.scene.gateway.stop()
    await made.companies.stop()
