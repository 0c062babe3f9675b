"""Where the SIP library calls us. Every callback copies what it is told, posts a note, and returns.

Notes are read by the SIP thread after ``libHandleEvents``. Rules paid for with crashes: no exception leaves a callback;
nothing of the library's is kept beyond it; a finished ``Call`` is disowned at once, because the library gives its
slot to the next call and a late destructor would hang that one up; no reference cycle goes through such an object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pjsua2 as pj

from engine.sip.line import DigitMethod, LegId


@dataclass(frozen=True, slots=True)
class CallMoved:
    """The state of a call changed. ``local``: the final status was made up by our own stack."""

    leg: LegId
    state: int
    code: int
    text: str
    local: bool
    status: int
    early_media: bool


@dataclass(frozen=True, slots=True)
class MediaMoved:
    """Media of a call came, went or changed."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class DigitCame:
    """The far side pressed a digit."""

    leg: LegId
    digit: str
    method: DigitMethod


@dataclass(frozen=True, slots=True)
class RegistrationMoved:
    """A registrar answered, or did not (``local``: our own stack made the status up)."""

    account: str
    generation: int
    code: int
    text: str
    status: int
    local: bool
    expires_s: int


@dataclass(frozen=True, slots=True)
class CallCame:
    """Somebody calls. ``slot`` is the library's call id, to be turned into a ``LegCall`` by the callback itself."""

    leg: LegId
    call: LegCall
    from_uri: str
    to_uri: str


@dataclass(frozen=True, slots=True)
class ErrandDone:
    """Slow work is done; ``finish`` is for the SIP thread to call."""

    finish: Callable[[], None]


Note = CallMoved | MediaMoved | DigitCame | RegistrationMoved | CallCame | ErrandDone
Post = Callable[[Note], None]


class LegCall(pj.Call):  # type: ignore[misc]
    """One call of the library. ``over`` is set the moment it is finished: from then on it must not be touched."""

    def __init__(self, account: pj.Account, leg: LegId, post: Post, slot: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, slot)
        self._leg = leg
        self._post = post
        self.over = False

    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        """SIP moved on."""
        try:
            if self.over:
                return
            info = self.getInfo()
            state = int(info.state)
            early = any(
                media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
                for media in info.media
            )
            local, status = _made_up(prm)
            note = CallMoved(
                self._leg, state, int(info.lastStatusCode), str(info.lastReason), local, status, early
            )
            if state == pj.PJSIP_INV_STATE_DISCONNECTED:
                self.let_go()
            self._post(note)
        except Exception:
            self._post(MediaMoved(self._leg))  # the SIP thread looks for itself

    def let_go(self) -> None:
        """Never let the library's destructor run: its slot belongs to another call soon."""
        if not self.over:
            self.over = True
            self.this.disown()

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:
        """Media came, went or changed."""
        self._post(MediaMoved(self._leg))

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:
        """A digit came; from the media thread when it came as an RTP event."""
        try:
            method = (
                DigitMethod.SIP_INFO if prm.method == pj.PJSUA_DTMF_METHOD_SIP_INFO else DigitMethod.RTP_EVENT
            )
            self._post(DigitCame(self._leg, str(prm.digit), method))
        except Exception:
            return

    def onCallRedirected(self, prm: pj.OnCallRedirectedParam) -> int:
        """Follow a redirection (302), as a telephone does."""
        return int(pj.PJSIP_REDIRECT_ACCEPT)

    def onCallTransferRequest(self, prm: pj.OnCallTransferRequestParam) -> None:
        """Refuse: the far side must not have us call numbers of its choice. (The library would obey.)"""
        prm.statusCode = pj.PJSIP_SC_DECLINE

    def onCallReplaceRequest(self, prm: pj.OnCallReplaceRequestParam) -> None:
        """Refuse to have a call taken over by another."""
        prm.statusCode = pj.PJSIP_SC_DECLINE


def _made_up(prm: pj.OnCallStateParam) -> tuple[bool, int]:
    """Whether our own stack made the status up, and the error number it did so for."""
    event = prm.e
    if event.type != pj.PJSIP_EVENT_TSX_STATE:
        return False, 0
    source = event.body.tsxState.type
    return source in (pj.PJSIP_EVENT_TRANSPORT_ERROR, pj.PJSIP_EVENT_TIMER), 0


class LineAccount(pj.Account):  # type: ignore[misc]
    """One account of the library. ``generation`` tells notes of a replaced account from those of its successor."""

    def __init__(self, account: str, generation: int, new_leg: Callable[[], LegId], post: Post) -> None:
        super().__init__()
        self._account = account
        self._generation = generation
        self._new_leg = new_leg
        self._post = post

    def onRegState(self, prm: pj.OnRegStateParam) -> None:
        """The registrar answered, or did not."""
        try:
            self._post(
                RegistrationMoved(
                    self._account,
                    self._generation,
                    int(prm.code),
                    str(prm.reason),
                    int(prm.status),
                    not prm.rdata.wholeMsg,
                    int(prm.expiration),
                )
            )
        except Exception:
            return

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:
        """Somebody calls: the object must exist at once, all else is the SIP thread's business."""
        try:
            leg = self._new_leg()
            call = LegCall(self, leg, self._post, int(prm.callId))
            info = call.getInfo()
            self._post(CallCame(leg, call, str(info.remoteUri), str(info.localUri)))
        except Exception:
            return


class LineLog(pj.LogWriter):  # type: ignore[misc]
    """Takes the library's log. To be kept until after ``libDestroy``."""

    def __init__(self, say: Callable[[int, str], None]) -> None:
        super().__init__()
        self._say = say

    def write(self, entry: pj.LogEntry) -> None:
        """From any thread."""
        try:
            self._say(int(entry.level), str(entry.msg).rstrip())
        except Exception:
            return
