"""The script on a telephone line: exact times from the talk ring, the caller's voice, calls that go wrong."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest

import resources
from engine.audio.format import FRAME_SAMPLES, RATE_HZ
from engine.audio.memory_ring import MemoryRing
from engine.practice import scenario
from engine.practice.exchange import Operator, company_of, dialled_uri
from engine.practice.performance import CallerEar, Player
from engine.practice.report import AnsweredCall, HungUp, PromptPlayed, RefusedCall, Report
from engine.practice.studio import BeepStart, Mark, Mix, Studio
from engine.sip.line import Answer, HangUpLeg, Progress, Refuse
from tests.fakes.line import MemoryLine


def test_marks_are_told_within_ten_milliseconds_however_late_one_looks() -> None:
    rng = random.Random(1)
    ring = MemoryRing(30.0)
    marks = tuple(Mark(at, BeepStart()) for at in range(0, 20 * RATE_HZ, 3217))
    player = Player(ring)
    taken, now = 0.0, 1000.0  # the line takes a frame every 20 ms, from 1000 s on
    player.play(Mix(20 * RATE_HZ, marks))
    told: list[tuple[float, Mark]] = []
    over = False
    while not over:
        now += rng.choice((0.005, 0.02, 0.021, 0.3))
        while taken <= now - 1000.0 + 1e-9:
            ring.take(FRAME_SAMPLES)
            taken += 0.02
        reached, over = player.poll(now)
        told += reached
    assert [mark for _, mark in told] == list(marks)
    errors_s = [at - (1000.0 + mark.at / RATE_HZ) for at, mark in told]
    assert max(map(abs, errors_s)) <= 0.0101 + 1e-6


def test_what_is_played_is_the_mix_and_a_new_one_replaces_it_at_once() -> None:
    ring = MemoryRing(30.0)
    player = Player(ring)
    ones, twos = (np.full(5 * RATE_HZ, value, np.int16) for value in (1, 2))
    player.play(Mix(5 * RATE_HZ, bed=ones))
    heard = [ring.take(FRAME_SAMPLES) for _ in range(10)]
    player.play(Mix(RATE_HZ, (Mark(0, BeepStart()),), bed=twos))
    reached, _ = player.poll(5.0)
    assert reached == []  # nothing of the new one has been sent yet
    heard.append(ring.take(FRAME_SAMPLES))
    reached, _ = player.poll(5.0)
    assert [mark.at for _, mark in reached] == [0]
    assert set(np.concatenate(heard[:-1])) == {1}
    assert set(heard[-1]) == {2}
    player.play(None)
    assert len(ring.take(FRAME_SAMPLES)) == 0
    assert player.poll(9.0) == ([], False)


def test_the_end_is_told_once_and_with_it_the_last_marks() -> None:
    ring = MemoryRing(30.0)
    player = Player(ring)
    mix = Mix(RATE_HZ, (Mark(RATE_HZ, BeepStart()),))
    player.play(mix)
    ring.take(RATE_HZ)
    reached, over = player.poll(3.0)
    assert over and [mark for _, mark in reached] == list(mix.marks)
    assert player.poll(4.0) == ([], False)


def test_the_caller_is_heard_to_begin_and_to_cease_talking() -> None:
    tap = MemoryRing(60.0)
    ear = CallerEar(tap)
    assert ear.poll() is None
    tap.append(np.zeros(RATE_HZ, np.int16))
    assert ear.poll() is None
    voice = (1500 * np.sin(np.arange(RATE_HZ) * 0.1)).astype(np.int16)
    tap.append(voice[: RATE_HZ // 10])  # a click is no voice
    tap.append(np.zeros(RATE_HZ // 2, np.int16))
    assert ear.poll() is None
    tap.append(voice)
    assert ear.poll() is True
    assert ear.poll() is None
    tap.append(np.zeros(RATE_HZ // 2, np.int16))
    assert ear.poll() is None
    tap.append(np.zeros(RATE_HZ // 2, np.int16))
    assert ear.poll() is False


def test_an_ear_that_comes_late_goes_on_with_what_is_left() -> None:
    tap = MemoryRing(2.0)
    ear = CallerEar(tap)
    assert ear.poll() is None
    tap.append((1500 * np.sin(np.arange(4 * RATE_HZ) * 0.1)).astype(np.int16))
    assert ear.poll() is True


@pytest.mark.parametrize(
    ("uri", "company"),
    [
        ("sip:harbor-bank@127.0.0.1:5060", "harbor-bank"),
        ("<sip:harbor-bank+17@127.0.0.1:5060;ob>", "harbor-bank"),
        ('"Bank" <sips:harbor-bank@host>;tag=1', "harbor-bank"),
        ("sip:127.0.0.1", ""),
    ],
)
def test_the_company_is_the_user_part_up_to_a_plus(uri: str, company: str) -> None:
    assert company_of(uri) == company


@pytest.mark.parametrize(
    ("to_uri", "dialled"),
    [
        ("<sip:harbor-bank+17@127.0.0.1>", "sip:harbor-bank+17@127.0.0.1:5099"),
        ('"Bank" <sip:harbor-bank@127.0.0.1:5060;ob>;tag=1', "sip:harbor-bank@127.0.0.1:5099"),
        ("nonsense", "nonsense"),
    ],
)
def test_what_was_dialled_is_told_with_its_port(to_uri: str, dialled: str) -> None:
    assert dialled_uri(to_uri, 5099) == dialled


class Board:
    """An operator on a line in memory."""

    def __init__(self, *names: str) -> None:
        self.line = MemoryLine("practice")
        self.reports: list[Report] = []
        companies = [(each, Studio(each)) for each in map(scenario.load, names)]
        self.operator = Operator(companies, self.reports.append)
        self.operator.serve(self.line)

    async def until(self, kind: type[Report]) -> Report:
        async with asyncio.timeout(10):
            while True:
                for found in self.reports:
                    if isinstance(found, kind):
                        return found
                await asyncio.sleep(0.005)


async def test_a_call_to_nobody_is_refused() -> None:
    board = Board("corner-pizza")
    await board.line.start()
    leg = board.line.far_calls(to_uri="sip:no-such@127.0.0.1")
    assert board.line.sent == [Refuse(leg, 404)]
    assert board.reports == []
    await board.line.stop()


async def test_a_busy_company_refuses() -> None:
    board = Board("corner-pizza")
    await board.line.start()
    leg = board.line.far_calls(to_uri="<sip:corner-pizza+9@127.0.0.1>")
    refused = await board.until(RefusedCall)
    assert board.line.sent == [Progress(leg, 180), Refuse(leg, 486)]
    assert (refused.uri, refused.company, refused.call) == (
        "sip:corner-pizza+9@127.0.0.1:5060",
        "corner-pizza",
        leg,
    )
    await board.operator.close()
    await board.line.stop()


async def test_a_caller_who_gives_up_while_it_rings_ends_the_call() -> None:
    board = Board("empty-office")
    await board.line.start()
    leg = board.line.far_calls(to_uri="sip:empty-office@127.0.0.1")
    board.line.far_hangs_up(leg)
    ended = await board.until(HungUp)
    assert isinstance(ended, HungUp) and not ended.by_company and ended.because
    await board.operator.close()
    await board.line.stop()


async def test_a_company_whose_sound_is_missing_says_so_and_hangs_up(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board("smith-household")
    await board.line.start()
    monkeypatch.setattr(resources, "locate", lambda *_: tmp_path / "gone.flac")
    leg = board.line.far_calls(to_uri="sip:smith-household@127.0.0.1")
    ended = await board.until(HungUp)
    assert isinstance(ended, HungUp) and ended.by_company
    assert "is missing or damaged" in ended.because and ended.because.endswith("Install the program again.")
    assert board.line.sent[-1] == HangUpLeg(leg)
    await board.operator.close()
    await board.line.stop()


async def test_calls_that_are_on_are_hung_up_when_the_operator_closes() -> None:
    board = Board("lakeside-plumbing", "city-library")
    await board.line.start()
    first = board.line.far_calls(to_uri="sip:lakeside-plumbing@127.0.0.1")
    second = board.line.far_calls(to_uri="sip:city-library@127.0.0.1")
    await board.until(AnsweredCall)
    assert Answer(second) in board.line.sent and Answer(first) not in board.line.sent
    board.line.far_hears(second, 0.1)
    played = await board.until(PromptPlayed)
    assert played.company == "city-library"
    await board.operator.close()
    assert {HangUpLeg(first), HangUpLeg(second)} <= set(board.line.sent)
    await board.line.stop()
