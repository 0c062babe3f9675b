"""Calls between two line processes on loopback: real SIP, real RTP."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from engine.call import EndReason
from engine.sip.line import (
    MAX_LEGS,
    Answer,
    Dial,
    DigitMethod,
    DigitReceived,
    DigitsSent,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    LegIncoming,
    LegMedia,
    LegRinging,
    Progress,
    Refuse,
    SendDigits,
)
from tests.loopback.conftest import MakeLine, WatchedLine, dial, dtmf_pair, loudest_hertz, tone, until

pytestmark = pytest.mark.real_sip

Pair = tuple[WatchedLine, WatchedLine]
CALL = LegId("call-1")


async def test_a_call_rings_is_answered_and_we_hang_up(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Progress(far, 180))
    assert not (await here.hears(LegRinging, CALL)).early_media
    there.line.send(Answer(far))
    await here.hears(LegAnswered, CALL)
    await there.hears(LegAnswered, far)
    assert (await here.hears(LegMedia, CALL)).codec == "G722/16000"
    here.line.send(HangUpLeg(CALL))
    ours, theirs = await here.hears(LegEnded, CALL), await there.hears(LegEnded, far)
    assert (ours.reason, ours.by_us, ours.answered) == (EndReason.COMPLETED, True, True)
    assert (theirs.reason, theirs.by_us, theirs.answered) == (EndReason.COMPLETED, False, True)
    assert here.events[-1] is ours, "LegEnded is the last word on a leg"


async def test_the_far_side_hangs_up(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Answer(far))
    await here.hears(LegAnswered, CALL)
    there.line.send(HangUpLeg(far))
    ours = await here.hears(LegEnded, CALL)
    assert (ours.reason, ours.by_us, ours.answered) == (EndReason.COMPLETED, False, True)
    assert (await there.hears(LegEnded, far)).by_us


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (486, EndReason.BUSY),
        (603, EndReason.DECLINED),
        (404, EndReason.NOT_IN_SERVICE),
        (480, EndReason.NO_ANSWER),
        (488, EndReason.NO_COMMON_CODEC),
        (503, EndReason.NO_ROUTE),
    ],
)
async def test_a_refusal_is_told_with_its_reason(pair: Pair, code: int, reason: EndReason) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Refuse(far, code))
    ours = await here.hears(LegEnded, CALL)
    assert (ours.reason, ours.sip_code, ours.by_us, ours.answered) == (reason, code, False, False)
    assert (await there.hears(LegEnded, far)).reason is EndReason.DECLINED


async def test_giving_up_before_the_answer_cancels(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Progress(far, 180))
    await here.hears(LegRinging, CALL)
    here.line.send(HangUpLeg(CALL))
    ours = await here.hears(LegEnded, CALL)
    assert (ours.reason, ours.by_us) == (EndReason.CANCELLED, True)
    assert (await there.hears(LegEnded, far)).reason is EndReason.NO_ANSWER


async def test_a_line_that_takes_no_calls_turns_them_away(make_line: MakeLine) -> None:
    here, there = await make_line("here"), await make_line("there", accept_incoming=False)
    here.line.send(Dial(CALL, there.uri))
    assert (await here.hears(LegEnded, CALL)).sip_code == 480
    assert not there.said(LegIncoming)


async def test_sound_goes_both_ways_and_the_clock_starts_at_dial(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    tap = here.line.tap(CALL)
    await until(lambda: tap.written >= 3200, "the clock runs before there is media")
    assert not tap.read(0, tap.written).any()
    there.line.send(Answer(far))
    await asyncio.gather(here.hears(LegMedia, CALL), there.hears(LegMedia, far))
    assert there.line.talk(far).write(tone(1000, 3)) == 48000
    assert here.line.talk(CALL).write(tone(600, 3)) == 48000
    far_tap = there.line.tap(far)
    start, far_start = tap.written, far_tap.written
    await until(lambda: tap.written > start + 24000 and far_tap.written > far_start + 24000, "1.5 s of sound")
    heard, far_heard = tap.read(start + 8000, 16000), far_tap.read(far_start + 8000, 16000)
    assert loudest_hertz(heard) == pytest.approx(1000, abs=5)
    assert loudest_hertz(far_heard) == pytest.approx(600, abs=5)
    # Not the maximum: where a packet came late, the sound made up for it may overshoot.
    assert np.percentile(np.abs(heard), 95) == pytest.approx(8000, rel=0.1)
    here.line.talk(CALL).clear()
    assert here.line.talk(CALL).played == 48000


async def test_early_media_is_heard_before_the_answer(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Progress(far, 183))
    assert (await here.hears(LegRinging, CALL, early_media=True)).early_media
    await there.hears(LegMedia, far)
    there.line.talk(far).write(tone(440, 3))
    tap = here.line.tap(CALL)
    start = tap.written
    await until(lambda: tap.written > start + 20000, "sound before the answer")
    assert loudest_hertz(tap.read(start + 8000, 8000)) == pytest.approx(440, abs=5)
    assert not here.said(LegAnswered)


@pytest.mark.parametrize("method", [DigitMethod.RTP_EVENT, DigitMethod.SIP_INFO])
async def test_digits_arrive_one_by_one(pair: Pair, method: DigitMethod) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Answer(far))
    await asyncio.gather(here.hears(LegMedia, CALL), there.hears(LegMedia, far))
    here.line.send(SendDigits(CALL, "12", method))
    here.line.send(SendDigits(CALL, "*#0D", method))
    assert (await here.hears(DigitsSent, CALL)).count == 2
    assert (await here.hears(DigitsSent, CALL, count=2)).count == 4
    await there.hears(DigitReceived, far, count=6)
    came = there.said(DigitReceived, far)
    assert "".join(each.digit for each in came) == "12*#0D"
    assert {each.method for each in came} == {method}


async def test_digits_go_as_sound_when_asked_to(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Answer(far))
    await asyncio.gather(here.hears(LegMedia, CALL), there.hears(LegMedia, far))
    tap = there.line.tap(far)
    start = tap.written
    here.line.send(SendDigits(CALL, "5", DigitMethod.IN_BAND))
    await here.hears(DigitsSent, CALL)
    await until(lambda: tap.written > start + 12000, "the digit's sound")
    assert dtmf_pair(tap.read(start, tap.written - start)) == pytest.approx((770, 1336), abs=15)
    assert not there.said(DigitReceived)


async def test_more_digits_than_the_library_queues(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Answer(far))
    await asyncio.gather(here.hears(LegMedia, CALL), there.hears(LegMedia, far))
    number = "0123456789" * 4
    here.line.send(SendDigits(CALL, number))
    await there.hears(DigitReceived, far, count=40)
    assert "".join(each.digit for each in there.said(DigitReceived, far)) == number


async def test_digits_that_cannot_be_sent_are_told(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    here.line.send(SendDigits(CALL, "1"))
    assert "no sound" in (await here.hears(DigitsSent, CALL)).error
    here.line.send(SendDigits(CALL, "1w"))
    assert "Only the digits" in (await here.hears(DigitsSent, CALL, count=2)).error
    there.line.send(Answer(far))
    await here.hears(LegMedia, CALL)
    here.line.send(SendDigits(CALL, "1234567890"))
    here.line.send(HangUpLeg(CALL))
    last = await here.hears(DigitsSent, CALL, count=3)
    assert last.count < 10
    assert "ended" in last.error
    await here.hears(LegEnded, CALL)


async def test_the_fifth_call_of_a_line_is_refused_with_a_sentence(make_line: MakeLine) -> None:
    here, there = await make_line("here"), await make_line("there", accept_incoming=True)
    for number in range(MAX_LEGS):
        far = await dial(here, there, f"call-{number}")
        there.line.send(Answer(far))
        await here.hears(LegAnswered, f"call-{number}")
    here.line.send(Dial(LegId("one-too-many"), there.uri))
    ended = await here.hears(LegEnded, "one-too-many")
    assert ended.reason is EndReason.FAILED
    assert "no more calls at once" in ended.text
    assert here.line.tap(LegId("one-too-many")).written >= 0


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("sip:nobody@127.0.0.1:1", EndReason.TRUNK_UNREACHABLE),
        ("sip:nobody@127.0.0.1:1;transport=tcp", EndReason.TRUNK_UNREACHABLE),
        ("not an address", EndReason.BAD_NUMBER),
        ("tel:+15551234567", EndReason.BAD_NUMBER),
    ],
)
async def test_a_call_that_goes_nowhere_is_told(make_line: MakeLine, uri: str, reason: EndReason) -> None:
    here = await make_line("here")
    here.line.send(Dial(CALL, uri))
    ended = await here.hears(LegEnded, CALL)
    assert (ended.reason, ended.by_us) == (reason, False)
    assert ended.text.endswith(".")


async def test_an_unknown_account_and_an_unknown_leg(make_line: MakeLine) -> None:
    here = await make_line("here")
    here.line.send(HangUpLeg(LegId("never-was")))
    here.line.send(Dial(CALL, "sip:x@127.0.0.1:1", account="none"))
    assert "account" in (await here.hears(LegEnded, CALL)).text
    with pytest.raises(KeyError):
        here.line.tap(LegId("never-was"))
    with pytest.raises(KeyError):
        here.line.talk(LegId("never-was"))


async def test_calls_by_tcp(make_line: MakeLine) -> None:
    here, there = await make_line("here"), await make_line("there", accept_incoming=True, tcp_port=0)
    assert there.up is not None
    here.line.send(Dial(CALL, f"sip:company@127.0.0.1:{there.up.tcp_port};transport=tcp"))
    far = (await there.hears(LegIncoming)).leg
    there.line.send(Answer(far))
    await here.hears(LegAnswered, CALL)
    here.line.send(HangUpLeg(CALL))
    await there.hears(LegEnded, far)
