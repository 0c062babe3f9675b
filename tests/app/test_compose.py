"""The composition root: what is started is stopped, what is missing is said."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from app import logs, recogniser
from app.compose import Core
from app.paths import find
from engine.call import CallId, EndReason, Mode
from engine.commands import PlaceCall, SlayHold
from engine.events import CallBegan, RecogniserState, SoundHeard, UserNeeded
from engine.settings import AccountSettings, Deciding, Hearing, Settings
from engine.sip.line import Dial, LineError, LineUp, SetAccount
from engine.storage.secrets import Secrets
from tests.conftest import WarningsLogged
from tests.fakes.line import MemoryLine

BARE = Settings(hearing=Hearing(embedded=False), deciding=Deciding(matcher=False), region="US")

pytestmark = pytest.mark.usefixtures("home")


class DeadLine(MemoryLine):
    """A line that does not come up."""

    async def start(self) -> LineUp:
        raise LineError(EndReason.FAILED, "The port 5060 is in use.")


def core(line: MemoryLine, settings: Settings = BARE, **options: object) -> Core:
    return Core(settings=settings, make_line=lambda index: line, look_for_devices=False, **options)  # type: ignore[arg-type]


async def test_start_and_stop_any_number_of_times() -> None:
    for _ in range(3):
        line = MemoryLine()
        program = core(line)
        await program.stop()
        await program.start()
        await program.start()
        assert line.up
        assert [e.ready for e in program.bus.history if isinstance(e, RecogniserState)] == [False, False]
        await program.stop()
        await program.stop()
        assert not line.up


async def test_a_line_that_does_not_come_up_stops_everything() -> None:
    program = core(DeadLine())
    with pytest.raises(LineError, match="in use"):
        await program.start()
    with pytest.raises(LineError, match="not running"):
        program.do(SlayHold("sip:a@b", "x"))
    assert program.notices == []


async def test_wishes_before_the_start_are_carried_out_in_order_once_the_line_is_up() -> None:
    line = MemoryLine()
    program = core(line)
    # The window is there before anything has started.
    assert program.do(PlaceCall("sip:911@127.0.0.1")) is None
    starting = asyncio.create_task(program.start())
    await asyncio.sleep(0)
    assert program.do(SlayHold("sip:bank@127.0.0.1", "my card")) is None
    assert program.do(PlaceCall("not a number")) is None
    await starting
    dialled = [command.uri for command in line.sent if isinstance(command, Dial)]
    assert dialled == ["sip:911@127.0.0.1", "sip:bank@127.0.0.1"]
    assert any("not a number" in notice for notice in program.notices)
    assert program.do(PlaceCall("sip:later@127.0.0.1"))
    await program.stop()
    with pytest.raises(LineError, match="not running"):
        program.do(PlaceCall("sip:911@127.0.0.1"))


async def test_an_emergency_call_is_dialled_before_the_ears_and_the_chooser_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from engine.deciding.chooser import Chooser

    line, may_load = MemoryLine(), threading.Event()

    async def start(chooser: Chooser) -> None:
        await asyncio.to_thread(may_load.wait, 20)

    def load(hearing: Hearing, language: str, names: Sequence[str]) -> recogniser.Found:
        may_load.wait(20)
        return recogniser.Found(None)

    monkeypatch.setattr(Chooser, "start", start)
    monkeypatch.setattr(recogniser, "load", load)
    program = core(line)
    program.do(PlaceCall("sip:911@127.0.0.1"))
    starting = asyncio.create_task(program.start())
    async with asyncio.timeout(10):
        while not any(isinstance(command, Dial) for command in line.sent):
            await asyncio.sleep(0.01)
    assert not starting.done()
    may_load.set()
    await starting
    await program.stop()


async def test_wishes_of_a_start_that_fails_are_dropped_with_a_sentence() -> None:
    program = core(DeadLine())
    program.do(PlaceCall("sip:911@127.0.0.1"))
    with pytest.raises(LineError, match="in use"):
        await program.start()
    assert any("not done" in notice for notice in program.notices)


async def test_without_ears_there_are_calls_and_a_slain_one_rings_the_user(
    monkeypatch: pytest.MonkeyPatch, expected_warnings: WarningsLogged
) -> None:
    def fail(program: Core, loop: asyncio.AbstractEventLoop) -> None:
        raise ImportError("onnxruntime")

    monkeypatch.setattr(Core, "_listener", fail)
    line = MemoryLine()
    program = core(line)
    needed = asyncio.Event()
    program.bus.subscribe(UserNeeded, lambda event: needed.set())
    await program.start()
    assert line.up
    assert any("cannot listen" in notice for notice in program.notices)
    program.do(SlayHold("sip:bank@127.0.0.1", "my card"))
    async with asyncio.timeout(10):
        await needed.wait()
    await program.stop()
    assert expected_warnings.messages[0] == "the ears could not be started"


async def test_a_guest_comes_last_and_leaves_when_all_is_hung_up() -> None:
    line, seen = MemoryLine(), []

    class Visitor:
        async def arrive(self, program: Core) -> None:
            seen.append(("arrive", line.up))

        async def leave(self) -> None:
            seen.append(("leave", line.up))

    program = core(line, guest=Visitor())
    await program.start()
    await program.stop()
    assert seen == [("arrive", True), ("leave", False)]


async def test_a_guest_that_cannot_come_stops_everything() -> None:
    line = MemoryLine()

    class Visitor:
        async def arrive(self, program: Core) -> None:
            raise LineError(EndReason.FAILED, "The company is closed.")

        async def leave(self) -> None:
            """Nothing to do."""

    program = core(line, guest=Visitor())
    with pytest.raises(LineError, match="closed"):
        await program.start()
    assert not line.up


async def test_the_accounts_get_their_passwords_and_nothing_else_does(home: Path) -> None:
    handlers = logs.start(find().log, verbose=False)
    line = MemoryLine()
    trunk = AccountSettings(id="trunk", host="sip.example.com", user="alice")
    Secrets(find().secrets, None).set("trunk", "correct horse")
    program = core(line, BARE.with_account(trunk))
    await program.start()
    await asyncio.sleep(0)
    await program.stop()
    logs.stop(handlers)
    (sent,) = [command for command in line.sent if isinstance(command, SetAccount)]
    assert sent.account.password == "correct horse"
    assert "horse" not in repr(program.bus.history) + repr(vars(program)) + repr(line.sent)
    others = [p for p in home.rglob("*") if p.is_file() and p.name != "secrets.json"]
    assert others
    assert all(b"horse" not in p.read_bytes() for p in others)


async def test_what_is_missing_is_said_and_the_rest_works() -> None:
    own = find().flows
    own.mkdir(parents=True)
    (own / "broken.json").write_text("{")
    calls = find().calls
    calls.parent.mkdir(parents=True, exist_ok=True)
    calls.write_text("a file where a folder should be")
    line = MemoryLine()
    program = core(line)
    await program.start()
    assert line.up
    assert any("broken.json" in notice for notice in program.notices)
    assert any("history" in notice for notice in program.notices)
    assert program.flows.all, "the shipped flows are there"
    await program.stop()


async def test_calls_of_a_crashed_run_are_in_the_history() -> None:
    first = core(MemoryLine())
    await first.start()
    first.bus.publish(CallBegan(1.0, CallId("c1"), "sip:a@b", "Bank", "card", Mode.HOLD_SLAYER))
    await first.stop()
    second = core(MemoryLine())
    await second.start()
    assert [record.status for record in await second.records.recent()] == ["interrupted"]
    await second.stop()


async def test_a_call_can_be_made_while_the_recogniser_is_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    line, may_load = MemoryLine(), threading.Event()

    def load(hearing: Hearing, language: str, names: Sequence[str]) -> recogniser.Found:
        assert may_load.wait(20)
        return recogniser.Found(None)

    monkeypatch.setattr(recogniser, "load", load)
    program = core(line)
    up = asyncio.Event()
    program.bus.subscribe(RecogniserState, lambda event: up.set())
    starting = asyncio.create_task(program.start())
    await up.wait()
    program.do(PlaceCall("sip:911@127.0.0.1"))
    slain = program.do(SlayHold("sip:bank@127.0.0.1", "my card"))
    await asyncio.sleep(0.05)
    legs = [command.leg for command in line.sent if isinstance(command, Dial)]
    assert len(legs) == 2
    heard = asyncio.Event()
    program.bus.subscribe(SoundHeard, lambda event: heard.set() if event.call == slain else None)
    line.far_answers(legs[1])
    line.far_is_silent(legs[1], 2.0)
    may_load.set()
    await starting
    async with asyncio.timeout(10):
        await heard.wait()
    await program.stop()


async def test_settings_are_saved() -> None:
    program = core(MemoryLine())
    await program.save_settings(Settings(region="DE"))
    assert Core(look_for_devices=False).settings.region == "DE"
