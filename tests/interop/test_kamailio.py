"""Registration and calls with a real registrar and proxy: Kamailio."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from engine.call import EndReason
from engine.sip.line import (
    Answer,
    Dial,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    LegIncoming,
    LegMedia,
    Registration,
    RemoveAccount,
    SetAccount,
    Transport,
)
from tests.interop.conftest import account
from tests.interop.peers import Certificate, Kamailio, kamailio, make_certificate
from tests.loopback.conftest import MakeLine

pytestmark = pytest.mark.interop

CALL = LegId("call-1")
TRANSPORTS = [Transport.UDP, Transport.TCP, Transport.TLS]


def tls_changes(transport: Transport, certificate: Certificate) -> dict[str, object]:
    return {"ca_file": str(certificate.ca)} if transport is Transport.TLS else {}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_registering_and_signing_out(
    make_line: MakeLine, trunk: Kamailio, certificate: Certificate, transport: Transport
) -> None:
    here = await make_line("here")
    here.line.send(SetAccount(account(trunk, transport, **tls_changes(transport, certificate))))
    assert (await here.hears(Registration)).registered
    here.line.send(RemoveAccount("trunk"))
    last = await here.hears(Registration, count=2)
    assert (last.registered, last.reason) == (False, None)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_wrong_password_is_told_and_not_tried_again(
    make_line: MakeLine, trunk: Kamailio, certificate: Certificate, transport: Transport
) -> None:
    here = await make_line("here")
    wrong = account(trunk, transport, password="wrong-horse", **tls_changes(transport, certificate))
    here.line.send(SetAccount(wrong))
    state = await here.hears(Registration)
    assert (state.registered, state.reason) == (False, EndReason.WRONG_PASSWORD)
    assert state.retry_in_s is None
    assert "password" in state.text
    here.line.send(Dial(CALL, "sip:anyone@127.0.0.1", account="trunk"))
    assert (await here.hears(LegEnded, CALL)).reason is EndReason.WRONG_PASSWORD
    # Corrected, it works.
    here.line.send(SetAccount(account(trunk, transport, **tls_changes(transport, certificate))))
    assert (await here.hears(Registration, registered=True)).text == "Registered at 127.0.0.1."


@pytest.mark.parametrize(
    ("code", "reason", "again"),
    [
        (403, EndReason.WRONG_PASSWORD, False),
        (404, EndReason.WRONG_PASSWORD, False),
        (500, EndReason.NO_ROUTE, True),
        (503, EndReason.NO_ROUTE, True),
    ],
)
async def test_a_registrar_that_refuses(
    make_line: MakeLine, trunk: Kamailio, code: int, reason: EndReason, again: bool
) -> None:
    here = await make_line("here")
    here.line.send(SetAccount(account(trunk, user=f"code{code}")))
    state = await here.hears(Registration)
    assert (state.registered, state.reason, state.retry_in_s is not None) == (False, reason, again)
    if again:
        await here.hears(Registration, count=2)


async def test_credentials_for_another_realm(make_line: MakeLine, trunk: Kamailio) -> None:
    here = await make_line("here")
    here.line.send(SetAccount(account(trunk, realm="elsewhere")))
    assert (await here.hears(Registration)).reason is EndReason.WRONG_PASSWORD


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_call_through_the_trunk_and_back(
    make_line: MakeLine, trunk: Kamailio, certificate: Certificate, transport: Transport
) -> None:
    """One line registers and is called; the other has credentials only, and calls."""
    changes = tls_changes(transport, certificate)
    here, there = await make_line("here"), await make_line("there", accept_incoming=True)
    user = f"bob-{transport}"
    there.line.send(SetAccount(account(trunk, transport, user=user, **changes)))
    await there.hears(Registration, registered=True)
    here.line.send(SetAccount(account(trunk, transport, register=False, **changes)))
    here.line.send(Dial(CALL, f"sip:{user}@127.0.0.1", account="trunk"))
    incoming = await there.hears(LegIncoming)
    assert "alice" in incoming.from_uri
    there.line.send(Answer(incoming.leg))
    await here.hears(LegAnswered, CALL)
    await asyncio.gather(here.hears(LegMedia, CALL), there.hears(LegMedia, incoming.leg))
    there.line.send(HangUpLeg(incoming.leg))
    assert (await here.hears(LegEnded, CALL)).reason is EndReason.COMPLETED
    assert not here.said(Registration)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (486, EndReason.BUSY),
        (600, EndReason.BUSY),
        (603, EndReason.DECLINED),
        (403, EndReason.DECLINED),
        (404, EndReason.NOT_IN_SERVICE),
        (410, EndReason.NOT_IN_SERVICE),
        (484, EndReason.NOT_IN_SERVICE),
        (480, EndReason.NO_ANSWER),
        (408, EndReason.NO_ANSWER),
        (488, EndReason.NO_COMMON_CODEC),
        (415, EndReason.NO_COMMON_CODEC),
        (500, EndReason.NO_ROUTE),
        (503, EndReason.NO_ROUTE),
    ],
)
async def test_how_the_trunk_turns_calls_away(
    make_line: MakeLine, trunk: Kamailio, code: int, reason: EndReason
) -> None:
    here = await make_line("here")
    here.line.send(SetAccount(account(trunk, register=False)))
    here.line.send(Dial(CALL, f"sip:code{code}@127.0.0.1", account="trunk"))
    ended = await here.hears(LegEnded, CALL)
    assert (ended.reason, ended.sip_code, ended.by_us) == (reason, code, False)


async def test_an_account_that_is_changed_stays_reachable(make_line: MakeLine, trunk: Kamailio) -> None:
    """Signing the old one out must not take the new one's contact away."""
    here, there = await make_line("here"), await make_line("there", accept_incoming=True)
    here.line.send(SetAccount(account(trunk, register=False)))
    for count in range(1, 4):
        there.line.send(SetAccount(account(trunk, user="dave", auth_user="dave" * (count % 2))))
        await there.hears(Registration, registered=True, count=count)
        here.line.send(Dial(LegId(f"call-{count}"), "sip:dave@127.0.0.1", account="trunk"))
        leg = (await there.hears(LegIncoming, count=count)).leg
        here.line.send(HangUpLeg(LegId(f"call-{count}")))
        await there.hears(LegEnded, leg)
    there.line.send(SetAccount(account(trunk, user="dave", auth_user="dave")))
    await there.hears(Registration, registered=True, count=4)
    assert len(there.said(Registration)) == 4, "an unchanged account only says again how it stands"


async def test_an_outbound_proxy_takes_the_calls_of_another_domain(
    make_line: MakeLine, trunk: Kamailio
) -> None:
    here = await make_line("here")
    proxied = account(trunk, outbound_proxy=f"127.0.0.1:{trunk.udp}")
    here.line.send(SetAccount(replace(proxied, host="sip.example.com", port=0)))
    assert (await here.hears(Registration)).registered
    here.line.send(Dial(CALL, "sip:code486@sip.example.com", account="trunk"))
    assert (await here.hears(LegEnded, CALL)).reason is EndReason.BUSY


async def test_the_caller_id_is_the_one_asked_for(make_line: MakeLine, trunk: Kamailio) -> None:
    here, there = await make_line("here"), await make_line("there", accept_incoming=True)
    there.line.send(SetAccount(account(trunk, user="carol")))
    await there.hears(Registration, registered=True)
    here.line.send(SetAccount(account(trunk, auth_user="alice", user="alice", caller_id="+15550001111")))
    await here.hears(Registration, registered=True)
    here.line.send(Dial(CALL, "sip:carol@127.0.0.1", account="trunk"))
    assert "+15550001111" in (await there.hears(LegIncoming)).from_uri


async def test_a_certificate_by_somebody_else_is_refused(
    make_line: MakeLine, trunk: Kamailio, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path / "other")
    here = await make_line("here")
    here.line.send(SetAccount(account(trunk, Transport.TLS, ca_file=str(other.ca))))
    state = await here.hears(Registration)
    assert (state.registered, state.reason) == (False, EndReason.CERTIFICATE)
    here.line.send(Dial(CALL, "sip:anyone@127.0.0.1", account="trunk"))
    assert (await here.hears(LegEnded, CALL)).reason is EndReason.CERTIFICATE


async def test_a_certificate_for_another_host_is_refused(make_line: MakeLine, tmp_path: Path) -> None:
    other = make_certificate(tmp_path / "other", name="sip.example.com")
    (tmp_path / "kamailio").mkdir()
    with kamailio(tmp_path / "kamailio", other) as trunk:
        here = await make_line("here")
        here.line.send(SetAccount(account(trunk, Transport.TLS, ca_file=str(other.ca))))
        assert (await here.hears(Registration)).reason is EndReason.CERTIFICATE


async def test_a_ca_file_that_is_not_there(make_line: MakeLine, trunk: Kamailio) -> None:
    here = await make_line("here")
    here.line.send(SetAccount(account(trunk, Transport.TLS, ca_file="/nowhere/ca.pem")))
    state = await here.hears(Registration)
    assert state.reason is EndReason.CERTIFICATE
    assert "/nowhere/ca.pem cannot be read" in state.text


async def test_a_silent_registrar_is_told_after_a_while(make_line: MakeLine) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        here = await make_line("here")
        here.line.send(SetAccount(account(Kamailio(port, 0, 0))))
        state = await here.hears(Registration)
        assert (state.registered, state.reason) == (False, None)
        assert "has not answered yet" in state.text
