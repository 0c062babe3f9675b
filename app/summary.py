"""The last line of a slay: what came of it. Pure: from the call's events and, in practice, the company's reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from app.timeline import Line, outcome_words
from engine.events import Event, PersonDismissed, PersonFound
from engine.practice.report import PersonSpoke, Report
from engine.storage.record import RecordBuilder


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a call. Times are wall-clock seconds since the epoch, None where there is none."""

    company: str
    outcome: str
    keys: str
    """Digits pressed, in order, as they may be shown."""
    hold_s: float
    person_at: float | None
    """Practice only: the person's first word by the company's own clock."""
    rang_at: float | None
    latency_s: float | None
    """Practice only: from the person's first word to the ring."""
    false_rings: int
    """Practice: rings before any person had spoken. Otherwise: rings that were taken back."""

    def line(self) -> Line:
        """The summary as a line of the timeline."""
        said = [f"{self.company or 'the call'}: {outcome_words(self.outcome)}"]
        said += [f"pressed {self.keys}"] if self.keys else []
        said += [f"{_minutes(self.hold_s)} on hold"] if self.hold_s else []
        said += [f"rang {self.latency_s:.1f} s after the first word"] if self.latency_s is not None else []
        said += [f"{self.false_rings} false ring{'s' * (self.false_rings > 1)}"] if self.false_rings else []
        return Line("summary", ", ".join(said), asdict(self))


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def summarise(events: Sequence[Event], reports: Sequence[Report] | None = None) -> Summary:
    """Sum up one call. ``events`` are those of this call alone, from its ``CallBegan`` on; ``reports`` too.

    Raises ``ValueError`` when they begin with no call.
    """
    builder = RecordBuilder.begin(events[0]) if events else None
    if builder is None:
        raise ValueError("these are not the events of a call")
    for event in events[1:]:
        builder.take(event)
    record = builder.record
    rings = [event.at for event in events if isinstance(event, PersonFound)]
    if reports is None:
        person_at, false_rings = None, _taken_back(events)
    else:
        spoken = [report.at for report in reports if isinstance(report, PersonSpoke)]
        person_at = min(spoken, default=None)
        false_rings = sum(person_at is None or at < person_at for at in rings)
    right = [at for at in rings if person_at is None or at >= person_at]
    rang_at = min(right or rings, default=None)
    latency_s = rang_at - person_at if right and rang_at is not None and person_at is not None else None
    return Summary(
        company=record.company,
        outcome=record.outcome,
        keys="".join(pressed.keys for pressed in record.pressed),
        hold_s=round(record.hold_s, 3),
        person_at=person_at,
        rang_at=rang_at,
        latency_s=None if latency_s is None else round(latency_s, 3),
        false_rings=false_rings,
    )


def _taken_back(events: Sequence[Event]) -> int:
    count, ringing = 0, False
    for event in events:
        if isinstance(event, PersonFound):
            ringing = True
        elif isinstance(event, PersonDismissed):
            count += ringing
            ringing = False
    return count
