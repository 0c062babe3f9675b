"""Calls with SIPp: what a plain, standard-abiding far side does, scripted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.call import EndReason
from engine.sip.line import (
    Answer,
    Dial,
    DigitReceived,
    DigitsSent,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    LegIncoming,
    LegMedia,
    LegRinging,
    SendDigits,
)
from tests.interop.peers import sipp
from tests.loopback.conftest import MakeLine, dtmf_pair, loudest_hertz, tone, until

pytestmark = pytest.mark.interop

CALL = LegId("call-1")

HEAD = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="{name}">\n'
INVITED = """<recv request="INVITE" rrs="true">
<action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/></action></recv>
<Reference variables="caller"/>
"""
SDP = """v=0
o=company 1 {version} IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a={direction}"""


def reply(status: str, body: str = "", contact: str = "sip:company@127.0.0.1:[local_port]") -> str:
    kind = "Content-Type: application/sdp\n" if body else ""
    return (
        "<send><![CDATA[\n"
        f"SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n"
        f"Contact: <{contact}>\n{kind}Content-Length: [len]\n\n{body}\n]]></send>\n"
    )


def request(method: str, number: int, body: str = "") -> str:
    kind = "Content-Type: application/sdp\n" if body else ""
    return (
        '<send retrans="500"><![CDATA[\n'
        f"{method} [next_url] SIP/2.0\nVia: SIP/2.0/[transport] 127.0.0.1:[local_port];branch=[branch]\n"
        "From: <sip:company@127.0.0.1>;tag=[call_number]\nTo:[$caller]\n"
        f"[last_Call-ID:]\nCSeq: {number} {method}\nContact: <sip:company@127.0.0.1:[local_port]>\n"
        f"Max-Forwards: 70\n{kind}Content-Length: [len]\n\n{body}\n]]></send>\n"
    )


def scenario(folder: Path, name: str, *parts: str) -> tuple[str, ...]:
    """Arguments that have SIPp play this as the called side, once."""
    path = folder / f"{name}.xml"
    path.write_text(HEAD.format(name=name) + "".join(parts) + "</scenario>\n")
    return ("-sf", str(path), "-m", "1")


ACK = '<recv request="ACK"/>\n'


async def test_a_pcmu_call_with_echo(make_line: MakeLine, tmp_path: Path) -> None:
    here = await make_line("here")
    with sipp(tmp_path, "-sn", "uas", "-rtp_echo") as port:
        here.line.send(Dial(CALL, f"sip:company@127.0.0.1:{port}"))
        await here.hears(LegRinging, CALL)
        await here.hears(LegAnswered, CALL)
        assert (await here.hears(LegMedia, CALL)).codec == "PCMU/8000"
        here.line.talk(CALL).write(tone(600, 4))
        tap = here.line.tap(CALL)
        start = tap.written
        await until(lambda: tap.written > start + 32000, "two seconds of echo")
        assert loudest_hertz(tap.read(start + 16000, 16000)) == pytest.approx(600, abs=5)
        here.line.send(HangUpLeg(CALL))
        assert (await here.hears(LegEnded, CALL)).reason is EndReason.COMPLETED


async def test_digits_as_sound_when_the_far_side_knows_no_events(make_line: MakeLine, tmp_path: Path) -> None:
    here = await make_line("here")
    with sipp(tmp_path, "-sn", "uas", "-rtp_echo") as port:
        here.line.send(Dial(CALL, f"sip:company@127.0.0.1:{port}"))
        await here.hears(LegMedia, CALL)
        tap = here.line.tap(CALL)
        start = tap.written
        here.line.send(SendDigits(CALL, "5"))
        assert (await here.hears(DigitsSent, CALL)).error == ""
        await until(lambda: tap.written > start + 16000, "the digit came back")
        assert dtmf_pair(tap.read(start, tap.written - start)) == pytest.approx((770, 1336), abs=15)


async def test_early_media_and_then_busy(make_line: MakeLine, tmp_path: Path) -> None:
    here = await make_line("here")
    sdp = SDP.format(version=1, direction="sendrecv")
    parts = (
        INVITED,
        reply("183 Session Progress", sdp),
        '<pause milliseconds="800"/>',
        reply("486 Busy Here"),
        ACK,
    )
    with sipp(tmp_path, *scenario(tmp_path, "busy", *parts)) as port:
        here.line.send(Dial(CALL, f"sip:company@127.0.0.1:{port}"))
        assert (await here.hears(LegRinging, CALL, early_media=True)).early_media
        ended = await here.hears(LegEnded, CALL)
        assert (ended.reason, ended.sip_code, ended.answered) == (EndReason.BUSY, 486, False)


async def test_ringing_that_nobody_answers_is_cancelled(make_line: MakeLine, tmp_path: Path) -> None:
    here = await make_line("here")
    parts = (
        *(
            INVITED,
            reply("180 Ringing"),
            '<recv request="CANCEL"/>',
            reply("200 OK"),
            reply("487 Request Terminated"),
        ),
        ACK,
    )
    # The 487 answers the INVITE, whose CSeq SIPp does not keep apart: what counts is that a CANCEL came.
    with sipp(tmp_path, *scenario(tmp_path, "rings", *parts)) as port:
        here.line.send(Dial(CALL, f"sip:company@127.0.0.1:{port}"))
        await here.hears(LegRinging, CALL)
        here.line.send(HangUpLeg(CALL))
        ended = await here.hears(LegEnded, CALL)
        assert (ended.reason, ended.by_us) == (EndReason.CANCELLED, True)


async def test_a_redirection_is_followed(make_line: MakeLine, tmp_path: Path) -> None:
    here, there = await make_line("here"), await make_line("there", accept_incoming=True)
    parts = (INVITED, reply("302 Moved Temporarily", contact=there.uri), ACK)
    with sipp(tmp_path, *scenario(tmp_path, "moved", *parts)) as port:
        here.line.send(Dial(CALL, f"sip:company@127.0.0.1:{port}"))
        there.line.send(Answer((await there.hears(LegIncoming)).leg))
        await here.hears(LegAnswered, CALL)


async def test_put_on_hold_by_the_far_side_and_taken_back(make_line: MakeLine, tmp_path: Path) -> None:
    """A re-INVITE with sendonly: the sound of their music still reaches the tap."""
    here = await make_line("here")
    parts = [INVITED, reply("200 OK", SDP.format(version=1, direction="sendrecv")), ACK]
    for number, direction in ((2, "sendonly"), (3, "inactive"), (4, "sendrecv")):
        parts += [
            '<pause milliseconds="400"/>',
            request("INVITE", number, SDP.format(version=number, direction=direction)),
            '<recv response="100" optional="true"/>',
            '<recv response="200"/>',
            request("ACK", number).replace(' retrans="500"', ""),
        ]
    parts += ['<pause milliseconds="300"/>', request("BYE", 5), '<recv response="200"/>']
    with sipp(tmp_path, *scenario(tmp_path, "hold", *parts)) as port:
        here.line.send(Dial(CALL, f"sip:company@127.0.0.1:{port}"))
        await here.hears(LegAnswered, CALL)
        ended = await here.hears(LegEnded, CALL)
        assert (ended.reason, ended.by_us) == (EndReason.COMPLETED, False)
        assert [media.held for media in here.said(LegMedia, CALL)] == [False, True, False]


async def test_a_transfer_to_a_number_of_their_choice_is_refused(make_line: MakeLine, tmp_path: Path) -> None:
    here, other = await make_line("here"), await make_line("other", accept_incoming=True)
    refer = request("REFER", 2).replace("Max-Forwards", f"Refer-To: <{other.uri}>\nMax-Forwards")
    parts = [INVITED, reply("200 OK", SDP.format(version=1, direction="sendrecv")), ACK]
    parts += ['<pause milliseconds="400"/>', refer, '<recv response="603"/>']
    parts += [request("BYE", 3), '<recv response="200"/>']
    with sipp(tmp_path, *scenario(tmp_path, "refer", *parts)) as port:
        here.line.send(Dial(CALL, f"sip:company@127.0.0.1:{port}"))
        ended = await here.hears(LegEnded, CALL)
        assert (ended.reason, ended.by_us) == (EndReason.COMPLETED, False)
    assert not other.said(LegIncoming)


async def test_a_far_side_that_does_not_confirm_our_bye(make_line: MakeLine, tmp_path: Path) -> None:
    here = await make_line("here")
    parts = [INVITED, reply("200 OK", SDP.format(version=1, direction="sendrecv")), ACK]
    parts += ['<recv request="BYE"/>', '<pause milliseconds="30000"/>']
    with sipp(tmp_path, *scenario(tmp_path, "deaf", *parts)) as port:
        here.line.send(Dial(CALL, f"sip:company@127.0.0.1:{port}"))
        await here.hears(LegMedia, CALL)
        here.line.send(HangUpLeg(CALL))
        ended = await here.hears(LegEnded, CALL)
        assert (ended.reason, ended.by_us) == (EndReason.COMPLETED, True)
        # Its ports are free for another call, which hears nothing of the one that lingers.
        there = await make_line("there", accept_incoming=True)
        here.line.send(Dial(LegId("call-2"), there.uri))
        there.line.send(Answer((await there.hears(LegIncoming)).leg))
        await here.hears(LegMedia, "call-2")


async def test_called_by_sipp(make_line: MakeLine, tmp_path: Path) -> None:
    here = await make_line("here", accept_incoming=True)
    assert here.up is not None
    with sipp(tmp_path, "-sn", "uac", "-m", "1", "-d", "600", f"127.0.0.1:{here.up.udp_port}"):
        leg = (await here.hears(LegIncoming)).leg
        here.line.send(Answer(leg))
        await here.hears(LegAnswered, leg)
        ended = await here.hears(LegEnded, leg)
        assert (ended.reason, ended.by_us) == (EndReason.COMPLETED, False)


async def test_the_fifth_incoming_call_is_turned_away(make_line: MakeLine, tmp_path: Path) -> None:
    here = await make_line("here", accept_incoming=True)
    assert here.up is not None
    arguments = (
        "-sn",
        "uac",
        "-m",
        "5",
        "-l",
        "5",
        "-r",
        "20",
        "-d",
        "30000",
        f"127.0.0.1:{here.up.udp_port}",
    )
    with sipp(tmp_path, *arguments):
        for count in range(1, 5):
            here.line.send(Answer((await here.hears(LegIncoming, count=count)).leg))
        for leg in here.said(LegIncoming):
            await here.hears(LegAnswered, leg.leg)
        await asyncio.sleep(0.5)
        assert len(here.said(LegIncoming)) == 4
        assert not here.said(LegEnded)
        for leg in here.said(LegIncoming):
            here.line.send(HangUpLeg(leg.leg))
            await here.hears(LegEnded, leg.leg)
    assert not here.said(DigitReceived)
