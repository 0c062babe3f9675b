"""The Whisper engine on a tiny model with random weights, made here: loading, a whole transcription, damage, guards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.audio.format import RATE_HZ
from engine.hearing import engines, whisper
from engine.hearing.perceptions import Heard, Unheard
from engine.hearing.scribe import InlineScribe
from engine.hearing.transcriber import ModelMissing
from engine.hearing.whisper import Recognised, WhisperTranscriber, threads_for
from tests.engine.hearing.sound import clip

WIDTH, HEADS, MELS, WORDS = 16, 2, 80, 24
SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|transcribe|>",
    "<|translate|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
]
TIMES = [f"<|{number * 0.02:.2f}|>" for number in range(1501)]


def make_model(folder: Path) -> Path:
    """A Whisper with one layer and 16 dimensions: all parts are there, the weights are dice."""
    import ctranslate2
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    folder.mkdir(parents=True)
    words = [f"Ġword{number}" for number in range(WORDS)]
    letters = {
        text: number for number, text in enumerate([*words, *sorted(pre_tokenizers.ByteLevel.alphabet())])
    }
    tokenizer = Tokenizer(models.BPE(vocab=letters, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.add_tokens(TIMES)
    tokenizer.save(str(folder / "tokenizer.json"))
    vocabulary = [*letters, *SPECIAL, *TIMES]

    random = np.random.default_rng(7)

    spec = ctranslate2.specs.WhisperSpec(1, HEADS, 1, HEADS)

    def dice(*shape: int) -> np.ndarray:
        return random.normal(0, 0.2, shape).astype(np.float32)

    def norm(part: object) -> None:
        part.gamma, part.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)  # type: ignore[attr-defined]

    def linear(part: object, wide: int, narrow: int) -> None:
        part.weight, part.bias = dice(wide, narrow), np.zeros(wide, np.float32)  # type: ignore[attr-defined]

    def attention(part: object, of_self: bool) -> None:
        norm(part.layer_norm)  # type: ignore[attr-defined]
        sizes = [3 * WIDTH, WIDTH] if of_self else [WIDTH, 2 * WIDTH, WIDTH]
        for layer, size in zip(part.linear, sizes, strict=True):  # type: ignore[attr-defined]
            linear(layer, size, WIDTH)

    def feed_forward(part: object) -> None:
        norm(part.layer_norm)  # type: ignore[attr-defined]
        linear(part.linear_0, 4 * WIDTH, WIDTH)  # type: ignore[attr-defined]
        linear(part.linear_1, WIDTH, 4 * WIDTH)  # type: ignore[attr-defined]

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = dice(WIDTH, MELS, 3), np.zeros(WIDTH, np.float32)
    encoder.conv2.weight, encoder.conv2.bias = dice(WIDTH, WIDTH, 3), np.zeros(WIDTH, np.float32)
    encoder.position_encodings.encodings = dice(1500, WIDTH)
    norm(encoder.layer_norm)
    attention(encoder.layer[0].self_attention, True)
    feed_forward(encoder.layer[0].ffn)
    decoder.embeddings.weight = dice(len(vocabulary), WIDTH)
    decoder.position_encodings.encodings = dice(448, WIDTH)
    decoder.scale_embeddings = False
    decoder.projection.weight = decoder.embeddings.weight
    norm(decoder.layer_norm)
    attention(decoder.layer[0].self_attention, True)
    attention(decoder.layer[0].attention, False)
    feed_forward(decoder.layer[0].ffn)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [vocabulary.index("<|en|>")]
    spec.config.alignment_heads = [(0, 0)]
    spec.register_vocabulary(vocabulary)
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}), "utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("whisper") / "tiny-dice")


def test_a_model_is_loaded_and_transcribes_to_the_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transcriber = WhisperTranscriber(folder, threads=1)
    assert transcriber.name == "Whisper (tiny-dice)"
    sound = clip("recording_flite-rms_hold_1")[: 2 * RATE_HZ]
    utterance = transcriber.begin(1.0)
    utterance.accept(sound)
    told = utterance.end(3.5, 3.0)
    # dice do not make words: the guards must see that
    assert isinstance(told, Unheard)
    assert told.span.start_s == 1.0
    # and without the guards the words of the model come through
    monkeypatch.setattr(
        whisper, "believable", lambda pieces, _: (" ".join(p.text for p in pieces).strip(), 0.5, "")
    )
    utterance = transcriber.begin(1.0)
    utterance.accept(sound)
    told = utterance.end(3.5, 3.0)
    assert isinstance(told, Heard) and "word" in told.text


def test_partial_words_are_asked_of_the_model_once_a_second(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcriber = WhisperTranscriber(folder, threads=1)
    passes: list[int] = []

    def recognise(sound: np.ndarray, language: str | None) -> Recognised:
        passes.append(len(sound))
        return Recognised("hello there", 0.8, "", "en", 1.0)

    monkeypatch.setattr(transcriber, "recognise", recognise)
    utterance = transcriber.begin(0.0)
    for step in range(30):
        utterance.accept(np.zeros(RATE_HZ // 10, np.int16))
        utterance.partial(step / 10)
    assert passes == [RATE_HZ, 2 * RATE_HZ, 3 * RATE_HZ]


def test_an_utterance_too_short_is_not_recognised(folder: Path) -> None:
    utterance = WhisperTranscriber(folder, threads=1).begin(0.0)
    utterance.accept(np.zeros(1000, np.int16))
    told = utterance.end(0.2, 0.1)
    assert isinstance(told, Unheard) and told.reason == "too short"


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json"])
def test_an_incomplete_folder_is_named(folder: Path, tmp_path: Path, missing: str) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in folder.iterdir():
        if file.name != missing:
            (broken / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ModelMissing, match=missing):
        WhisperTranscriber(broken)


def test_a_damaged_model_is_told_and_the_embedded_recogniser_takes_over(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "damaged"
    broken.mkdir()
    for file in folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:2000])
    with pytest.raises(ModelMissing, match="cannot be loaded"):
        WhisperTranscriber(broken)
    transcriber, because = engines.load_explained(broken)
    assert transcriber is not None and "cannot be loaded" in because and "pocketsphinx" in because


def test_size_and_checksum_are_checked_where_they_are_known(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {"model.bin": {"name": "model.bin", "bytes": 5}}
    monkeypatch.setattr(whisper, "_known", lambda name: facts)
    with pytest.raises(ModelMissing, match="5 expected"):
        whisper.check(folder)
    facts["model.bin"] = {"name": "model.bin", "sha256": "0" * 64}
    with pytest.raises(ModelMissing, match="checksum"):
        whisper.verify(folder)


def test_the_register_of_models_can_be_read() -> None:
    assert set(whisper._known("faster-whisper-base.en")) >= {"model.bin", "config.json", "tokenizer.json"}
    assert whisper._known("something else") == {}


def test_a_call_keeps_the_language_it_was_clear_about(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transcriber = WhisperTranscriber(folder, threads=1, language="")
    asked: list[str | None] = []
    answers = [
        Recognised("hola", 0.8, "", "es", 0.4),  # not clear
        Recognised("", 0.0, "low confidence", "fr", 0.9),  # not believable
        Recognised("guten Tag", 0.8, "", "de", 0.9),
        Recognised("hello", 0.8, "", "en", 0.9),
    ]

    def recognise(sound: np.ndarray, language: str | None) -> Recognised:
        asked.append(language)
        return answers[len(asked) - 1]

    monkeypatch.setattr(transcriber, "recognise", recognise)
    scribe = InlineScribe(transcriber)
    for turn in range(4):
        scribe.begin(2.0 * turn)
        scribe.accept(np.zeros(2 * RATE_HZ, np.int16))
        scribe.end(2.0 * turn + 2.0, 2.0 * turn + 2.0)
    assert asked == [None, None, None, "de"]
    assert transcriber.for_call().language is None  # another call finds its own


def test_silence_is_no_speech_before_the_model_is_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcriber = WhisperTranscriber(folder, threads=1)
    monkeypatch.setattr(
        transcriber._model, "encode", lambda *_: pytest.fail("the model was run where there is no voice")
    )
    found = transcriber.recognise(np.zeros(3 * RATE_HZ, np.int16))
    assert (found.text, found.reason) == ("", "no words in it")


def test_threads_leave_room_for_line_and_window() -> None:
    assert [threads_for(cores) for cores in (None, 1, 2, 4, 8, 64)] == [1, 1, 1, 2, 4, 4]
