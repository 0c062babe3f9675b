"""What the user typed, made into something that can be dialled.

Understood: E.164 and national formats, ``tel:`` and ``sip:``/``sips:`` URIs, letters (1-800-FLOWERS), extensions
("ext 12", ",,12"), short codes and a PBX's own extensions. Emergency numbers are looked for first and come out with
the very digits typed: an emergency number is never rewritten, completed or given a country code.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult, shortnumberinfo

if TYPE_CHECKING:
    from engine.settings import AccountSettings

ALWAYS_EMERGENCY = frozenset({"911", "9911", "112", "999"})
"""Emergency in every region: 911 (with and without a switchboard's 9), 112 (GSM 02.30) and 999."""

MAX_TYPED = 256
"""Longer text is no number; SIP URIs of trunks stay far below."""

LONGEST_SHORT_CODE = 6
"""Digits of the longest short code in use (Germany's 116 117)."""

_SEPARATORS = re.compile(r"[\s().\-/‐-―\u00a0\u2060]+")
_PAUSED = re.compile(r"^([^,;]*?)\s*([,;][,;\s]*)([0-9*#A-D][0-9*#A-D,;\s]*)$", re.IGNORECASE)
_EXTENSION = re.compile(r";|\s*(?:e?xt)", re.IGNORECASE)
_SHORT = re.compile(rf"^(?:[0-9]{{2,{LONGEST_SHORT_CODE}}}|\*[0-9]{{2,4}}#?)$")
_SIP = re.compile(
    r"^(?P<scheme>sips?):"
    r"(?:(?P<user>[A-Za-z0-9\-_.!~*'()&=+$,;?/%]+)(?P<password>:[^@]*)?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9\-_.]*[A-Za-z0-9])?\.?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<parameters>(?:;[A-Za-z0-9\-_.!~*'()%+&$\[\]/:]+(?:=[A-Za-z0-9\-_.!~*'()%+&$\[\]/:]*)?)*)$",
    re.IGNORECASE,
)
"""RFC 3261 section 25, without the parts that have no place in an address to be called: password and headers."""


class NumberError(ValueError):
    """What was typed cannot be dialled. ``str()`` is a sentence that says why and what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Dialable:
    """Something that can be dialled. Its ``repr`` shows the last four digits only, so that it may be logged."""

    number: str
    """E.164 (``+18005551234``), the digits as typed (emergency numbers, short codes), or the whole SIP URI."""

    display: str
    """For a person: as it is written where the number belongs."""

    emergency: bool = False
    """Never to be slain: dial at once, as it is, with the voice connected."""

    extension: str = ""
    """Digits to press after the answer, with a comma for each pause of two seconds: ``,,123``. Empty: none."""

    sip: bool = field(default=False)
    """``number`` is a SIP URI."""

    def __repr__(self) -> str:
        return f"Dialable({self.masked()!r}{', emergency' if self.emergency else ''})"

    def uri(self, account: AccountSettings | None) -> str:
        """The SIP URI to dial from ``account``; a SIP URI passes as it is.

        Raises ``NumberError`` for a telephone number when there is no account to dial it with.
        """
        if self.sip:
            return self.number
        if account is None and self.emergency:
            raise NumberError(
                f"{self.display} cannot be called from here: no telephone account is set up. "
                "Use another telephone now."
            )
        if account is None:
            raise NumberError(
                f"To call {self.display} a telephone account is needed, and none is set up. "
                "Add one with 'holdslayer account add', or give a SIP address such as sip:name@host."
            )
        number = self.number if account.plus or self.emergency else self.number.removeprefix("+")
        host = f"[{account.host}]" if ":" in account.host else account.host
        port = f":{account.port}" if account.port else ""
        transport = "" if account.transport == "udp" else f";transport={account.transport.value}"
        return f"sip:{quote(number, safe='+*')}@{host}{port}{transport}"

    def masked(self) -> str:
        """For logs: the last four digits (of a SIP URI: of its user part), the rest hidden."""
        if not self.sip:
            return mask(self.number)
        scheme, _, rest = self.number.partition(":")
        user, at, host = rest.rpartition("@")
        return f"{scheme}:{mask(user) if sum(c.isdigit() for c in user) > 4 else user}{at}{host}"


def mask(number: str) -> str:
    """The last four characters of ``number``; a shorter one, such as 911 or 4321, stays as it is."""
    return number if len(number) <= 4 else f"…{number[-4:]}"


def parse(text: str, region: str = "US") -> Dialable:
    """Understand what was typed in ``region`` (ISO 3166, two letters).

    Raises ``NumberError``, and nothing else, with a sentence when it cannot be dialled.
    """
    typed = unicodedata.normalize("NFKC", text).strip()
    if not typed:
        raise NumberError(
            "No number was given. Type a telephone number or a SIP address such as sip:name@host."
        )
    if len(typed) > MAX_TYPED:
        raise NumberError(f"That is too long for a telephone number ({len(typed)} characters).")
    shown = _shown(typed)
    if any(unicodedata.category(character).startswith("C") for character in typed):
        raise NumberError(f"'{shown}' holds characters that cannot be seen; type the number again.")
    region = region.strip().upper()
    lower = typed.lower()
    if lower.startswith(("sip:", "sips:")):
        return _sip(typed, region)
    if lower.startswith("tel:"):
        typed = unquote(typed[4:])
        lower = typed.lower()
    elif "@" in typed:
        return _sip(f"sip:{typed}", region)
    # An extension after pauses is ours; "ext 12", "x12" and ";ext=12" are the number library's.
    paused = None if ";ext=" in lower or ";phone-context=" in lower else _PAUSED.match(typed)
    base, extension = (paused[1], paused[2] + paused[3]) if paused else (typed, "")
    extension = re.sub(r"\s", "", extension).replace(";", ",").upper()
    plain = _digits(_EXTENSION.split(base)[0])
    if is_emergency(plain.removeprefix("+"), region):
        number = plain.removeprefix("+")
        return Dialable(number=number, display=number, emergency=True)
    if _SHORT.match(plain) and plain == _digits(base):
        return Dialable(number=plain, display=plain, extension=extension)
    return _telephone(base, extension, region, shown)


def is_emergency(digits: str, region: str) -> bool:
    """Whether these digits reach the emergency services, in every region or in this one."""
    if digits in ALWAYS_EMERGENCY:
        return True
    if not digits.isascii() or not digits.isdigit():
        return False
    if _called(shortnumberinfo.is_emergency_number, digits, region):
        return True
    # "91155" reaches 911 in some networks: what is that short and begins so is not slain either. A longer one is
    # a number typed wrongly, such as one of India (91) without its plus.
    if len(digits) > LONGEST_SHORT_CODE or not _called(
        shortnumberinfo.connects_to_emergency_number, digits, region
    ):
        return False
    try:
        return not phonenumbers.is_possible_number(phonenumbers.parse(digits, region))
    except NumberParseException:
        return True


def _called(question: object, digits: str, region: str) -> bool:
    assert callable(question)
    return bool(question(digits, region))


def _digits(text: str) -> str:
    """``text`` without separators, with digits of any script as 0-9 (what is not a digit stays)."""
    bare = _SEPARATORS.sub("", text)
    return "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in bare)


def _shown(text: str) -> str:
    """What was typed, fit to be shown in a sentence."""
    seen = "".join(c if c.isprintable() else "?" for c in text)
    return seen if len(seen) <= 40 else f"{seen[:37]}..."


def _telephone(base: str, extension: str, region: str, shown: str) -> Dialable:
    if region not in phonenumbers.SUPPORTED_REGIONS and not base.lstrip().startswith("+"):
        raise NumberError(
            f"'{region}' is not a region whose numbers are known; use two letters such as US or DE."
        )
    try:
        number = phonenumbers.parse(base, region)
        verdict = phonenumbers.is_possible_number_with_reason(number)
    except NumberParseException as error:
        raise NumberError(_complaint(error.error_type, shown)) from error
    bare = str(number.national_number)
    if is_emergency(bare, region) and bare == "".join(c for c in _digits(base) if c.isdigit()):
        return Dialable(number=bare, display=bare, emergency=True)  # "call 911"
    lettered = any(c.isalpha() for c in base)
    # 1-800-CONTACTS: the telephone network drops what is over.
    if verdict == ValidationResult.TOO_LONG and lettered and phonenumbers.truncate_too_long_number(number):
        verdict = phonenumbers.is_possible_number_with_reason(number)
    if verdict != ValidationResult.IS_POSSIBLE:
        raise NumberError(_impossible(verdict, shown))
    if number.extension and not extension:
        extension = f",,{number.extension}"
    number.extension = None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    home = phonenumbers.country_code_for_region(region) == number.country_code
    style = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
    return Dialable(number=e164, display=phonenumbers.format_number(number, style), extension=extension)


def _complaint(kind: int, shown: str) -> str:
    match kind:
        case NumberParseException.INVALID_COUNTRY_CODE:
            return f"'{shown}' begins with a country code that does not exist."
        case NumberParseException.TOO_LONG:
            return f"'{shown}' has too many digits for a telephone number."
        case NumberParseException.TOO_SHORT_AFTER_IDD | NumberParseException.TOO_SHORT_NSN:
            return f"'{shown}' has too few digits for a telephone number."
    return (
        f"'{shown}' is not a telephone number. Type it as +1 800 555 1234, as it is written where you are, "
        "or as a SIP address such as sip:name@host."
    )


def _impossible(verdict: int, shown: str) -> str:
    match verdict:
        case ValidationResult.TOO_SHORT:
            return f"'{shown}' has too few digits for a telephone number."
        case ValidationResult.TOO_LONG:
            return f"'{shown}' has too many digits for a telephone number."
        case ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return f"'{shown}' lacks its area code; type the whole number."
        case ValidationResult.INVALID_COUNTRY_CODE:
            return f"'{shown}' begins with a country code that does not exist."
    return f"'{shown}' does not have the number of digits that a telephone number there has."


def _sip(text: str, region: str) -> Dialable:
    shown = _shown(text)
    found = _SIP.match(text)
    if found is None:
        raise NumberError(
            f"'{shown}' is not a SIP address. It looks like sip:name@host, sip:name@host:5060 or sips:name@host."
        )
    if found["password"]:
        raise NumberError(
            "A SIP address must not hold a password; set up an account with 'holdslayer account add'."
        )
    if found["port"] and not 0 < int(found["port"]) < 65536:
        raise NumberError(f"'{shown}' has a port that does not exist; ports go from 1 to 65535.")
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise NumberError(f"'{shown}' has a '%' that is not followed by two hexadecimal digits.")
    user = unquote((found["user"] or "").split(";")[0])
    emergency = is_emergency(_digits(user).removeprefix("+"), region)
    return Dialable(number=text, display=text, emergency=emergency, sip=True)
