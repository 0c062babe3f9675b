"""Host names that cannot be found, and name servers that do not answer."""

from __future__ import annotations

import pytest

from engine.call import EndReason
from engine.sip.line import Account, Dial, HangUpLeg, LegEnded, LegId, Registration, SetAccount
from tests.loopback.conftest import MakeLine

pytestmark = pytest.mark.real_sip

CALL = LegId("call-1")


async def test_a_host_whose_name_server_is_silent(make_line: MakeLine) -> None:
    """Nothing answers at 127.0.0.1, port 53 (or what does, knows no such host): told within seconds either way."""
    here = await make_line("here", name_servers=("127.0.0.1",))
    here.line.send(SetAccount(Account("trunk", "no-such-host.invalid", "me", "secret")))
    here.line.send(Dial(CALL, "sip:x@no-such-host.invalid"))
    assert (await here.hears(LegEnded, CALL)).reason is EndReason.TRUNK_UNREACHABLE
    state = await here.hears(Registration)
    assert not state.registered
    assert "no-such-host.invalid" in state.text
    here.line.send(Dial(LegId("call-2"), "sip:x@127.0.0.1:9"))
    here.line.send(HangUpLeg(LegId("call-2")))
    assert (await here.hears(LegEnded, "call-2")).reason is EndReason.CANCELLED


async def test_localhost_needs_no_name_server(make_line: MakeLine) -> None:
    here, there = await make_line("here", name_servers=("127.0.0.1",)), await make_line("there")
    here.line.send(Dial(CALL, there.uri.replace("127.0.0.1", "localhost")))
    assert (await here.hears(LegEnded, CALL)).sip_code == 480
