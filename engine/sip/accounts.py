"""Trunk accounts inside the line process: make, register, watch, replace. Used by the SIP thread only."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import pjsua2 as pj

from engine.call import EndReason
from engine.sip import reasons, uris
from engine.sip.callbacks import LineAccount, Post, RegistrationMoved
from engine.sip.endpoint import Transports
from engine.sip.line import Account, LegId, LineError, LineSettings, Registration, Transport

FIRST_RETRY_S = 3
RETRY_S = 30
REGISTRATION_S = 300
NO_ANSWER_YET_S = 5.0
"""A registrar that is silent this long gets "no answer yet"; the library itself waits 32 s (RFC 3261, timer F)."""

SIGN_OUT_PATIENCE_S = 3.0
"""How long a changed account waits for the old one to be signed out."""

SESSION_EXPIRES_S = 1800  # RFC 4028: the recommended value
MIN_SESSION_EXPIRES_S = 90
RTP_PORT_BASE = 16384
RTP_PORT_SPAN = 8192

_RETRIED = frozenset({408, 480, 500, 502, 503, 504})
"""Codes after which the library registers again by itself (pjsua_acc.c, regc_cb)."""


@dataclass(slots=True)
class _Held:
    settings: Account
    calling: LineAccount  # what calls go out with
    registering: LineAccount | None
    generation: int
    asked_at: float = 0.0  # monotonic; 0: answered, or nothing to wait for
    failures: int = 0


class Accounts:
    """All accounts of a line, with the nameless one that direct calls use."""

    def __init__(
        self,
        settings: LineSettings,
        transports: Transports,
        rtp_port: int,
        new_leg: Callable[[], LegId],
        post: Post,
        emit: Callable[[Registration], None],
    ) -> None:
        self._settings = settings
        self._transports = transports
        self._rtp_port = rtp_port
        self._new_leg = new_leg
        self._post = post
        self._emit = emit
        self._held: dict[str, _Held] = {}
        self._next: dict[
            str, tuple[Account, float]
        ] = {}  # what replaces an account that is signing out, and when
        self._generation = 0
        host = settings.bind or "127.0.0.1"
        self._direct = self._make("", f"sip:holdslayer@{host}", None, register=False)
        self._direct.setDefault()

    def calling(self, account: str, uri: str) -> tuple[LineAccount, str]:
        """The library's account for a call to ``uri``, and the URI to call. Raises ``LineError``, ``KeyError``."""
        if not account:
            target = uris.parse(uris.target_uri(uri, None))
            self._transports.use(target.transport)
            return self._direct, str(target)
        held = self._held[account]
        return held.calling, uris.target_uri(uri, held.settings)

    def set(self, account: Account) -> None:
        """Add or replace an account. What is wrong with it is told as ``Registration``."""
        held = self._held.get(account.id)
        if held is not None and held.settings == account and account.id not in self._next:
            self._repeat(account.id, held)
        elif held is not None and _active(held):
            # Signing out removes the same contact that signing in sets: one must be over before the other.
            self._next[account.id] = (account, time.monotonic() + SIGN_OUT_PATIENCE_S)
            with contextlib.suppress(pj.Error):
                held.registering.setRegistration(False)  # type: ignore[union-attr]
        else:
            self._replace(account)

    def _repeat(self, key: str, held: _Held) -> None:
        """Nothing changed: say again how it stands."""
        if _active(held):
            self._say(key, True, f"Registered at {held.settings.host}.")
        elif held.registering is not None and not held.asked_at:
            with contextlib.suppress(pj.Error):  # being tried already
                held.registering.setRegistration(True)

    def _replace(self, account: Account) -> None:
        self._drop(account.id)
        self._generation += 1
        try:
            calling_register = account.register and not account.caller_id
            identity = uris.caller_uri(account)
            calling = self._make(account.id, identity, account, register=calling_register)
            registering = calling if calling_register else None
            if account.register and registering is None:
                registering = self._make(account.id, uris.identity_uri(account), account, register=True)
        except LineError as error:
            self._say(account.id, False, error.text, error.reason)
            return
        except pj.Error as error:
            verdict = reasons.registration(
                0, str(error.reason), int(error.status), local=True, host=account.host
            )
            self._say(account.id, False, verdict.text, verdict.reason)
            return
        held = _Held(account, calling, registering, self._generation)
        self._held[account.id] = held
        if registering is not None:
            held.asked_at = time.monotonic()

    def remove(self, account: str) -> None:
        """Unregister and forget."""
        self._next.pop(account, None)
        if account in self._held:
            self._drop(account)
            self._say(account, False, "The account was removed.")

    def moved(self, note: RegistrationMoved) -> None:
        """A registrar answered, or did not."""
        held = self._held.get(note.account)
        if held is None or held.generation != note.generation or note.account in self._next:
            return
        host = held.settings.host
        if note.code // 100 == 2:
            held.asked_at = 0.0
            held.failures = 0
            registered = note.expires_s > 0
            text = f"Registered at {host}." if registered else f"Signed out of {host}."
            self._say(note.account, registered, text)
            return
        if note.code // 100 == 1:
            return
        held.asked_at = 0.0
        verdict = reasons.registration(note.code, note.text, note.status, note.local, host)
        retry = None
        if note.code in _RETRIED:
            retry = float(FIRST_RETRY_S if not held.failures else RETRY_S)
        held.failures += 1
        self._say(note.account, False, verdict.text, verdict.reason, retry)

    def tick(self, now: float) -> None:
        """Say so when a registrar keeps us waiting; go on with accounts that have signed out."""
        for key, (account, until) in tuple(self._next.items()):
            if now > until or not _active(self._held[key]):
                del self._next[key]
                self._replace(account)
        for key, held in self._held.items():
            if held.asked_at and now - held.asked_at > NO_ANSWER_YET_S:
                held.asked_at = 0.0
                self._say(key, False, f"{held.settings.host} has not answered yet; still trying.")

    def sign_out(self) -> bool:
        """Begin to unregister everything; whether there is anything to wait for."""
        waiting = False
        for held in self._held.values():
            if _active(held):
                with contextlib.suppress(pj.Error):
                    held.registering.setRegistration(False)  # type: ignore[union-attr]
                    waiting = True
        return waiting

    def signed_out(self) -> bool:
        """Whether no registration is active any more."""
        return not any(_active(held) for held in self._held.values())

    def close(self) -> None:
        """Free all of the library's accounts; nothing may be called with them afterwards."""
        for key in tuple(self._held):
            self._drop(key)
        _free(self._direct)

    def _drop(self, account: str) -> None:
        held = self._held.pop(account, None)
        if held is None:
            return
        if held.registering is not None and held.registering is not held.calling:
            _free(held.registering)
        _free(held.calling)

    def _say(
        self,
        account: str,
        registered: bool,
        text: str,
        reason: EndReason | None = None,
        retry_in_s: float | None = None,
    ) -> None:
        self._emit(Registration(time.time(), account, registered, text, reason, retry_in_s))

    def _make(self, key: str, identity: str, account: Account | None, register: bool) -> LineAccount:
        config = pj.AccountConfig()
        config.idUri = identity
        config.callConfig.timerUse = (
            pj.PJSUA_SIP_TIMER_OPTIONAL if account is None else pj.PJSUA_SIP_TIMER_ALWAYS
        )
        config.callConfig.timerSessExpiresSec = SESSION_EXPIRES_S
        config.callConfig.timerMinSESec = MIN_SESSION_EXPIRES_S
        config.mediaConfig.transportConfig.port = self._rtp_port
        config.mediaConfig.transportConfig.portRange = 1000
        config.mediaConfig.transportConfig.boundAddress = self._settings.bind
        config.regConfig.registerOnAdd = register
        if account is not None:
            transport = self._transports.use(account.transport, account.ca_file)
            if account.transport is Transport.TLS:
                config.sipConfig.transportId = transport
            config.sipConfig.authCreds.append(
                pj.AuthCredInfo(
                    "digest", account.realm, account.auth_user or account.user, 0, account.password
                )
            )
            proxy = uris.proxy_uri(account)
            if proxy:
                config.sipConfig.proxies.append(proxy)
            if register:
                config.regConfig.registrarUri = uris.registrar_uri(account)
                config.regConfig.timeoutSec = REGISTRATION_S
                config.regConfig.firstRetryIntervalSec = FIRST_RETRY_S
                config.regConfig.retryIntervalSec = RETRY_S
                config.regConfig.randomRetryIntervalSec = 1
        made = LineAccount(key, self._generation, self._new_leg, self._post)
        try:
            made.create(config)
        except pj.Error:
            # A host name that cannot be found fails inside create(), after it was told through onRegState;
            # the library keeps the account and goes on trying.
            if not made.isValid():
                raise
        return made


def _active(held: _Held) -> bool:
    """Whether the registrar has us in its books, as far as we know."""
    try:
        return held.registering is not None and bool(held.registering.getInfo().regIsActive)
    except pj.Error:
        return False


def _free(account: LineAccount) -> None:
    with contextlib.suppress(pj.Error):
        account.shutdown()
    pj.Account.__swig_destroy__(account)
