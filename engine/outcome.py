"""How a call ended, in one word for the record and one sentence for the user. Pure."""

from __future__ import annotations

from types import MappingProxyType

from engine.call import EndReason, Phase
from engine.sip.line import LegEnded

DROPPED_TEXT = {
    Phase.NAVIGATING: "The company hung up while we were in its menu. Try again, or another number.",
    Phase.HOLDING: "The company hung up while we were on hold. Try again: the place in the queue is lost.",
}

UNDERSTOOD = {
    "closed": "the company is closed now",
    "voicemail": "a machine takes messages",
    "callback_offered": "the company only offered to call back",
    "not_in_service": "the number is not in service",
}

_OUTCOMES: MappingProxyType[EndReason, str] = MappingProxyType(
    {
        EndReason.COMPLETED: "dropped",
        EndReason.CANCELLED: "given_up",
        EndReason.BUSY: "busy",
        EndReason.DECLINED: "busy",
        EndReason.NO_ANSWER: "no_answer",
        EndReason.WRONG_PASSWORD: "failed",
        EndReason.NOT_IN_SERVICE: "not_in_service",
        EndReason.TRUNK_UNREACHABLE: "unreachable",
        EndReason.NO_ROUTE: "unreachable",
        EndReason.NO_COMMON_CODEC: "failed",
        EndReason.CERTIFICATE: "unreachable",
        EndReason.BAD_NUMBER: "failed",
        EndReason.LINE_LOST: "failed",
        EndReason.DROPPED: "dropped",
        EndReason.FAILED: "failed",
    }
)


def name_ending(ended: LegEnded, *, waiting: bool, phase: Phase) -> tuple[EndReason, str]:
    """What to call the end of a leg, given what we believed: a far side that hangs up on a waiting call dropped it."""
    dropped = (
        ended.reason is EndReason.COMPLETED
        and ended.answered
        and not ended.by_us
        and waiting
        and phase in (Phase.NAVIGATING, Phase.HOLDING, Phase.CONFIRMING)
    )
    if dropped:
        return EndReason.DROPPED, DROPPED_TEXT.get(phase, DROPPED_TEXT[Phase.HOLDING])
    return ended.reason, ended.text


def outcome_of(
    reason: EndReason,
    text: str,
    *,
    finish: tuple[str, str] | None,
    person_found: bool,
    by_us: bool,
    if_dropped: str = "dropped",
) -> tuple[str, str]:
    """(outcome, because) of a slay: one of ``decisions.OUTCOMES``.

    ``finish`` is what the slayer itself said when it ended the call. Otherwise a person who was found counts, then
    the reason the leg ended for; ``if_dropped`` is what was understood before a far side hung up on a waiting call.
    """
    if finish is not None:
        return finish
    if person_found:
        return "human", "a person answered"
    if by_us and reason in (EndReason.COMPLETED, EndReason.CANCELLED):
        return "given_up", "you hung up before a person came"
    if reason is EndReason.DROPPED and if_dropped != "dropped":
        return if_dropped, UNDERSTOOD.get(if_dropped, text)
    return _OUTCOMES[reason], text
