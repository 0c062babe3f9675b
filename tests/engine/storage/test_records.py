"""Call records: what is in them, and that no crash loses one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from engine.bus import Bus
from engine.call import CallId, EndReason, LineState, Mode, Phase
from engine.events import (
    AudioState,
    CallBegan,
    CallEnded,
    Caption,
    DigitsPressed,
    HoldBegan,
    LineChanged,
    MenuHeard,
    OutcomeKnown,
    PersonDismissed,
    PersonFound,
    PhaseChanged,
    Piece,
    QueueEstimate,
    QueueNews,
    QueueWarning,
    RecordingChanged,
    Spoken,
    StepEntered,
    VoiceConnected,
)
from engine.hearing.perceptions import Span
from engine.storage.record import CallRecord, RecordBuilder
from engine.storage.records import Records, file_name
from tests.conftest import WarningsLogged

CALL = CallId("c1")


def began(call: CallId = CALL, at: float = 100.0, mode: Mode = Mode.HOLD_SLAYER) -> CallBegan:
    return CallBegan(at, call, "+12125550100", "Bank", "my card", mode)


def moved(at: float, old: Phase, new: Phase) -> PhaseChanged:
    return PhaseChanged(at, CALL, old, new, "heard so")


STORY = (
    began(),
    LineChanged(100.1, CALL, LineState.DIALING),
    LineChanged(102.0, CALL, LineState.CONFIRMED),
    StepEntered(102.1, CALL, "bank", "menu"),
    Caption(103.0, CALL, "for cards press", Span(2.0, 3.0), 0.8, final=False),
    Caption(104.0, CALL, "for cards press two", Span(2.0, 4.0), 0.9, final=True),
    Caption(104.1, CALL, "for cards press two", Span(2.0, 4.0), 0.9, final=True, speaker="recording"),
    MenuHeard(104.1, CALL, (("2", "cards"),)),
    DigitsPressed(104.2, CALL, "2", "serves the intent"),
    Spoken(105.0, CALL, "my card", "it asked"),
    moved(110.0, Phase.NAVIGATING, Phase.HOLDING),
    HoldBegan(110.0, CALL, 10.0, "music"),
    QueueNews(115.0, CALL, 4, None),
    QueueNews(120.0, CALL, None, 6.0),
    moved(140.0, Phase.HOLDING, Phase.CONFIRMING),
    QueueEstimate(120.0, CALL, 300.0, 180.0, "as announced"),
    QueueWarning(130.0, CALL, "position_up", "You moved back in the queue."),
    PersonFound(141.0, CALL, "hello", 40.0, ("a live cue",), pieces=(Piece("live", 2.0, 41.0, "hello"),)),
    PersonDismissed(142.0, CALL, "heard before", pieces=(Piece("heard_before", -8.0, 42.0, "again"),)),
    moved(142.5, Phase.CONFIRMING, Phase.HOLDING),
    PersonFound(150.0, CALL, "hi this is Dana", 49.0, ("another voice", "a live cue")),
    moved(150.0, Phase.HOLDING, Phase.ALERTING),
    VoiceConnected(155.0, CALL, True),
    RecordingChanged(155.1, CALL, "/tmp/r.wav"),
    RecordingChanged(179.0, CALL, ""),
    OutcomeKnown(180.0, CALL, "human", "a person answered"),
    CallEnded(180.0, CALL, EndReason.COMPLETED, "The call is over.", by_us=True),
)


def built(events: tuple[object, ...] = STORY) -> CallRecord:
    builder = RecordBuilder.begin(events[0])  # type: ignore[arg-type]
    assert builder is not None
    for event in events[1:]:
        builder.take(event)  # type: ignore[arg-type]
    return builder.record


def test_what_a_record_holds() -> None:
    record = built()
    assert (record.id, record.company, record.intent, record.mode) == ("c1", "Bank", "my card", "hold_slayer")
    assert (record.status, record.outcome, record.flow) == ("ended", "human", "bank")
    assert (record.started_at, record.answered_at, record.hold_at) == (100.0, 102.0, 110.0)
    assert (record.person_at, record.picked_up_at, record.ended_at) == (150.0, 155.0, 180.0)
    assert record.hold_s == 40.0  # 110 to 150: a doubt in between is still waiting
    assert (record.queue_position, record.wait_min) == (4, 6.0)
    assert [(p.speaker, p.text) for p in record.transcript] == [
        ("recording", "for cards press two"),
        ("us", "my card"),
    ]
    assert record.menus == ((("2", "cards"),),)
    assert [p.keys for p in record.pressed] == ["2"]
    assert record.recording == "/tmp/r.wav"
    assert ("another voice", "a live cue") in [e.because for e in record.evidence]
    assert CallRecord.model_validate_json(record.model_dump_json()) == record


def test_what_was_weighed_is_kept_with_each_ring_and_stand_down() -> None:
    weighed = {e.what: e.pieces for e in built().evidence if e.pieces}
    assert list(weighed) == ["person", "not_a_person"]
    assert [(p.kind, p.weight, p.at_s, p.because) for p in weighed["not_a_person"]] == [
        ("heard_before", -8.0, 42.0, "again")
    ]


def test_the_queue_is_kept_as_it_moved() -> None:
    moments = [(m.what, m.position, m.wait_min, m.left_s) for m in built().queue]
    assert moments == [
        ("announced", 4, None, None),
        ("announced", None, 6.0, None),
        ("estimate", None, None, 300.0),
        ("position_up", None, None, None),
    ]


def test_a_record_of_an_older_program_is_read() -> None:
    row = built().model_dump(mode="json")
    del row["queue"]
    for entry in row["evidence"]:
        del entry["pieces"]
    old = CallRecord.model_validate(row)
    assert old.queue == ()
    assert all(entry.pieces == () for entry in old.evidence)
    assert [e.because for e in old.evidence] == [e.because for e in built().evidence]


def test_everyday_calls() -> None:
    begun = began(mode=Mode.DIRECT)
    talked = built((begun, STORY[2], CallEnded(150.0, CALL, EndReason.COMPLETED, "Over.", by_us=True)))
    assert talked.outcome == "completed"
    busy = built((begun, CallEnded(101.0, CALL, EndReason.BUSY, "Busy.", by_us=False)))
    assert busy.outcome == "busy"


async def test_a_call_over_is_on_the_shelf(tmp_path: Path) -> None:
    records, bus = Records(tmp_path), Bus()
    assert await records.start() == 0
    records.attach(bus)
    for event in STORY:
        bus.publish(event)
    bus.publish(AudioState(1.0, "", "", ""))
    assert await records.get("c1") == built()
    assert [r.id for r in await records.recent()] == ["c1"]
    await records.delete("c1")
    assert await records.get("c1") is None
    await records.stop()
    await records.stop()
    assert not list((tmp_path / "running").iterdir())


async def test_a_running_call_is_on_the_disk_at_each_change(tmp_path: Path) -> None:
    records = Records(tmp_path)
    await records.start()
    phases = []
    for event in STORY[:-1]:
        records.note(event)
        await records.flush()
        if isinstance(event, PhaseChanged):
            (file,) = tmp_path.glob("running/*/*.json")
            phases.append(json.loads(file.read_text())["phase"])
    assert phases == ["holding", "confirming", "holding", "alerting"]
    assert await records.recent() == []
    records.note(STORY[-1])
    await records.flush()
    assert not list(tmp_path.glob("running/*/*.json"))
    await records.stop()


async def test_stopped_in_mid_call(tmp_path: Path) -> None:
    records = Records(tmp_path)
    await records.start()
    records.note(began())
    await records.stop()
    again = Records(tmp_path)
    assert await again.start() == 1
    found = await again.get("c1")
    assert found is not None
    assert found.status == "interrupted"
    await again.stop()
    assert not list((tmp_path / "running").iterdir())


async def test_two_programs_share_the_shelf(tmp_path: Path) -> None:
    one, other = Records(tmp_path), Records(tmp_path)
    await one.start()
    one.note(began())
    await one.flush()
    assert await other.start() == 0, "a call of a living program is not interrupted"
    for number in range(6):
        for records in (one, other):
            call = CallId(f"{'one' if records is one else 'other'}-{number}")
            records.note(began(call, at=number))
            records.note(CallEnded(number + 1, call, EndReason.BUSY, "Busy.", by_us=False))
    await asyncio.gather(one.flush(), other.flush())
    assert len(await one.recent()) == 12
    assert len(await other.recent(limit=5)) == 5
    await one.stop()
    await other.stop()


CRASHING = """
import asyncio, os, signal, sys
from pathlib import Path
from engine.bus import Bus
from engine.storage.records import Records
from tests.engine.storage.test_records import STORY

async def main():
    records = Records(Path(sys.argv[1]))
    await records.start()
    bus = Bus()
    records.attach(bus)
    for event in STORY[: int(sys.argv[2])]:
        bus.publish(event)
    await records.flush()
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_killed_in_mid_call(tmp_path: Path) -> None:
    cuts = (1, 11, len(STORY) - 1)
    for number, cut in enumerate(cuts):
        folder = tmp_path / str(number)
        crashed = await asyncio.create_subprocess_exec(sys.executable, "-c", CRASHING, str(folder), str(cut))
        assert await crashed.wait() == -9
        records = Records(folder)
        assert await records.start() == 1
        found = await records.get("c1")
        assert found is not None
        assert found.status == "interrupted"
        assert found.number == "+12125550100"
        assert found.phase == {1: "", 11: "holding", len(STORY) - 1: "alerting"}[cut]
        await records.stop()
        second = Records(folder)
        assert await second.start() == 0
        assert len(await second.recent()) == 1
        await second.stop()


async def test_a_damaged_running_file_is_kept(tmp_path: Path, expected_warnings: WarningsLogged) -> None:
    left = tmp_path / "running" / "20260101-000000-dead"
    left.mkdir(parents=True)
    left.with_suffix(".lock").touch()
    (left / "x.json").write_text("{")
    records = Records(tmp_path)
    assert await records.start() == 0
    assert [f.read_text() for f in tmp_path.glob("x.json.corrupt-*")] == ["{"]
    assert "damaged" in expected_warnings.messages[0]
    await records.stop()


def test_ids_make_harmless_file_names() -> None:
    assert file_name("../../etc/passwd") == "______etc_passwd"
    assert file_name("a-b_c9") == "a-b_c9"
    assert len(file_name("")) == 16


def test_importing_records_needs_no_heavy_library() -> None:
    code = "import sys, engine.storage.records; print(sorted({'onnxruntime', 'pjsua2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
