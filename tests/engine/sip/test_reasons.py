"""Every row of the table of endings."""

from __future__ import annotations

import pytest

from engine.call import EndReason
from engine.sip import reasons
from engine.sip.reasons import Ending

TABLE = {
    EndReason.BUSY: (486, 600),
    EndReason.DECLINED: (402, 403, 603, 607, 608),
    EndReason.NO_ANSWER: (408, 480, 487),
    EndReason.WRONG_PASSWORD: (401, 407),
    EndReason.NOT_IN_SERVICE: (404, 410, 484, 485, 604),
    EndReason.NO_ROUTE: (482, 483, 500, 501, 502, 503, 504),
    EndReason.NO_COMMON_CODEC: (406, 415, 488, 606),
    EndReason.BAD_NUMBER: (414, 416),
    EndReason.FAILED: (*(300, 301, 302, 400, 405, 413, 420, 421, 422, 481, 491, 493, 494, 505, 513, 580),),
}


def test_the_table_here_covers_the_table_there() -> None:
    assert {code for codes in TABLE.values() for code in codes} == set(reasons.BY_CODE)


@pytest.mark.parametrize(("reason", "code"), [(r, c) for r, codes in TABLE.items() for c in codes])
def test_every_code_from_a_server(reason: EndReason, code: int) -> None:
    verdict = reasons.ending(Ending(code, "As they say"))
    assert verdict.reason is reason
    assert verdict.text[0].isupper()
    assert verdict.text.endswith((".", "Check."))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (399, EndReason.FAILED),
        (499, EndReason.FAILED),
        (599, EndReason.NO_ROUTE),
        (699, EndReason.DECLINED),
        (0, EndReason.FAILED),
    ],
)
def test_an_unlisted_code_goes_by_its_class_and_is_quoted(code: int, reason: EndReason) -> None:
    verdict = reasons.ending(Ending(code, "Strange"))
    assert verdict.reason is reason
    assert f"{code} Strange" in verdict.text


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (Ending(200, by_us=True, answered=True), EndReason.COMPLETED),
        (Ending(487, by_us=True), EndReason.CANCELLED),
        (Ending(603, by_us=True, incoming=True), EndReason.DECLINED),
        (Ending(487, incoming=True), EndReason.NO_ANSWER),
        (Ending(200, answered=True), EndReason.COMPLETED),
        (Ending(0, answered=True), EndReason.COMPLETED),
        (Ending(180, answered=True), EndReason.COMPLETED),
        (Ending(408, answered=True, local=True), EndReason.FAILED),
        (Ending(481, answered=True), EndReason.FAILED),
        (Ending(503, "PJSIP_TLS_ECERTVERIF", answered=True), EndReason.CERTIFICATE),
        (Ending(503, "Connection reset", answered=True, local=True), EndReason.TRUNK_UNREACHABLE),
        (Ending(500, "Oops", answered=True), EndReason.FAILED),
    ],
)
def test_who_ended_it_and_when(what: Ending, reason: EndReason) -> None:
    assert reasons.ending(what).reason is reason


@pytest.mark.parametrize(
    ("what", "reason", "words"),
    [
        (Ending(408, local=True), EndReason.TRUNK_UNREACHABLE, "did not reply at all"),
        (Ending(408, local=True, rang=True), EndReason.NO_ANSWER, "Nobody answered"),
        (Ending(408), EndReason.NO_ANSWER, "Nobody answered"),
        (
            Ending(502, "gethostbyname() has returned error (PJ_ERESOLVE)", local=True),
            EndReason.TRUNK_UNREACHABLE,
            "host name",
        ),
        (Ending(503, "Connection refused", local=True), EndReason.TRUNK_UNREACHABLE, "(Connection refused)"),
        (Ending(503, local=True), EndReason.TRUNK_UNREACHABLE, "cannot be reached"),
        (
            Ending(503, "SSL certificate verification error (PJSIP_TLS_ECERTVERIF)", local=True),
            EndReason.CERTIFICATE,
            "not trusted",
        ),
        (Ending(401, status=reasons.PJSIP_EFAILEDCREDENTIAL), EndReason.WRONG_PASSWORD, "password"),
        (Ending(407, status=reasons.PJSIP_ENOCREDENTIAL), EndReason.WRONG_PASSWORD, "password"),
        (Ending(486, local=True), EndReason.BUSY, "busy"),
    ],
)
def test_what_our_own_stack_made_up(what: Ending, reason: EndReason, words: str) -> None:
    verdict = reasons.ending(what)
    assert verdict.reason is reason
    assert words in verdict.text


@pytest.mark.parametrize(
    ("code", "text", "status", "local", "reason"),
    [
        (401, "Unauthorized", 0, False, EndReason.WRONG_PASSWORD),
        (407, "Proxy Authentication Required", 0, False, EndReason.WRONG_PASSWORD),
        (0, "", reasons.PJSIP_EFAILEDCREDENTIAL, True, EndReason.WRONG_PASSWORD),
        (0, "", reasons.PJSIP_ENOCREDENTIAL, True, EndReason.WRONG_PASSWORD),
        (503, "(PJSIP_TLS_ECERTVERIF)", 0, True, EndReason.CERTIFICATE),
        (403, "Forbidden", 0, False, EndReason.WRONG_PASSWORD),
        (404, "Not Found", 0, False, EndReason.WRONG_PASSWORD),
        (408, "Request Timeout", 0, True, EndReason.TRUNK_UNREACHABLE),
        (502, "PJ_ERESOLVE", 0, True, EndReason.TRUNK_UNREACHABLE),
        (0, "", reasons.PJ_ERESOLVE, True, EndReason.TRUNK_UNREACHABLE),
        (503, "Connection refused", 0, True, EndReason.TRUNK_UNREACHABLE),
        (503, "Service Unavailable", 0, False, EndReason.NO_ROUTE),
        (500, "Server Internal Error", 0, False, EndReason.NO_ROUTE),
        (423, "Interval Too Brief", 0, False, EndReason.FAILED),
    ],
)
def test_registrations_that_fail(code: int, text: str, status: int, local: bool, reason: EndReason) -> None:
    verdict = reasons.registration(code, text, status, local, "trunk.example")
    assert verdict.reason is reason
    assert verdict.text.endswith(".")
    assert "trunk.example" in verdict.text or reason is EndReason.CERTIFICATE


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        (reasons.PJ_ETOOMANY, "", EndReason.FAILED),
        (171042, "", EndReason.BAD_NUMBER),
        (171005, "", EndReason.BAD_NUMBER),
        (reasons.PJ_ERESOLVE, "", EndReason.TRUNK_UNREACHABLE),
        (171000, "PJSIP_TLS_ECERTVERIF", EndReason.CERTIFICATE),
        (70009, "odd", EndReason.FAILED),
    ],
)
def test_errors_before_any_message(status: int, text: str, reason: EndReason) -> None:
    assert reasons.error(status, text).reason is reason
