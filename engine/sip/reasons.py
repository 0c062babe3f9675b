"""Why a call ended, in classes and sentences a person understands. A pure table over what SIP said.

we ended it            -> COMPLETED / CANCELLED / DECLINED
answered, they ended   -> COMPLETED, or why the conversation broke
never answered         -> by status code, where it makes a difference who made the code: a server out there, or
                          our own stack because nothing came back
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.call import EndReason


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known of a leg's end.

    ``code``, ``text``: the final SIP status. ``local``: our own stack made that status up (no answer came, the
    connection was refused). ``status``: the library's own error number, 0 when none.
    """

    code: int
    text: str = ""
    by_us: bool = False
    answered: bool = False
    rang: bool = False
    incoming: bool = False
    local: bool = False
    status: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class of an ending and the sentence that says what happened and what to do."""

    reason: EndReason
    text: str


BY_CODE: dict[int, tuple[EndReason, str]] = {
    300: (
        EndReason.FAILED,
        "The number has several addresses and none was chosen. Call one of them directly.",
    ),
    301: (EndReason.FAILED, "The number has moved. Look up its new number."),
    302: (EndReason.FAILED, "The call was sent on to another address, which could not be followed."),
    400: (
        EndReason.FAILED,
        "The telephone company did not understand the call. Check how the number is written.",
    ),
    401: (
        EndReason.WRONG_PASSWORD,
        "The telephone company did not accept the user name or password. Check the account.",
    ),
    402: (
        EndReason.DECLINED,
        "The telephone company asks for payment first. Check the balance of the account.",
    ),
    403: (
        EndReason.DECLINED,
        "The call is not allowed. Ask the telephone company whether this account may call it.",
    ),
    404: (EndReason.NOT_IN_SERVICE, "This number is not in service. Check it, digit by digit."),
    405: (EndReason.FAILED, "The other side does not take calls at this address."),
    406: (EndReason.NO_COMMON_CODEC, "The other side cannot take this kind of call."),
    407: (
        EndReason.WRONG_PASSWORD,
        "The telephone company did not accept the user name or password. Check the account.",
    ),
    408: (EndReason.NO_ANSWER, "Nobody answered. Try again later."),
    410: (EndReason.NOT_IN_SERVICE, "This number is no longer in service. Look up the company's new number."),
    413: (EndReason.FAILED, "The call request was too large for the telephone company."),
    414: (EndReason.BAD_NUMBER, "The address is too long. Check it."),
    415: (EndReason.NO_COMMON_CODEC, "The other side speaks none of our sound formats (G.722, PCMU, PCMA)."),
    416: (
        EndReason.BAD_NUMBER,
        "The telephone company cannot call this kind of address. Check how it is written.",
    ),
    420: (EndReason.FAILED, "The other side asks for a SIP feature we do not have."),
    421: (EndReason.FAILED, "The other side asks for a SIP feature we do not have."),
    422: (EndReason.FAILED, "The two sides could not agree how often to check that the call is still there."),
    480: (EndReason.NO_ANSWER, "Nobody can take the call now. Try again later."),
    481: (EndReason.FAILED, "The other side had already forgotten the call. Try again."),
    482: (EndReason.NO_ROUTE, "The call went round in circles at the telephone company. Try again later."),
    483: (EndReason.NO_ROUTE, "The call went through too many exchanges. Try again later."),
    484: (EndReason.NOT_IN_SERVICE, "The number is incomplete. Check it, digit by digit."),
    485: (EndReason.NOT_IN_SERVICE, "The number is ambiguous. Give it in full, with country and area code."),
    486: (EndReason.BUSY, "The line is busy. Try again in a few minutes."),
    487: (EndReason.NO_ANSWER, "The call was withdrawn before anybody answered. Try again."),
    488: (EndReason.NO_COMMON_CODEC, "The other side accepts none of our sound formats (G.722, PCMU, PCMA)."),
    491: (EndReason.FAILED, "Both sides asked for a change at once. Try again."),
    493: (EndReason.FAILED, "The other side could not read the call request."),
    494: (EndReason.FAILED, "The other side asks for a security agreement we do not have."),
    500: (EndReason.NO_ROUTE, "The telephone company had a fault of its own. Try again later."),
    501: (EndReason.NO_ROUTE, "The telephone company cannot do this kind of call."),
    502: (EndReason.NO_ROUTE, "The telephone company could not pass the call on. Try again later."),
    503: (
        EndReason.NO_ROUTE,
        "The telephone company is overloaded or has no way to this number. Try again later.",
    ),
    504: (EndReason.NO_ROUTE, "The telephone company got no answer from further on. Try again later."),
    505: (EndReason.FAILED, "The other side speaks another version of SIP."),
    513: (EndReason.FAILED, "The call request was too large for the telephone company."),
    580: (EndReason.FAILED, "The quality of connection that the other side asks for could not be had."),
    600: (EndReason.BUSY, "The line is busy everywhere. Try again in a few minutes."),
    603: (EndReason.DECLINED, "The other side declined the call."),
    604: (EndReason.NOT_IN_SERVICE, "This number does not exist anywhere. Check it, digit by digit."),
    606: (EndReason.NO_COMMON_CODEC, "The other side accepts none of our sound formats (G.722, PCMU, PCMA)."),
    607: (EndReason.DECLINED, "The other side does not want this call."),
    608: (EndReason.DECLINED, "The telephone company blocked the call as unwanted."),
}
"""Final codes to a call that was never answered, said by a server (RFC 3261 section 21, RFC 8197, RFC 8688)."""

BY_CLASS: dict[int, tuple[EndReason, str]] = {
    3: (EndReason.FAILED, "The call was sent on to another address, which could not be followed."),
    4: (EndReason.FAILED, "The telephone company refused the call."),
    5: (EndReason.NO_ROUTE, "The telephone company had a fault of its own. Try again later."),
    6: (EndReason.DECLINED, "The call was refused everywhere."),
}
"""What an unlisted code of a class means."""

CERTIFICATE_TEXT = (
    "The server's TLS certificate is not trusted or belongs to another host. Check the host name, or name the "
    "server's certificate authority (CA file) in the account."
)
UNREACHABLE_TEXT = (
    "The telephone company's server cannot be reached. "
    "Check the network, and host, port and transport of the account."
)
NO_SUCH_HOST_TEXT = "The host name could not be found. Check how it is written, and the network."
NO_REPLY_TEXT = (
    "The server did not reply at all. "
    "Check the network, and host, port and transport of the account or address."
)
NO_REPLY = Verdict(EndReason.TRUNK_UNREACHABLE, NO_REPLY_TEXT)
WRONG_PASSWORD_TEXT = BY_CODE[401][1]

# Error numbers of the library (pjsip/sip_errno.h, PJSIP_ERRNO_START = 171000; pj/errno.h, PJ_ERRNO_START = 70000).
PJSIP_EFAILEDCREDENTIAL = 171100
PJSIP_ENOCREDENTIAL = 171101
PJ_ETOOMANY = 70010
PJ_ERESOLVE = 70018
_CREDENTIAL_ERRORS = frozenset({PJSIP_EFAILEDCREDENTIAL, PJSIP_ENOCREDENTIAL})
_BAD_URI_ERRORS = frozenset({171039, 171040, 171041, 171042, 171005})
"""PJSIP_EINVALIDREQURI, EINVALIDHDR..., EINVALIDURI and EUNSUPPORTEDSCHEME."""
_CERTIFICATE_MARK = "ECERTVERIF"
_RESOLVE_MARKS = ("PJ_ERESOLVE", "PJLIB_UTIL_EDNS", "gethostbyname")


def ending(what: Ending) -> Verdict:
    """Classify the end of a leg."""
    if what.by_us:
        return _ended_by_us(what)
    if what.answered:
        return _broken_off(what)
    if what.incoming:
        return Verdict(EndReason.NO_ANSWER, "The caller hung up before the call was answered.")
    if (found := _own_fault(what)) is not None:
        return found
    reason, text = BY_CODE.get(what.code) or BY_CLASS.get(
        what.code // 100, (EndReason.FAILED, "The call failed.")
    )
    if what.code not in BY_CODE and what.text:
        text = f"{text} It said: {what.code} {what.text}."
    return Verdict(reason, text)


def registration(code: int, text: str, status: int, local: bool, host: str) -> Verdict:
    """Classify a failed registration. ``local``: our own stack made the status up; ``host``: named in the sentence."""
    if status in _CREDENTIAL_ERRORS or code in (401, 407):
        return Verdict(
            EndReason.WRONG_PASSWORD, f"{host} did not accept the user name or password. Check the account."
        )
    if _CERTIFICATE_MARK in text:
        return Verdict(EndReason.CERTIFICATE, CERTIFICATE_TEXT)
    if code == 403:
        return Verdict(
            EndReason.WRONG_PASSWORD, f"{host} does not let this account in ({text}). Check the account."
        )
    if code == 404:
        return Verdict(
            EndReason.WRONG_PASSWORD, f"{host} knows no such user. Check the user name of the account."
        )
    if code == 408:
        return Verdict(EndReason.TRUNK_UNREACHABLE, f"{host} did not answer. {UNREACHABLE_TEXT}")
    if status == PJ_ERESOLVE or (local and (code == 502 or any(mark in text for mark in _RESOLVE_MARKS))):
        return Verdict(
            EndReason.TRUNK_UNREACHABLE,
            f"The host name {host} could not be found. Check how it is written, and the network.",
        )
    if local:
        return Verdict(EndReason.TRUNK_UNREACHABLE, f"{host} cannot be reached ({text}). {UNREACHABLE_TEXT}")
    if code // 100 == 5:
        return Verdict(
            EndReason.NO_ROUTE, f"{host} has a fault of its own ({code} {text}). It is tried again."
        )
    return Verdict(EndReason.FAILED, f"{host} refused the registration ({code} {text}). Check the account.")


def error(status: int, text: str) -> Verdict:
    """Classify an error the library raised when a call was to be made: no SIP message was ever sent."""
    if status == PJ_ETOOMANY:
        return Verdict(EndReason.FAILED, "This line carries no more calls at once. End one, and try again.")
    if status in _BAD_URI_ERRORS:
        return Verdict(EndReason.BAD_NUMBER, "The address cannot be called. Check how it is written.")
    if status == PJ_ERESOLVE:
        return Verdict(EndReason.TRUNK_UNREACHABLE, NO_SUCH_HOST_TEXT)
    if _CERTIFICATE_MARK in text:
        return Verdict(EndReason.CERTIFICATE, CERTIFICATE_TEXT)
    return Verdict(EndReason.FAILED, f"The call could not be made: {text or status}.")


def _ended_by_us(what: Ending) -> Verdict:
    if what.answered:
        return Verdict(EndReason.COMPLETED, "We hung up.")
    if what.incoming:
        return Verdict(EndReason.DECLINED, "We turned the call away.")
    return Verdict(EndReason.CANCELLED, "We gave up before the call was answered.")


def _broken_off(what: Ending) -> Verdict:
    if what.code in (0, 200) or what.code // 100 in (1, 2):
        return Verdict(EndReason.COMPLETED, "The other side hung up.")
    if what.code in (408, 481):
        return Verdict(
            EndReason.FAILED, "The other side does not reply any more: the connection was lost. Redial."
        )
    if _CERTIFICATE_MARK in what.text:
        return Verdict(EndReason.CERTIFICATE, CERTIFICATE_TEXT)
    if what.local:
        return Verdict(
            EndReason.TRUNK_UNREACHABLE, f"The connection broke off ({what.text or what.code}). Redial."
        )
    return Verdict(EndReason.FAILED, f"The call broke off: {what.code} {what.text}. Redial.")


def _own_fault(what: Ending) -> Verdict | None:
    """Endings that our side made up, because nothing usable came back."""
    if what.status in _CREDENTIAL_ERRORS:
        return Verdict(EndReason.WRONG_PASSWORD, WRONG_PASSWORD_TEXT)
    if _CERTIFICATE_MARK in what.text:
        return Verdict(EndReason.CERTIFICATE, CERTIFICATE_TEXT)
    if not what.local:
        return None
    if what.code == 408:
        if what.rang:
            return Verdict(*BY_CODE[408])
        return NO_REPLY
    if what.code == 502 or any(mark in what.text for mark in _RESOLVE_MARKS):
        return Verdict(EndReason.TRUNK_UNREACHABLE, NO_SUCH_HOST_TEXT)
    if what.code == 503:
        detail = f" ({what.text})" if what.text else ""
        return Verdict(EndReason.TRUNK_UNREACHABLE, f"{UNREACHABLE_TEXT[:-1]}{detail}.")
    return None
