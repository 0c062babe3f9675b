"""What counts as found, as false and as perfect."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.bench.hearing.channel import Channel
from tests.bench.hearing.judge import MAYBE, RING, Belief, Judgement
from tests.bench.hearing.recipe import Kind, Leg, Recipe, Truth
from tests.bench.hearing.score import Outcome, cost, of_judgement, of_rings, quantile, total

TRUTH = (
    Truth(Kind.MUSIC, 0.0, 100.0),
    Truth(Kind.ANNOUNCEMENT, 10.0, 14.0, "a", "anna"),
    Truth(Kind.REPEAT, 40.0, 44.0, "a", "anna"),
    Truth(Kind.SILENCE, 100.0, 101.0),
    Truth(Kind.PERSON, 101.0, 120.0, "p", "paul"),
    Truth(Kind.AGAIN, 120.0, 130.0),
)
LEGS = (Leg(Channel(), 0.0, 130.0),)
CALL = Recipe(0, "train", 130.0, 5.0, (), LEGS, TRUTH, 101.0, 120.0)
NOBODY = Recipe(1, "train", 100.0, 5.0, (), LEGS, TRUTH[:3])


def judgement(
    *beliefs: tuple[float, str, float],
    phases: tuple[tuple[float, str], ...] = ((0.0, "navigating"), (8.0, "holding")),
    known: tuple[tuple[float, float], ...] = (),
) -> Judgement:
    made = tuple(Belief(at_s, kind, since_s=since_s) for at_s, kind, since_s in beliefs)
    return Judgement(made, phases, known)


def test_a_person_found_at_once_makes_a_call_perfect() -> None:
    outcome = of_judgement(CALL, judgement((101.5, MAYBE, 101.0), (102.2, RING, 101.0)))
    assert outcome.found
    assert outcome.ring_after_s == pytest.approx(1.2)
    assert outcome.maybe_after_s == pytest.approx(0.5)
    assert outcome.false_rings == outcome.false_maybes == ()
    assert outcome.perfect


def test_a_late_ring_finds_the_person_but_is_not_perfect() -> None:
    outcome = of_judgement(CALL, judgement((105.0, RING, 101.0)))
    assert outcome.found and not outcome.perfect
    assert outcome.maybe_after_s == pytest.approx(4.0)


def test_after_ten_seconds_the_person_is_missed_but_the_ring_is_not_false() -> None:
    outcome = of_judgement(CALL, judgement((112.0, RING, 111.0)))
    assert not outcome.found
    assert outcome.ring_after_s is None
    assert outcome.false_rings == ()


def test_a_ring_for_an_announcement_is_false_and_of_its_kind() -> None:
    outcome = of_judgement(CALL, judgement((12.0, RING, 10.1), (102.0, RING, 101.0)))
    assert [wrong.kind for wrong in outcome.false_rings] == [Kind.ANNOUNCEMENT]
    assert outcome.found and not outcome.perfect


@pytest.mark.parametrize(
    ("at_s", "since_s", "kind"),
    [
        (15.2, 10.2, Kind.ANNOUNCEMENT),
        (43.0, 40.2, Kind.REPEAT),
        (30.0, 28.0, Kind.MUSIC),
        (100.6, 100.3, Kind.SILENCE),
        (125.0, 121.0, Kind.AGAIN),
    ],
)
def test_the_kind_of_a_false_ring(at_s: float, since_s: float, kind: Kind) -> None:
    assert [wrong.kind for wrong in of_judgement(CALL, judgement((at_s, RING, since_s))).false_rings] == [
        kind
    ]


def test_a_ring_that_still_stands_finds_the_person_without_a_latency() -> None:
    stands = judgement((97.0, RING, 95.0), phases=((0.0, "holding"), (97.0, "alerting")))
    outcome = of_judgement(CALL, stands)
    assert outcome.found and outcome.ring_after_s is None and outcome.maybe_after_s is None
    assert len(outcome.false_rings) == 1 and not outcome.perfect
    fell = judgement((97.0, RING, 95.0), phases=((0.0, "holding"), (97.0, "alerting"), (101.5, "holding")))
    assert not of_judgement(CALL, fell).found


def test_where_nobody_comes_every_ring_is_false_and_silence_is_perfect() -> None:
    assert of_judgement(NOBODY, judgement()).perfect
    assert not of_judgement(NOBODY, judgement((60.0, RING, 58.0))).perfect


def test_hold_counts_from_where_it_begins() -> None:
    assert of_judgement(CALL, judgement()).hold_after_s == pytest.approx(3.0)
    early = judgement(phases=((0.0, "navigating"), (2.0, "holding")))
    assert of_judgement(CALL, early).hold_after_s == 0.0
    never = judgement(phases=((0.0, "navigating"),))
    assert of_judgement(CALL, never).hold_after_s == math.inf


def test_without_music_one_waits_from_the_first_announcement_on() -> None:
    truth = (Truth(Kind.SILENCE, 0.0, 100.0), *TRUTH[1:3])
    silent = replace(NOBODY, truth=truth)
    assert (
        of_judgement(silent, judgement(phases=((0.0, "navigating"), (13.0, "holding")))).hold_after_s == 3.0
    )


def test_repeats_known_and_persons_suppressed() -> None:
    known = of_judgement(CALL, judgement(known=((42.5, 40.2),)))
    assert (known.repeats, known.repeats_known, known.suppressed) == (1, 1, False)
    other = of_judgement(CALL, judgement(known=((12.0, 10.0), (103.0, 101.1))))
    assert (other.repeats, other.repeats_known, other.suppressed) == (1, 0, True)


def test_a_rivals_bare_rings() -> None:
    outcome = of_rings(CALL, [10.9, 101.6], 0.5)
    assert outcome.found and outcome.ring_after_s == pytest.approx(0.6)
    assert [wrong.kind for wrong in outcome.false_rings] == [Kind.ANNOUNCEMENT]


def test_totals_are_over_persons_and_hours() -> None:
    good = of_judgement(CALL, judgement((102.0, RING, 101.0)))
    missed = of_judgement(CALL, judgement((12.0, RING, 10.1)))
    nobody = of_judgement(NOBODY, judgement((50.0, MAYBE, 48.0)))
    found = total([good, missed, nobody])
    hours = (96.0 + 96.0 + 95.0) / 3600
    assert (found.calls, found.persons) == (3, 2)
    assert found.hold_hours == pytest.approx(hours)
    assert found.found == 0.5 and found.soon == 0.5
    assert found.ring_median_s == pytest.approx(1.0)
    assert found.false_rings_per_hour == pytest.approx(1 / hours)
    assert found.false_maybes_per_hour == pytest.approx(1 / hours)
    assert found.rings_by_kind == {"first-heard announcement": pytest.approx(1 / hours)}
    assert found.perfect == pytest.approx(2 / 3)


def test_nothing_measured_is_no_number() -> None:
    found = total([Outcome(0, 0.0, False)])
    assert math.isnan(found.found) and math.isnan(found.false_rings_per_hour) and math.isnan(found.ring_p95_s)


def test_quantiles_count_what_never_came() -> None:
    assert quantile([1.0, 2.0, 3.0, math.inf], 0.5) == 2.0
    assert quantile([1.0, 2.0, 3.0, math.inf], 0.95) == math.inf


def test_cost_is_split_between_music_and_voices() -> None:
    blocks = 1300
    found = cost(CALL, [0.002] * blocks, [0.001] * blocks, 0.1)
    assert found.speech_s == pytest.approx(4.0 + 4.0 + 19.0)
    assert found.music_s == pytest.approx(110.0 - 2 * 5.5 - 1.5)
    assert found.music_cpu_s == pytest.approx(found.music_s * 0.02)
    assert found.speech_words_s == pytest.approx(found.speech_s * 0.01)
    assert found.cpu_s == pytest.approx(2.6)
