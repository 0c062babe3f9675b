"""Calls with baresip: another telephone, with its own media."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from engine.call import EndReason
from engine.sip.line import (
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
    Refuse,
    SendDigits,
)
from tests.interop.peers import baresip, log_of
from tests.loopback.conftest import MakeLine, loudest_hertz, until

pytestmark = pytest.mark.interop

CALL = LegId("call-1")


async def test_we_call_baresip_hear_its_tone_and_press_digits(make_line: MakeLine, tmp_path: Path) -> None:
    here = await make_line("here")
    with baresip(tmp_path, hertz=700) as (port, _):
        here.line.send(Dial(CALL, f"sip:baresip@127.0.0.1:{port}"))
        await here.hears(LegAnswered, CALL)
        assert (await here.hears(LegMedia, CALL)).codec.startswith("PCM")
        tap = here.line.tap(CALL)
        start = tap.written
        await until(lambda: tap.written > start + 32000, "two seconds of its tone")
        assert loudest_hertz(tap.read(start + 16000, 16000)) == pytest.approx(700, abs=10)
        here.line.send(SendDigits(CALL, "42#"))
        await here.hears(DigitsSent, CALL)
        log = tmp_path / "baresip.log"
        await until(lambda: "'#' (end=1)" in log.read_text(errors="replace"), "baresip got the digits", 5)
        assert re.findall(r"'(.)' \(end=1\)", log.read_text(errors="replace")) == ["4", "2", "#"]
        here.line.send(HangUpLeg(CALL))
        assert (await here.hears(LegEnded, CALL)).reason is EndReason.COMPLETED


async def test_baresip_calls_us_and_presses_digits(make_line: MakeLine, tmp_path: Path) -> None:
    here = await make_line("here", accept_incoming=True)
    with baresip(tmp_path) as (_, process):
        assert process.stdin is not None
        assert here.up is not None
        process.stdin.write(f"/dial sip:us@127.0.0.1:{here.up.udp_port}\n".encode())
        process.stdin.flush()
        leg = (await here.hears(LegIncoming)).leg
        here.line.send(Answer(leg))
        await here.hears(LegMedia, leg)
        await asyncio.sleep(0.5)
        for digit in "73":
            process.stdin.write(digit.encode())
            process.stdin.flush()
            await asyncio.sleep(0.4)
        await here.hears(DigitReceived, leg, count=2)
        came = here.said(DigitReceived, leg)
        assert "".join(each.digit for each in came) == "73"
        assert came[0].method is DigitMethod.RTP_EVENT
        process.stdin.write(b"/hangup\n")
        process.stdin.flush()
        ended = await here.hears(LegEnded, leg)
        assert (ended.reason, ended.by_us) == (EndReason.COMPLETED, False)


async def test_we_turn_baresip_away(make_line: MakeLine, tmp_path: Path) -> None:
    here = await make_line("here", accept_incoming=True)
    with baresip(tmp_path) as (_, process):
        assert process.stdin is not None
        assert here.up is not None
        process.stdin.write(f"/dial sip:us@127.0.0.1:{here.up.udp_port}\n".encode())
        process.stdin.flush()
        leg = (await here.hears(LegIncoming)).leg
        here.line.send(Refuse(leg, 486))
        assert (await here.hears(LegEnded, leg)).reason is EndReason.DECLINED
        await until(lambda: "486" in log_of(tmp_path, "baresip"), "baresip was told", 5)
