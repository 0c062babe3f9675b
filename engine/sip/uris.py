"""SIP addresses: what to send where. Pure text, no SIP library.

A URI handed to ``Dial`` names who is called; the account says how its trunk is reached (port, transport). Both are
joined here, because the trunk's port and transport must stand in the request's URI for the library to obey them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.call import EndReason
from engine.sip.line import Account, LineError, Transport

_URI = re.compile(
    r"""^(?P<scheme>sips?):
        (?:(?P<user>[^@;?<>\s"]+)@)?
        (?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?)
        (?::(?P<port>[0-9]{1,5}))?
        (?P<rest>(?:[;?][^<>\s"]*)?)$""",
    re.VERBOSE | re.IGNORECASE,
)
_NAME_ADDR = re.compile(r"<([^<>]+)>")
_LONG_NUMBER = re.compile(r"\+?\d{5,}(?=@)")
_NUMBER_USER = re.compile(r"(?<=sip:)\+?\d{5,}|(?<=sips:)\+?\d{5,}|(?<=tel:)\+?\d{5,}")

DEFAULT_PORT = {Transport.UDP: 5060, Transport.TCP: 5060, Transport.TLS: 5061}


@dataclass(frozen=True, slots=True)
class SipUri:
    """A SIP URI in its parts. ``parameters`` with the leading ";" or "?" of the first."""

    scheme: str
    user: str
    host: str
    port: int  # 0: not given
    parameters: str = ""

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}:{user}{self.host}{port}{self.parameters}"

    @property
    def transport(self) -> Transport:
        """The transport the URI asks for; UDP when it asks for none."""
        if self.scheme == "sips":
            return Transport.TLS
        found = re.search(r";transport=([a-z]+)", self.parameters, re.IGNORECASE)
        try:
            return Transport(found.group(1).lower()) if found else Transport.UDP
        except ValueError:
            return Transport.UDP

    def with_transport(self, transport: Transport) -> SipUri:
        """The same address by another transport."""
        bare = re.sub(r";transport=[A-Za-z]+", "", self.parameters)
        parameters = bare if transport is Transport.UDP else f";transport={transport.value}{bare}"
        return SipUri("sip", self.user, self.host, self.port, parameters)


def parse(text: str) -> SipUri:
    """Take a URI apart (angle brackets allowed). Raises ``LineError(BAD_NUMBER)`` with a sentence."""
    bracketed = _NAME_ADDR.search(text)
    match = _URI.match((bracketed.group(1) if bracketed else text).strip())
    if match is None:
        raise LineError(
            EndReason.BAD_NUMBER,
            f"“{shortened(text)}” is not an address that can be called. It should look like sip:name@host.",
        )
    port = int(match["port"] or 0)
    if port > 65535:
        raise LineError(EndReason.BAD_NUMBER, f"“{shortened(text)}” names port {port}; ports end at 65535.")
    host = match["host"].lower()
    # The library's own resolver asks name servers only, and those need not know this name.
    host = "127.0.0.1" if host == "localhost" else host
    return SipUri(match["scheme"].lower(), match["user"] or "", host, port, match["rest"])


def shortened(text: str) -> str:
    """Text that came from outside, short enough to be shown in a sentence."""
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= 60 else text[:57] + "..."


def trunk(account: Account) -> SipUri:
    """Where the account's trunk listens (``host`` may carry a port). Raises ``LineError`` when the host is no host."""
    uri = parse(f"sip:{account.host}")
    if uri.user or uri.parameters:
        raise LineError(
            EndReason.BAD_NUMBER,
            f"“{shortened(account.host)}” is not a host. Give the telephone company's server, such as sip.example.com.",
        )
    port = account.port or uri.port or DEFAULT_PORT[account.transport]
    return SipUri("sip", "", uri.host, port).with_transport(account.transport)


def registrar_uri(account: Account) -> str:
    """Where an account registers."""
    return str(trunk(account))


def identity_uri(account: Account) -> str:
    """The address an account registers."""
    return f"sip:{account.user}@{trunk(account).host}"


def caller_uri(account: Account) -> str:
    """The From address of an account's outgoing calls, with the caller id it asks for."""
    return f"sip:{account.caller_id or account.user}@{trunk(account).host}"


def proxy_uri(account: Account) -> str:
    """The outbound proxy as a loose route, or "" for none. Accepts ``host``, ``host:port`` or a SIP URI."""
    text = account.outbound_proxy.strip()
    if not text:
        return ""
    uri = parse(text if text.lower().startswith(("sip:", "sips:")) else f"sip:{text}")
    if "transport=" not in uri.parameters.lower():
        uri = uri.with_transport(account.transport)
    lr = "" if ";lr" in uri.parameters.lower() else ";lr"
    return f"{uri}{lr}"


def target_uri(text: str, account: Account | None) -> str:
    """The request URI of a call: ``text``, reached the account's way when it points at the account's own host."""
    uri = parse(text)
    if account is not None and not uri.port and uri.host == (at := trunk(account)).host:
        uri = SipUri(uri.scheme, uri.user, uri.host, at.port, uri.parameters)
        uri = uri.with_transport(account.transport)
    return str(uri)


def masked(text: str) -> str:
    """A line for the log: of every phone number in a URI only the last four digits."""

    def last_four(match: re.Match[str]) -> str:
        return "…" + match.group(0)[-4:]

    return _NUMBER_USER.sub(last_four, _LONG_NUMBER.sub(last_four, text))
