"""Addresses: what is called where."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.call import EndReason
from engine.sip import uris
from engine.sip.line import Account, LineError, Transport

TRUNK = Account("trunk", "sip.example.com", "alice", "secret")


@pytest.mark.parametrize(
    "text",
    [
        "sip:bob@example.com",
        "sip:+15551234567@10.0.0.1:5070",
        "sips:bob@example.com:5061",
        "sip:bob@example.com;transport=tcp",
        "sip:bob@[2001:db8::1]:5060;transport=tls?x=y",
        "sip:example.com",
    ],
)
def test_a_uri_survives_parsing(text: str) -> None:
    assert str(uris.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "bob", "tel:+15551234567", "sip:", "sip:bob@", "sip:bob@exa mple.com", "sip:a@b@c"),
        *("sip:bob@host:70000", "sip:bob@host:x", "http://example.com", "sip:bob@-x", "sip:b\r\nX: y@host"),
    ],
)
def test_what_is_no_uri_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(LineError) as raised:
        uris.parse(text)
    assert raised.value.reason is EndReason.BAD_NUMBER
    assert raised.value.text.endswith(".")


@given(st.text(max_size=80))
def test_no_text_ever_makes_it_raise_anything_else(text: str) -> None:
    try:
        uri = uris.parse("sip:" + text)
    except LineError:
        return
    assert not set(str(uri)) & set('\r\n <>"')
    assert uris.parse(str(uri)) == uri


def test_angle_brackets_and_localhost() -> None:
    assert str(uris.parse('"Bob" <sip:bob@LOCALHOST:5080>')) == "sip:bob@127.0.0.1:5080"


def test_a_long_address_is_shortened_in_the_sentence() -> None:
    with pytest.raises(LineError, match=r"\.\.\.”"):
        uris.parse("x" * 500)


@pytest.mark.parametrize(
    ("text", "transport"),
    [
        ("sip:a@b", Transport.UDP),
        ("sip:a@b;transport=TCP", Transport.TCP),
        ("sips:a@b", Transport.TLS),
        ("sip:a@b;transport=tls", Transport.TLS),
        ("sip:a@b;transport=sctp", Transport.UDP),
    ],
)
def test_the_transport_of_a_uri(text: str, transport: Transport) -> None:
    assert uris.parse(text).transport is transport


@pytest.mark.parametrize(
    ("account", "registrar", "target"),
    [
        (TRUNK, "sip:sip.example.com:5060", "sip:1@sip.example.com:5060"),
        (
            replace(TRUNK, transport=Transport.TCP, port=5080),
            "sip:sip.example.com:5080;transport=tcp",
            "sip:1@sip.example.com:5080;transport=tcp",
        ),
        (
            replace(TRUNK, transport=Transport.TLS),
            "sip:sip.example.com:5061;transport=tls",
            "sip:1@sip.example.com:5061;transport=tls",
        ),
    ],
)
def test_the_trunks_own_host_is_reached_the_trunks_way(account: Account, registrar: str, target: str) -> None:
    assert uris.registrar_uri(account) == registrar
    assert uris.target_uri("sip:1@SIP.example.com", account) == target
    assert uris.target_uri("sip:1@other.example.com", account) == "sip:1@other.example.com"
    assert uris.target_uri("sip:1@sip.example.com:6000", account) == "sip:1@sip.example.com:6000"
    assert uris.target_uri("sip:1@sip.example.com", None) == "sip:1@sip.example.com"


def test_who_calls() -> None:
    assert uris.identity_uri(TRUNK) == uris.caller_uri(TRUNK) == "sip:alice@sip.example.com"
    assert uris.caller_uri(replace(TRUNK, caller_id="+15550001111")) == "sip:+15550001111@sip.example.com"


@pytest.mark.parametrize(
    ("proxy", "expected"),
    [
        ("", ""),
        ("proxy.example.com", "sip:proxy.example.com;transport=tcp;lr"),
        ("proxy.example.com:5070", "sip:proxy.example.com:5070;transport=tcp;lr"),
        ("sip:proxy.example.com;transport=udp;lr", "sip:proxy.example.com;transport=udp;lr"),
    ],
)
def test_the_outbound_proxy_is_a_loose_route(proxy: str, expected: str) -> None:
    account = replace(TRUNK, transport=Transport.TCP, outbound_proxy=proxy)
    assert uris.proxy_uri(account) == expected


@pytest.mark.parametrize("host", ["", "bad host", "a@b"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(LineError):
        uris.registrar_uri(replace(TRUNK, host=host))


def test_numbers_in_the_log_show_their_last_four_digits() -> None:
    line = (
        "Making call with acc #0 to <sip:+15551234567@trunk.example:5060>, from 5559876543@x, tel:18005550000"
    )
    shown = uris.masked(line)
    assert shown == "Making call with acc #0 to <sip:…4567@trunk.example:5060>, from …6543@x, tel:…0000"
    assert uris.masked("port 50601 in use, status=171100") == "port 50601 in use, status=171100"
