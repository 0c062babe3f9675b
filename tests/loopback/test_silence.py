"""A call on which nothing is said: its packets go on, and what is said at last is heard whole."""

from __future__ import annotations

import asyncio

import numpy as np

from engine.sip.legs import SAID_ALL_S
from engine.sip.line import Answer, Dial, LegAnswered, LegId, LegMedia
from tests.bench.music_on_hold import FarSide
from tests.loopback.conftest import MakeLine, WatchedLine, dial, loudest_hertz, tone, until

CALL = LegId("call-1")
Pair = tuple[WatchedLine, WatchedLine]


async def test_packets_go_out_while_nothing_is_said(make_line: MakeLine) -> None:
    here = await make_line("here")
    far = FarSide()
    try:
        here.line.send(Dial(CALL, far.uri))
        await here.hears(LegAnswered, CALL)
        await asyncio.to_thread(far.reset)
        tap = here.line.tap(CALL)
        start = tap.written
        await until(lambda: tap.written > start + 32000, "two seconds of the call")
        assert far.told()["packets"] >= 90  # of 100
        assert np.abs(tap.read(start, 32000).astype(int)).max() > 1000  # its music
    finally:
        await asyncio.to_thread(far.close)


async def test_words_after_a_long_silence_are_heard_whole(pair: Pair) -> None:
    here, there = pair
    far = await dial(here, there)
    there.line.send(Answer(far))
    await asyncio.gather(here.hears(LegMedia, CALL), there.hears(LegMedia, far))
    heard = there.line.tap(far)
    talk = here.line.talk(CALL)
    for hertz in (440, 880):
        start = heard.written
        talk.write(tone(hertz, 0.5))
        await until(lambda: talk.played == talk.written, "all is said")
        said_at = heard.written
        # Long enough for our side to be taken out of the call, which is done as often as something is said.
        patience = said_at + round((SAID_ALL_S + 0.5) * 16000)
        await until(lambda: heard.written > patience, "silence after it")  # noqa: B023
        sound = heard.read(start, heard.written - start)
        loud = np.flatnonzero(np.abs(sound.astype(int)) > 1000)
        assert len(loud)
        assert 0.48 * 16000 < loud[-1] - loud[0] < 0.55 * 16000
        assert abs(loudest_hertz(sound[loud[0] : loud[-1]]) - hertz) < 5
