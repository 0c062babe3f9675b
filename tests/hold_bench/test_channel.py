"""Telephone channels of the benchmark: the same each time, as long as before, and doing what they say."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.hearing import channel
from tests.bench.hearing.channel import PACKET_SAMPLES, Channel, conceal, draw, line_noise, lost, through


def tone(seconds: float = 2.0, level: float = 0.1) -> np.ndarray:
    t = np.arange(int(8000 * seconds)) / 8000
    return (level * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


@pytest.mark.parametrize("codec", sorted(channel.CODECS))
@pytest.mark.parametrize("seconds", [0.37, 2.0])
def test_a_codec_keeps_the_length_and_the_sound(codec: str, seconds: float) -> None:
    sent = tone(seconds)
    heard = through(sent, Channel(codec=codec))
    assert heard.dtype == np.int16
    assert len(heard) == len(sent)
    likeness = np.corrcoef(heard[800:2800].astype(float), sent[800:2800].astype(float))[0, 1]
    assert likeness > 0.97


def test_the_same_channel_gives_the_same_sound() -> None:
    busy = Channel("gsm", -3.0, "coloured", 20.0, 0.05, "repeat", seed=5)
    assert np.array_equal(through(tone(), busy), through(tone(), busy))
    other = Channel("gsm", -3.0, "coloured", 20.0, 0.05, "repeat", seed=6)
    assert not np.array_equal(through(tone(), busy), through(tone(), other))


def test_level_and_noise_are_what_they_say() -> None:
    plain = through(tone(), Channel()).astype(float)
    soft = through(tone(), Channel(level_db=-12.0)).astype(float)
    assert 20 * np.log10(np.std(soft) / np.std(plain)) == pytest.approx(-12.0, abs=0.3)
    silence = np.zeros(16000, np.float32)
    noise = through(silence, Channel(noise="white", snr_db=20.0, seed=1)).astype(float) / 32768
    assert 20 * np.log10(np.std(noise)) == pytest.approx(channel.SPEECH_DB - 20.0, abs=0.5)


@pytest.mark.parametrize("kind", ["white", "coloured", "hum"])
def test_line_noise_has_unit_power(kind: str) -> None:
    noise = line_noise(kind, 12_345, np.random.default_rng(3))
    assert noise.shape == (12_345,)
    assert float(np.sqrt(np.mean(noise**2))) == pytest.approx(1.0, abs=1e-3)


def test_packets_are_lost_in_bursts_and_as_often_as_asked() -> None:
    missing = lost(8000 * 3600, 0.05, np.random.default_rng(2))
    assert np.mean(missing) == pytest.approx(0.05, abs=0.004)
    bursts = np.sum(np.diff(missing.astype(int)) == 1)
    assert np.sum(missing) / bursts == pytest.approx(1.8, abs=0.15)


def test_a_lost_packet_is_the_last_one_softer_and_long_gaps_fall_silent() -> None:
    sound = np.full(PACKET_SAMPLES * 9, 1000, np.int16)
    missing = np.zeros(9, bool)
    missing[2:8] = True
    heard = conceal(sound, missing, "repeat").reshape(9, -1)[:, 0].tolist()
    assert heard[:5] == [1000, 1000, 600, 360, 216]
    assert heard[7] == 0
    assert heard[8] == 1000
    assert not conceal(sound, missing, "silence").reshape(9, -1)[2:8].any()


def test_channels_drawn_stay_within_their_bounds() -> None:
    random = np.random.default_rng(0)
    drawn = [draw(random) for _ in range(300)]
    assert {c.codec for c in drawn} == set(channel.CODECS)
    assert all(
        -12.0 <= c.level_db <= 6.0 and 0.0 <= c.loss <= 0.05 and 15.0 <= c.snr_db <= 40.0 for c in drawn
    )
    assert any(c.loss == 0.0 for c in drawn) and any(c.concealment == "silence" for c in drawn)
