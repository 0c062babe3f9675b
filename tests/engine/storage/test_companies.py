"""What is remembered of companies: bounded, kept whole, taken back exactly, shared without anything personal."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.deciding.expecting import Wait
from engine.hearing.prints import FRAME_BYTES, Print, Prints
from engine.storage import company as company_module
from engine.storage.companies import MOST_COMPANIES, Companies
from engine.storage.company import (
    MOST_SENTENCES,
    MOST_WAITS,
    CompanyMemory,
    Lesson,
    is_personal,
    of_flow,
    shared,
    undone,
)
from flows import codec
from flows.model import Flow
from tests.conftest import WarningsLogged

NUMBER = "+12125550100"


def print_of(seed: int, length: int = 50) -> Print:
    return Print(bytes((seed * 7 + n) % 243 for n in range(length * FRAME_BYTES)))


def prints(*seeds: int) -> Prints:
    return Prints(tuple(print_of(seed) for seed in seeds))


FULL = CompanyMemory(
    prints(1, 2),
    ("please hold the line", "your call is important to us"),
    (Wait(0, 9, 300.0),),
    (("human", 2), ("voicemail", 1)),
)

memories = st.builds(
    CompanyMemory,
    st.lists(st.integers(0, 9), max_size=5, unique=True).map(lambda seeds: prints(*seeds)),
    st.lists(st.sampled_from([f"sentence number {n}" for n in range(9)]), max_size=6, unique=True).map(tuple),
    st.lists(st.builds(Wait, st.integers(0, 6), st.integers(0, 23), st.floats(1, 999)), max_size=3).map(
        tuple
    ),
    st.just((("human", 1),)),
)
lessons = st.builds(Lesson, memories, memories)


@given(memories, lessons)
def test_a_lesson_taken_back_leaves_the_memory_as_it_was(memory: CompanyMemory, lesson: Lesson) -> None:
    after = lesson.taught(memory)
    assert undone(after, memory, after) == memory


@given(memories, lessons, memories)
def test_what_was_learned_meanwhile_stays(
    memory: CompanyMemory, lesson: Lesson, meanwhile: CompanyMemory
) -> None:
    after = lesson.taught(memory)
    later = after.merge(meanwhile)
    back = undone(later, memory, after)
    # Nothing is left of the lesson but what was known before it or learned after it.
    assert set(back.sentences) <= set(memory.sentences) | set(later.sentences)
    assert set(memory.sentences) <= set(back.sentences)
    only_lesson = set(after.sentences) - set(memory.sentences) - set(meanwhile.sentences)
    assert not only_lesson & set(back.sentences)
    assert set(memory.prints.utterances) <= set(back.prints.utterances)


def test_a_memory_is_bounded() -> None:
    memory = CompanyMemory()
    for number in range(400):
        memory = memory.merge(
            CompanyMemory(
                prints(number),
                (f"announcement {number}", "x" * 5000),
                (Wait(0, 1, float(number)),),
                (("human", 1), ("nonsense", 1)),
            )
        )
    assert len(memory.sentences) == MOST_SENTENCES
    assert memory.sentences[-1] == "announcement 399"
    assert len(memory.waits) == MOST_WAITS
    assert memory.outcomes == (("human", 400),)


async def test_what_was_taught_is_there_for_the_next_call(tmp_path: Path) -> None:
    shelf = Companies(tmp_path / "companies")
    await shelf.start()
    assert await shelf.recall(NUMBER, "Harbor Bank") == CompanyMemory()
    shelf.teach(NUMBER, "Harbor Bank", Lesson(add=FULL))
    assert await shelf.recall(NUMBER, "Harbor Bank") == FULL
    assert await shelf.recall("+49", "  harbor   BANK ") == FULL, "another number of that company"
    assert await shelf.recall(NUMBER) == FULL, "the number alone, whose name is known"
    assert await shelf.recall("+49", "Cobalt") == CompanyMemory()
    await shelf.stop()
    again = Companies(tmp_path / "companies")
    await again.start()
    assert await again.recall(NUMBER) == FULL
    await again.stop()
    assert again.notices == ()
    for file in (tmp_path / "companies").glob("*.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_number_that_gets_a_name_keeps_its_memory(tmp_path: Path) -> None:
    shelf = Companies(tmp_path)
    await shelf.start()
    shelf.teach(NUMBER, "", Lesson(add=CompanyMemory(sentences=("please hold",))))
    shelf.teach(NUMBER, "Bank", Lesson(add=CompanyMemory(sentences=("all agents are busy",))))
    assert set((await shelf.recall(NUMBER, "Bank")).sentences) == {"please hold", "all agents are busy"}
    shelf.teach(NUMBER, "Bank", Lesson(drop=CompanyMemory(sentences=("please hold",))))
    assert (await shelf.recall(NUMBER)).sentences == ("all agents are busy",)
    await shelf.stop()


@settings(max_examples=15, deadline=None)
@given(st.lists(memories, max_size=3), lessons)
def test_undo_on_the_disk_is_exact(
    tmp_path_factory: pytest.TempPathFactory, before: list[CompanyMemory], lesson: Lesson
) -> None:
    import asyncio

    async def check() -> None:
        shelf = Companies(tmp_path_factory.mktemp("companies"))
        await shelf.start()
        for memory in before:
            shelf.teach(NUMBER, "Bank", Lesson(add=memory))
        known = await shelf.recall(NUMBER, "Bank")
        taught = shelf.teach(NUMBER, "Bank", lesson)
        assert await shelf.recall(NUMBER, "Bank") == lesson.taught(known)
        shelf.undo(taught)
        assert await shelf.recall(NUMBER, "Bank") == known
        await shelf.stop()
        assert shelf.notices == ()

    asyncio.run(check())


async def test_two_programs_share_a_memory(tmp_path: Path) -> None:
    one, other = Companies(tmp_path), Companies(tmp_path)
    await one.start()
    await other.start()
    for number in range(4):
        for shelf in (one, other):
            name = "one" if shelf is one else "other"
            shelf.teach(NUMBER, "Bank", Lesson(add=CompanyMemory(sentences=(f"{name} {number}",))))
    await one.flush()
    assert len((await other.recall(NUMBER, "Bank")).sentences) == 8
    await one.stop()
    await other.stop()


@pytest.mark.parametrize("damage", ["{", "[]", '{"_default": {"1": {"company": 5}}}', "", "\x00" * 50])
async def test_a_damaged_memory_is_kept_aside_and_begun_anew(
    tmp_path: Path, damage: str, expected_warnings: WarningsLogged
) -> None:
    shelf = Companies(tmp_path)
    await shelf.start()
    shelf.teach(NUMBER, "Bank", Lesson(add=FULL))
    shelf.teach(NUMBER, "Other", Lesson(add=FULL))
    await shelf.flush()
    (file,) = tmp_path.glob("bank-*.json")
    file.write_text(damage)
    assert await shelf.recall("+1", "Bank") == CompanyMemory()
    (notice,) = shelf.notices
    assert "kept as" in notice
    shelf.teach(NUMBER, "Bank", Lesson(add=CompanyMemory(sentences=("new",))))
    assert (await shelf.recall("+1", "Bank")).sentences == ("new",)
    assert [kept.read_text() for kept in tmp_path.glob("bank-*.corrupt*")] == [damage]
    assert await shelf.recall("+1", "Other") == FULL
    await shelf.stop()


async def test_damaged_fingerprints_leave_the_rest(tmp_path: Path, expected_warnings: WarningsLogged) -> None:
    shelf = Companies(tmp_path)
    await shelf.start()
    shelf.teach(NUMBER, "Bank", Lesson(add=FULL))
    await shelf.flush()
    (file,) = tmp_path.glob("bank-*.json")
    table = json.loads(file.read_text())
    table["_default"]["1"]["prints"] = table["_default"]["1"]["prints"][:-8]
    file.write_text(json.dumps(table))
    known = await shelf.recall("+1", "Bank")
    assert known.prints == Prints()
    assert (known.sentences, known.waits, known.outcomes) == (FULL.sentences, FULL.waits, FULL.outcomes)
    (notice,) = shelf.notices
    assert "damaged" in notice and "kept as" in notice
    assert notice in expected_warnings.messages[0]
    assert list(tmp_path.glob("bank-*.corrupt"))
    await shelf.stop()


async def test_the_shelf_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_COMPANIES >= 100
    monkeypatch.setattr("engine.storage.companies.MOST_COMPANIES", 3)
    shelf = Companies(tmp_path)
    await shelf.start()
    for number in range(6):
        shelf.teach(f"+1{number}", f"company {number}", Lesson(add=FULL))
        await shelf.flush()
    assert len([f for f in tmp_path.glob("*.json") if f.name != "numbers.json"]) == 3
    assert await shelf.recall("+15", "company 5") == FULL
    await shelf.stop()


async def test_before_the_start_and_after_the_stop_nothing_is_remembered_and_nothing_fails(
    tmp_path: Path,
) -> None:
    shelf = Companies(tmp_path)
    assert await shelf.recall(NUMBER) == CompanyMemory()
    taught = shelf.teach(NUMBER, "Bank", Lesson(add=FULL))
    shelf.undo(taught)
    await shelf.stop()
    assert list(tmp_path.iterdir()) == []


# --- sharing -----------------------------------------------------------------------------------------------------

FLOW = Flow.model_validate(
    {"id": "bank", "name": "Bank", "start": "end", "steps": [{"id": "end", "kind": "hangup"}]}
)


def test_a_flow_carries_what_was_learned() -> None:
    with_label = CompanyMemory(Prints((Print(print_of(1).bits, "hello John"),)), FULL.sentences, FULL.waits)
    flow = shared(FLOW, with_label)
    again = codec.loads(codec.dumps(flow))
    assert again == flow
    assert of_flow(again).sentences == FULL.sentences
    assert of_flow(again).prints == prints(1)
    assert again.learned is not None and again.learned.waits_s == (300.0,)
    text = codec.dumps(flow)
    assert "John" not in text and "weekday" not in text


def test_a_flow_without_it_is_written_as_before() -> None:
    assert "learned" not in codec.dumps(FLOW)
    assert of_flow(FLOW) == of_flow(None) == CompanyMemory()


def test_a_flow_with_damaged_fingerprints_says_so() -> None:
    flow = shared(FLOW, FULL)
    assert flow.learned is not None
    broken = flow.model_copy(update={"learned": flow.learned.model_copy(update={"prints": "prints1:AAAA"})})
    with pytest.raises(ValueError, match="damaged"):
        of_flow(broken)


@pytest.mark.parametrize(
    ("sentence", "personal"),
    [
        ("your balance is forty two dollars", True),
        ("you entered five five five zero one", True),
        ("please hold for the next agent", False),
        ("you are number four in line", False),
    ],
)
def test_what_may_be_about_a_caller_is_not_shared(sentence: str, personal: bool) -> None:
    assert is_personal(sentence) is personal
    assert (sentence in of_flow(shared(FLOW, CompanyMemory(sentences=(sentence,)))).sentences) is not personal
    assert company_module.MOST_SENTENCES == MOST_SENTENCES
