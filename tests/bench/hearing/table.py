"""The figures of a run as Markdown and as JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from tests.bench.hearing.compose import ARRIVALS
from tests.bench.hearing.run import Result
from tests.bench.hearing.score import Cost, Figures, total

_HEAD = (
    "",
    "found within 10 s",
    "first word to ring, median",
    "p95",
    "within 2 s",
    "to *maybe*",
    "false rings an hour",
    "false maybes an hour",
    "calls perfect",
)


def figures(results: Sequence[Result], rows: Sequence[str]) -> dict[str, Figures]:
    """Figures by row."""
    return {row: total([result.outcomes[row] for result in results]) for row in rows}


def markdown(found: dict[str, Figures], results: Sequence[Result], heading: str) -> str:
    """Everything, to print."""
    parts = [heading, "", main_table(found), "", *_by_kind(found), "", *_by_arrival(found, results)]
    parts += ["", *_rest(found), *_costs(results)]
    return "\n".join(parts)


def main_table(found: dict[str, Figures]) -> str:
    """One line a row: persons, latencies, false alarms."""
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD))]
    for name, row in found.items():
        rival = name.startswith("rival")
        lines.append(
            _line(
                (
                    name,
                    _percent(row.found),
                    _seconds(row.ring_median_s),
                    _seconds(row.ring_p95_s),
                    _percent(row.soon),
                    "" if rival else _seconds(row.maybe_median_s),
                    _number(row.false_rings_per_hour),
                    "" if rival else _number(row.false_maybes_per_hour),
                    _percent(row.perfect),
                )
            )
        )
    return "\n".join(lines)


def _by_kind(found: dict[str, Figures]) -> list[str]:
    names = list(found)[:2] + [name for name in found if name.startswith("rival")]
    names = list(dict.fromkeys(names))
    kinds: list[str] = []
    for name in names:
        kinds += [kind for kind in found[name].rings_by_kind if kind not in kinds]
        kinds += [kind for kind in found[name].maybes_by_kind if kind not in kinds]
    lines = ["False rings (false maybes) an hour of hold, by what they were for:", ""]
    lines += [_line(("", *names)), _line(["---"] * (len(names) + 1))]
    for kind in kinds:
        cells = []
        for name in names:
            ring = found[name].rings_by_kind.get(kind, 0.0)
            maybe = found[name].maybes_by_kind.get(kind, 0.0)
            cells.append(_number(ring) + ("" if name.startswith("rival") else f" ({_number(maybe)})"))
        lines.append(_line((kind, *cells)))
    return lines


def _by_arrival(found: dict[str, Figures], results: Sequence[Result]) -> list[str]:
    """Persons of the first row, by how they came and by whether they wait after a word or two."""
    name = next(iter(found))
    outcomes = [result.outcomes[name] for result in results if result.outcomes[name].person]
    groups = {how: [o for o in outcomes if how in o.tags] for how, _ in ARRIVALS}
    groups["a word or two, then a pause"] = [
        o for o in outcomes if any(tag.startswith("answers for") for tag in o.tags)
    ]
    lines = [f"Persons by how they come ({name}):", ""]
    lines += [_line(("", "persons", "found within 10 s", "within 2 s", "median", "p95"))]
    lines += [_line(["---"] * 6)]
    for how, group in groups.items():
        row = total(group)
        cells = (str(row.persons), _percent(row.found), _percent(row.soon))
        lines.append(_line((how, *cells, _seconds(row.ring_median_s), _seconds(row.ring_p95_s))))
    return lines


def _rest(found: dict[str, Figures]) -> list[str]:
    lines = []
    for name in list(found)[:2]:
        row = found[name]
        if name.startswith("rival"):
            continue
        lines.append(
            f"- {name}: hold recognised after {_seconds(row.hold_median_s)} (median), {_seconds(row.hold_p95_s)} "
            f"(p95); {_percent(row.repeats_known)} of {row.repeats} repeats known as such; "
            f"{row.suppressed} persons taken for a repetition."
        )
    return lines


def costs(results: Sequence[Result]) -> dict[str, float]:
    """Percent of a core, over all calls: in music, in speech (with and without the recogniser), x real time."""

    def over(of: str, length: str) -> float:
        total_s = sum(getattr(result.cost, length) for result in results)
        return 100 * sum(getattr(result.cost, of) for result in results) / total_s if total_s else math.nan

    fields = {field.name for field in dataclasses.fields(Cost)}
    assert {"music_cpu_s", "speech_cpu_s", "words_s"} <= fields
    speech = over("speech_cpu_s", "speech_s")
    whole, words = over("cpu_s", "whole_s"), over("words_s", "whole_s")
    return {
        "music_percent": over("music_cpu_s", "music_s"),
        "speech_percent": speech,
        "speech_without_words_percent": speech - over("speech_words_s", "speech_s"),
        "times_real_time": 100 / whole if whole else math.nan,
        "times_real_time_without_words": 100 / (whole - words) if whole > words else math.nan,
    }


def _costs(results: Sequence[Result]) -> list[str]:
    cost = costs(results)
    return [
        f"- CPU of the ears, percent of a core: {cost['music_percent']:.1f} in music, "
        f"{cost['speech_percent']:.1f} in speech ({cost['speech_without_words_percent']:.1f} without words); "
        f"{cost['times_real_time']:.0f} x real time, {cost['times_real_time_without_words']:.0f} x without words."
    ]


def as_json(found: dict[str, Figures], results: Sequence[Result], settings: dict[str, Any]) -> dict[str, Any]:
    """The same for a program; NaN and infinity as None."""
    rows = {name: dataclasses.asdict(row) for name, row in found.items()}
    cleaned: dict[str, Any] = _clean({"settings": settings, "rows": rows, "cost": costs(results)})
    return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.1f} %"


def _seconds(value: float) -> str:
    return "-" if math.isnan(value) else "never" if math.isinf(value) else f"{value:.1f} s"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
