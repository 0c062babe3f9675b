"""The table says what was measured, and a dash where nothing was."""

from __future__ import annotations

import json
import math

from tests.bench.hearing import run, table
from tests.bench.hearing.recipe import Kind
from tests.bench.hearing.run import Result
from tests.bench.hearing.score import Cost, Outcome, Wrong

COST = Cost(100.0, 1.0, 50.0, 5.0, 3.0, 200.0, 8.0, 4.0)


def result(number: int, **about: object) -> Result:
    outcome = Outcome(number, 1800.0, True, tags=("after music",), **about)  # type: ignore[arg-type]
    return Result(
        number, 2000.0, {run.OURS: outcome, run.SOUND_ALONE: Outcome(number, 1800.0, True)}, (), COST
    )


def test_the_main_table_has_a_line_for_every_row() -> None:
    results = [
        result(0, found=True, ring_after_s=1.0, maybe_after_s=0.4, hold_after_s=2.0),
        result(1, false_rings=(Wrong(7.0, Kind.VOCALS),), hold_after_s=math.inf),
    ]
    found = table.figures(results, [run.OURS, run.SOUND_ALONE])
    printed = table.markdown(found, results, "heading")
    assert "| ours | 50.0 % | 1.0 s | 1.0 s | 50.0 % | 0.4 s | 1.00 | 0.00 | 50.0 % |" in printed
    assert "| ours, sound alone | 0.0 % | - | - | 0.0 % | - | 0.00 | 0.00 | 0.0 % |" in printed
    assert "| vocals | 1.00 (0.00) | 0.00 (0.00) |" in printed
    assert "| after music | 2 | 50.0 % | 50.0 % | 1.0 s | 1.0 s |" in printed
    assert "hold recognised after 2.0 s (median), never (p95)" in printed
    assert "1.0 in music, 10.0 in speech (4.0 without words); 25 x real time, 50 x without words" in printed


def test_json_holds_no_number_that_json_has_not() -> None:
    results = [result(0, hold_after_s=math.inf)]
    made = table.as_json(table.figures(results, [run.OURS]), results, {"seed": 1})
    again = json.loads(json.dumps(made, allow_nan=False))
    assert again["rows"]["ours"]["hold_p95_s"] is None
    assert again["rows"]["ours"]["found"] == 0.0
    assert again["settings"] == {"seed": 1}


def test_rows_without_words_leave_out_what_needs_them() -> None:
    assert run.rows(full=False) == [run.OURS, run.SOUND_ALONE]
    quiet = run.rows(words=False)
    assert run.OURS not in quiet and quiet[0] == run.SOUND_ALONE
    assert not any("phrase" in row for row in quiet)
    assert sum(row.startswith("rival") for row in run.rows()) == 3
