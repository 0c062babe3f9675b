"""The ear of one call: samples in, perceptions out. Synchronous, and the same for any size of chunk.

    feed --> telephone band --> 0.1 s blocks --> vad, features --> tones --> sounds --+--> SoundBegan, ToneHeard, Tick
                                                                   +--> SpeechBegan .. Voiced .. SpeechEnded
                                             voices, fingerprints -+
                                                                   +--> scribe: Heard (partial, final), Unheard

All state hangs on absolute sample indexes. The recogniser sleeps while there is no speech.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.hearing.band import TelephoneBand
from engine.hearing.features import BLOCK_S, BLOCK_SAMPLES, Analyser, Block
from engine.hearing.fingerprints import Repeats
from engine.hearing.legs import Legs
from engine.hearing.liveness import Liveness
from engine.hearing.perceptions import (
    Heard,
    Perception,
    Sound,
    SoundBegan,
    Span,
    SpeechBegan,
    SpeechEnded,
    Tick,
    Unheard,
    Voiced,
)
from engine.hearing.prints import Prints
from engine.hearing.scribe import InlineScribe, Scribe
from engine.hearing.sounds import ENDPOINT_S, SoundSense
from engine.hearing.tones import ToneEar
from engine.hearing.transcriber import Samples, Transcriber
from engine.hearing.vad import VoiceActivity
from engine.hearing.voices import VoiceBook

PRE_ROLL_S = 0.35
"""Sound given to the recogniser from before the first voiced window: first consonants are often unvoiced."""
MEMORY_BLOCKS = 20
TICK_BLOCKS = 2
VOICED_EVERY_BLOCKS = 3
VOICED_AT_FIRST_S = 1.5
"""So long ``Voiced`` comes with every block: the first second of a voice decides most."""
PARTIAL_AT_BLOCKS = frozenset({6, 9, 12, 15, 18})
PARTIAL_EVERY_BLOCKS = 5
"""When words so far are asked for: closer together at first, where they decide whether it rings."""
MUSIC_HIDES = 0.35
"""Belief in music beneath a voice from which the noise floor of the line is not heard."""
BED_STAYS_BLOCKS = 20
LONG_S = 12.0
"""An utterance longer than this is closed at the next pause of ``SHORT_PAUSE_S``, and at ``LONGEST_S`` anyway."""
LONGEST_S = 25.0
SHORT_PAUSE_S = 0.3


class Ear:
    """Hears one call. ``scribe`` decides where words are recognised; by default in line with ``transcriber``."""

    def __init__(
        self,
        transcriber: Transcriber | None = None,
        *,
        scribe: Scribe | None = None,
        endpoint_s: float = ENDPOINT_S,
        known: Prints | None = None,
    ) -> None:
        """``known``: announcements of earlier calls to the same company (``repeats.learned``)."""
        self._scribe: Scribe = scribe if scribe is not None else InlineScribe(transcriber)
        self._band = TelephoneBand()
        self._activity = VoiceActivity()
        self._analyser = Analyser()
        self._tones = ToneEar()
        self._sounds = SoundSense(endpoint_s)
        self._pending = np.zeros(0, np.int16)
        self._voices = VoiceBook()
        self._repeats = Repeats(known)
        self._liveness = Liveness()
        self._legs = Legs()
        self._memory: list[Samples] = []
        self._blocks: list[Block] = []
        self._block = 0
        self._first_sound = True
        self._utterance_s: float | None = None  # where the utterance at the scribe began
        self._speech_since_s = 0.0
        self._speech_blocks = 0
        self._bed_blocks = 0  # for how long music has been clear beneath the voice
        self._over_music = False

    def recall(self, known: Prints) -> None:
        """Know the announcements of earlier calls. Before any sound."""
        self._repeats = Repeats(known)

    @property
    def repeats(self) -> Repeats:
        """The memory of announcements of this call and of earlier ones."""
        return self._repeats

    @property
    def voices(self) -> VoiceBook:
        """The voices of this call: ``drop`` what a person said, ``restore`` it."""
        return self._voices

    @property
    def now_s(self) -> float:
        """How far the ear has listened, on the call clock."""
        return self._block * BLOCK_S

    def feed(self, samples: Samples) -> list[Perception]:
        """Listen to the next samples (int16 mono 16 kHz, any length)."""
        samples = self._band.feed(samples)
        sound = np.concatenate([self._pending, samples]) if len(self._pending) else samples
        told: list[Perception] = []
        start = 0
        while len(sound) - start >= BLOCK_SAMPLES:
            told += self._listen(np.array(sound[start : start + BLOCK_SAMPLES]))
            start += BLOCK_SAMPLES
        self._pending = np.array(sound[start:])
        return told

    def collect(self) -> list[Perception]:
        """Words that became known since the last call, without new sound (for a scribe with a thread)."""
        return [self._stamped(found) for found in self._scribe.results()]

    def finish(self) -> list[Perception]:
        """The call is over: close what is open (less than 0.1 s of rest is padded with silence)."""
        told: list[Perception] = []
        if len(self._pending):
            told += self.feed(np.zeros(BLOCK_SAMPLES - len(self._pending), np.int16))
        if self._sounds.sound is Sound.SPEECH:
            told += self._speech_ends(self.now_s, self._sounds.last_voiced_s)
        return told

    def _stamped(self, found: Heard | Unheard) -> Heard | Unheard:
        return replace(found, at_s=max(found.at_s, self.now_s))

    def _listen(self, samples: Samples) -> list[Perception]:
        told: list[Perception] = []
        voice = self._activity.feed(samples)
        block = self._analyser.block(samples)
        self._liveness.listen(block, voice)
        self._legs.listen(block, voice)
        self._block += 1
        self._memory = [*self._memory[-(MEMORY_BLOCKS - 1) :], samples]
        self._blocks = [*self._blocks[-(MEMORY_BLOCKS - 1) :], block]
        now = self.now_s
        tones = self._tones
        told += tones.step(block, self._sounds.voiced_lately)
        before = self._sounds.sound
        sounds = self._sounds
        tone = tones.sounding_long if before is Sound.MUSIC else tones.sounding  # music holds notes, too
        changed = sounds.step(block, voice, tone, tones.steady, tones.within_cadence(now))
        if before is Sound.SPEECH and changed:
            told += self._speech_ends(now, max(sounds.last_voiced_s, self._speech_since_s))
        if changed or self._first_sound:
            self._first_sound = False
            told.append(SoundBegan(now, sounds.sound, sounds.since_s))
        if changed and sounds.sound is Sound.SPEECH:
            told += self._speech_begins(now, sounds.since_s, before)
        elif sounds.sound is Sound.SPEECH:
            self._scribe.accept(samples)
            told += self._speech_goes_on(now)
        told += [self._stamped(found) for found in self._scribe.results()]
        if self._block % TICK_BLOCKS == 0:
            told.append(Tick(now))
        return told

    def _speech_begins(self, now: float, since_s: float, after: Sound) -> list[Perception]:
        self._speech_since_s = since_s
        self._speech_blocks = self._bed_blocks = 0
        back = min(len(self._memory), int(np.ceil((now - since_s + PRE_ROLL_S) / BLOCK_S)))
        self._open(now - back * BLOCK_S)
        self._scribe.accept(np.concatenate(self._memory[len(self._memory) - back :]))
        self._voices.begin(since_s)
        self._repeats.begin(since_s)
        voiced_blocks = max(1, int(np.ceil((now - since_s) / BLOCK_S)))
        for block in self._blocks[-voiced_blocks:]:
            self._voices.add(block)
            self._repeats.add(block)
        self._liveness.begin(voiced_blocks)
        self._legs.begin(since_s)
        bed = self._sounds.music_bed
        self._over_music = bed > 0.5 or (after is Sound.MUSIC and bed > 0.25)
        return [SpeechBegan(now, since_s, over_music=self._over_music), self._voiced(now)]

    def _voiced(self, now: float) -> Voiced:
        return Voiced(
            now,
            self._speech_since_s,
            round(self._sounds.voiced_s, 3),
            self._voices.distance(),
            self._repeats.heard_before(),
            self._bed(),
            self._liveness.log_odds(),
            round(self._sounds.singing, 3),
            self._legs.floor_change_db(),
            self._legs.level_change_db(),
        )

    def _bed(self) -> float:
        """Music that was not there when the voice began seldom begins beneath it: hardly believed, more if it stays."""
        stays = 1.0 if self._over_music else min(1.0, self._bed_blocks / BED_STAYS_BLOCKS)
        return round(self._sounds.music_bed * (0.4 + 0.6 * stays), 3)

    def _open(self, start_s: float) -> None:
        self._utterance_s = start_s
        self._scribe.begin(start_s)

    def _speech_goes_on(self, now: float) -> list[Perception]:
        told: list[Perception] = []
        self._speech_blocks += 1
        sounds = self._sounds
        self._bed_blocks = self._bed_blocks + 1 if sounds.music_bed > 0.8 else 0
        block = self._blocks[-1]
        self._repeats.add(block)
        if sounds.pause_s < 0.2:
            self._voices.add(block)
        if sounds.pause_s > 0.5:
            return told
        early = now - self._speech_since_s <= VOICED_AT_FIRST_S
        if early or self._speech_blocks % VOICED_EVERY_BLOCKS == 0:
            told.append(self._voiced(now))
        if self._utterance_s is None:
            return told
        length_s = now - self._utterance_s
        if (length_s > LONG_S and sounds.pause_s >= SHORT_PAUSE_S) or length_s > LONGEST_S:
            self._scribe.end(now, now)
            self._open(now)
            self._repeats.end()
            self._repeats.begin(now)
        elif self._speech_blocks in PARTIAL_AT_BLOCKS or (
            self._speech_blocks > max(PARTIAL_AT_BLOCKS) and self._speech_blocks % PARTIAL_EVERY_BLOCKS == 0
        ):
            self._scribe.ask(now)
        return told

    def _speech_ends(self, now: float, end_s: float) -> list[Perception]:
        told: list[Perception] = [SpeechEnded(now, Span(self._speech_since_s, end_s))]
        self._voices.end()
        self._repeats.end()
        self._liveness.end()
        self._legs.end(music=self._over_music or self._sounds.music_bed > MUSIC_HIDES)
        if self._utterance_s is not None:
            self._utterance_s = None
            self._scribe.end(now, end_s)
            told += [self._stamped(found) for found in self._scribe.results()]
        return told
