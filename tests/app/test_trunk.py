"""Trying an account: three ways it can go."""

from __future__ import annotations

import time

from app.trunk import try_account
from engine.call import EndReason
from engine.sip.line import Account, LineCommand, Registration, RemoveAccount, SetAccount
from tests.fakes.line import MemoryLine

ACCOUNT = Account("trunk", "sip.example.com", "alice", "secret", register=False)


class Refusing(MemoryLine):
    """First not sure, then refused."""

    def send(self, command: LineCommand) -> None:
        if isinstance(command, SetAccount):
            self._soon(Registration(time.time(), "trunk", False, "Registering."))
            text = "The password is wrong."
            self._soon(Registration(time.time(), "trunk", False, text, EndReason.WRONG_PASSWORD))


class Silent(MemoryLine):
    """Never answers."""

    def send(self, command: LineCommand) -> None:
        """Into the void."""


async def test_it_works() -> None:
    line = MemoryLine()
    trial = await try_account(ACCOUNT, lambda settings: line)
    assert trial.works
    assert "sip.example.com" in trial.text
    assert isinstance(line.sent[0], SetAccount)
    assert line.sent[0].account.register, "it registers for the trial, whatever the account says"
    assert isinstance(line.sent[-1], RemoveAccount)
    assert not line.up


async def test_it_is_refused() -> None:
    line = Refusing()
    trial = await try_account(ACCOUNT, lambda settings: line)
    assert (trial.works, trial.text) == (False, "The password is wrong.")
    assert not line.up


async def test_nobody_answers() -> None:
    trial = await try_account(ACCOUNT, lambda settings: Silent(), patience_s=0.05)
    assert not trial.works
    assert "did not answer" in trial.text
