"""The real espeak-ng voice, measured."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from engine.speaking.espeak import EspeakVoice
from engine.speaking.voice import VoiceError, active_level_dbfs, spell_digits

SENTENCE = "Thank you for calling. Your call is important to us, please stay on the line."


def _share_of_power(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / 16_000)
    return float(spectrum[(hz >= low_hz) & (hz <= high_hz)].sum() / spectrum.sum())


def _median_pitch_hz(samples: np.ndarray) -> float:
    """By the peak of the autocorrelation between 60 and 320 Hz, over the loud frames of 40 ms."""
    frames = samples[: len(samples) // 640 * 640].astype(np.float64).reshape(-1, 640)
    energy = (frames**2).sum(axis=1)
    pitches = []
    for frame in frames[energy > np.median(energy)]:
        correlation = np.correlate(frame, frame, "full")[639:]
        lag = 50 + int(np.argmax(correlation[50:267]))
        pitches.append(16_000 / lag)
    return float(np.median(pitches))


def test_a_sentence_has_speech_length_level_and_spectrum() -> None:
    sound = EspeakVoice().render(SENTENCE)
    assert sound.dtype == np.int16 and sound.ndim == 1
    assert 3.5 < len(sound) / 16_000 < 6.0  # 15 words at 165 a minute, and a pause
    assert active_level_dbfs(sound, 16_000) == pytest.approx(-26.0, abs=0.1)
    assert np.abs(sound.astype(np.int32)).max() < 29_205  # -1 dBFS: no clipping
    assert _share_of_power(sound, 100, 4000) > 0.95
    assert 80 < _median_pitch_hz(sound) < 160
    assert not sound[:800].any() and sound[:960].any()  # 50 ms of silence, no more
    assert not sound[-800:].any() and sound[-960:].any()


def test_the_same_text_gives_the_same_samples_whatever_was_said_before() -> None:
    voice, other = EspeakVoice(), EspeakVoice("en-us+f3", wpm=140)
    first = voice.render(SENTENCE)
    other.render("Something else altogether.")
    voice.render("Hello?")
    assert np.array_equal(voice.render(SENTENCE), first)
    assert np.array_equal(EspeakVoice().render(SENTENCE), first)


def test_the_same_text_gives_the_same_samples_in_another_process() -> None:
    here = hashlib.sha256(EspeakVoice().render(SENTENCE).tobytes()).hexdigest()
    program = (
        "import hashlib; from engine.speaking.espeak import EspeakVoice; "
        f"print(hashlib.sha256(EspeakVoice().render({SENTENCE!r}).tobytes()).hexdigest())"
    )
    root = Path(__file__).parents[3]
    there = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == here


def test_threads_take_turns() -> None:
    texts = [f"This is sentence number {n}." for n in range(6)]
    expected = [EspeakVoice().render(text) for text in texts]
    got: dict[int, np.ndarray] = {}

    def speak(n: int) -> None:
        got[n] = EspeakVoice().render(texts[n])

    threads = [threading.Thread(target=speak, args=(n,)) for n in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(got[n], expected[n]) for n in range(len(texts)))


def test_voices_speeds_and_pitches_differ() -> None:
    man = EspeakVoice().render(SENTENCE)
    woman = EspeakVoice("en-us+f3").render(SENTENCE)
    slow = EspeakVoice(wpm=120).render(SENTENCE)
    high = EspeakVoice(pitch=80).render(SENTENCE)
    assert _median_pitch_hz(woman) > 1.3 * _median_pitch_hz(man)
    assert _median_pitch_hz(high) > 1.2 * _median_pitch_hz(man)
    assert len(slow) > 1.2 * len(man)
    assert EspeakVoice("en-us+f3").name == "espeak-ng en-us+f3"


def test_the_telephone_band_is_cut_where_the_line_cuts_it() -> None:
    wide = EspeakVoice("en-us+f3").render(SENTENCE)
    narrow = EspeakVoice("en-us+f3", telephone_band=True).render(SENTENCE)
    assert 1 - _share_of_power(wide, 250, 3500) > 0.1
    assert 1 - _share_of_power(narrow, 250, 3500) < 0.005
    assert active_level_dbfs(narrow, 16_000) == pytest.approx(-26.0, abs=0.1)


def test_digits_spelled_sound_like_the_words() -> None:
    voice = EspeakVoice()
    spelled = voice.render(spell_digits("4025"))
    assert np.array_equal(spelled, voice.render("four, zero, two, five"))
    assert not np.array_equal(spelled, voice.render("4025"))


@pytest.mark.parametrize("text", ["", "   \n", "\0"])
def test_no_text_is_an_error(text: str) -> None:
    with pytest.raises(VoiceError, match="no text to speak"):
        EspeakVoice().render(text)


def test_a_text_with_nothing_to_pronounce_is_an_error() -> None:
    with pytest.raises(VoiceError, match=r"nothing in '\.\.\.' that can be spoken"):
        EspeakVoice().render("...")


@pytest.mark.parametrize("text", ["Grüße, naïve café – 5 €", "\ud800 hello", "a" * 20_000])
def test_odd_texts_are_spoken_all_the_same(text: str) -> None:
    sound = EspeakVoice(wpm=450).render(text[:3000])
    assert len(sound) > 2 * 800 + 2000  # more than its edges


@pytest.mark.parametrize("voice", ["", "klingon-42"])
def test_an_unknown_voice_is_an_error(voice: str) -> None:
    with pytest.raises(VoiceError, match=f"no voice called '{voice}'"):
        EspeakVoice(voice)


def test_impossible_speed_and_pitch_are_errors() -> None:
    with pytest.raises(ValueError, match="speed of 10 words"):
        EspeakVoice(wpm=10)
    with pytest.raises(ValueError, match="pitch of 101"):
        EspeakVoice(pitch=101)


def test_a_missing_library_is_an_error_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import espeakng_loader

    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(tmp_path / "gone.so"))
    with pytest.raises(VoiceError, match=r"could not be loaded.*Install the package espeakng-loader again"):
        EspeakVoice()
    monkeypatch.undo()
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(VoiceError, match="does not accept its voices"):
        EspeakVoice()
