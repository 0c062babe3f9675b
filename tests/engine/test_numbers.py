"""What may be typed as a number, and above all: emergency numbers come out as they went in."""

from __future__ import annotations

import contextlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import SUPPORTED_REGIONS

from engine.numbers import ALWAYS_EMERGENCY, NumberError, mask, parse
from engine.settings import AccountSettings
from engine.sip.line import Transport

TRUNK = AccountSettings(id="trunk", host="sip.example.com", user="alice")


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("+1 800 356 9377", "DE", "+18003569377"),
        ("(212) 736-5000", "US", "+12127365000"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("1-800-CONTACTS", "US", "+18002668228"),
        ("030 901820", "DE", "+4930901820"),
        ("00 49 30 901820", "FR", "+4930901820"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("tel:+1-212-736-5000", "US", "+12127365000"),
        ("tel:736-5000;phone-context=+1-212", "US", "+12127365000"),
        ("２１２ ７３６ ５０００", "US", "+12127365000"),
        ("611", "US", "611"),
        ("*86", "US", "*86"),
        ("1001", "US", "1001"),
    ],
)
def test_formats(typed: str, region: str, number: str) -> None:
    found = parse(typed, region)
    assert found.number == number
    assert not found.emergency
    assert not found.sip


@pytest.mark.parametrize(
    ("typed", "extension"),
    [
        ("212-736-5000,,123", ",,123"),
        ("212-736-5000 , 12#", ",12#"),
        ("212-736-5000;9", ",9"),
        ("212-736-5000 ext 123", ",,123"),
        ("212-736-5000 x123", ",,123"),
        ("tel:+1-212-736-5000;ext=42", ",,42"),
    ],
)
def test_extensions(typed: str, extension: str) -> None:
    found = parse(typed, "US")
    assert found.number == "+12127365000"
    assert found.extension == extension


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("911", "US", "911"),
        ("9-1-1", "US", "911"),
        ("9911", "US", "9911"),
        ("9 911", "DE", "9911"),
        ("112", "US", "112"),
        ("+112", "DE", "112"),
        ("999", "US", "999"),
        ("110", "DE", "110"),
        ("000", "AU", "000"),
        ("119", "JP", "119"),
        ("tel:911", "US", "911"),
        ("tel:911;phone-context=+1", "US", "911"),
        ("９１１", "US", "911"),
        ("٩١١", "US", "911"),
        ("911,,5", "US", "911"),
        ("911 ext 5", "US", "911"),
        ("call 911", "US", "911"),
        ("91155", "US", "91155"),
    ],
)
def test_emergency(typed: str, region: str, number: str) -> None:
    found = parse(typed, region)
    assert found.emergency
    assert found.number == number
    assert found.uri(TRUNK) == f"sip:{number}@sip.example.com"


def test_emergency_behind_a_sip_address_is_left_as_it_is() -> None:
    found = parse("sip:911@pbx.example.com", "US")
    assert found.emergency
    assert found.uri(None) == "sip:911@pbx.example.com"


@pytest.mark.parametrize(
    "number", ["110", "+49 30 901820", "9115551234567", "+1 911 555 1234", "1911", "411"]
)
def test_not_emergency_in_the_united_states(number: str) -> None:
    with contextlib.suppress(NumberError):
        assert not parse(number, "US").emergency


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("", "No number"),
        ("   ", "No number"),
        ("hello", "not a telephone number"),
        ("555-1234", "area code"),
        ("+1 23", "too few"),
        ("+1 234 567 8901 2345", "too many"),
        ("+999 1234567", "country code"),
        ("12\x0034567890", "cannot be seen"),
        ("sip:", "not a SIP address"),
        ("sip:a b@host", "not a SIP address"),
        ("sip:alice@", "not a SIP address"),
        ("sip:alice@host:99999", "port"),
        ("sip:alice:secret@host", "password"),
        ("sip:alice@host?Replaces=1", "not a SIP address"),
        ("sip:alice@host>;tag=1", "not a SIP address"),
        ("sip:al%zzice@host", "'%'"),
        ("1" * 300, "too long"),
    ],
)
def test_refusals_are_sentences(typed: str, part: str) -> None:
    with pytest.raises(NumberError) as refusal:
        parse(typed, "US")
    assert part in str(refusal.value)
    assert str(refusal.value).endswith(".")
    assert "secret" not in str(refusal.value)


def test_unknown_region() -> None:
    assert parse("+12127365000", "ZZ").number == "+12127365000"
    with pytest.raises(NumberError, match="ZZ"):
        parse("212-736-5000", "ZZ")


@pytest.mark.parametrize(
    "typed",
    [
        "sip:alice@example.com",
        "sips:alice@example.com:5061",
        "sip:bank@127.0.0.1:40123;transport=tcp",
        "sip:bank@[::1]:5060",
        "sip:example.com",
        "sip:+12127365000@example.com;user=phone",
    ],
)
def test_sip_addresses_pass_unchanged(typed: str) -> None:
    found = parse(typed, "US")
    assert found.sip
    assert found.uri(None) == typed
    assert found.uri(TRUNK) == typed


def test_an_address_without_its_scheme() -> None:
    assert parse("alice@example.com", "US").uri(None) == "sip:alice@example.com"


def test_uri_of_an_account() -> None:
    number = parse("212-736-5000", "US")
    assert number.uri(TRUNK) == "sip:+12127365000@sip.example.com"
    changed = {"port": 5070, "transport": Transport.TCP, "plus": False}
    assert (
        number.uri(TRUNK.model_copy(update=changed)) == "sip:12127365000@sip.example.com:5070;transport=tcp"
    )
    assert number.uri(TRUNK.model_copy(update={"host": "::1"})) == "sip:+12127365000@[::1]"
    with pytest.raises(NumberError, match="account add"):
        number.uri(None)
    with pytest.raises(NumberError, match=r"911 cannot be called from here: .* Use another telephone now"):
        parse("911", "US").uri(None)


def test_masked() -> None:
    assert parse("+12127365000").masked() == "…5000"
    assert parse("sip:+12127365000@example.com").masked() == "sip:…5000@example.com"
    assert parse("sip:bank@127.0.0.1:5060").masked() == "sip:bank@127.0.0.1:5060"
    assert mask("911") == "911"
    assert "2127365" not in repr(parse("+12127365000"))


@given(st.text(max_size=60), st.sampled_from(["US", "DE", "GB", "IN", "AU", "ZZ", "", "x"]))
def test_nothing_but_a_number_error(text: str, region: str) -> None:
    try:
        found = parse(text, region)
    except NumberError as refusal:
        assert str(refusal)
    else:
        assert found.number


telephone_characters = st.text(alphabet="0123456789+*#()-. ,;xEtTw@:sip", max_size=24)


@given(telephone_characters, st.sampled_from(sorted(SUPPORTED_REGIONS)))
def test_nothing_but_a_number_error_near_numbers(text: str, region: str) -> None:
    try:
        found = parse(text, region)
    except NumberError:
        return
    # What is dialled inside a SIP URI can never break out of it.
    uri = found.uri(TRUNK)
    assert not set(uri) & set(' <>"\r\n')


@given(
    st.sampled_from(sorted(ALWAYS_EMERGENCY)),
    st.sampled_from(sorted(SUPPORTED_REGIONS)),
    st.lists(st.sampled_from(["", " ", "-", ".", "(", ")", "\u2011"]), min_size=5, max_size=5),
)
def test_emergency_is_never_rewritten(number: str, region: str, between: list[str]) -> None:
    typed = between[4] + "".join(digit + gap for digit, gap in zip(number, between, strict=False))
    found = parse(typed, region)
    assert found.emergency
    assert found.number == number
    assert found.uri(TRUNK) == f"sip:{number}@sip.example.com"
    assert unicodedata.normalize("NFKC", found.display) == number
