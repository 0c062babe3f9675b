"""Which of silence, tone, music and speech is on the line, decided every 0.1 s with hysteresis.

    voice windows (vad) -------+
    music, talk, song (bed) ---+--> SoundSense.step --> class, since when, music beneath the voice, song
    levels (features) ---------+
    tones ---------------------+

* SPEECH needs the voice detector: five of the last seven windows (0.16 of 0.22 s), and the network must not doubt that
  somebody talks; while music plays it must believe it. It ends when no window was voiced for the endpointing time
  (0.8 s, after a long utterance 0.5 s), when a steady tone proves it wrong, or when music plays and
  hardly anything of the last 0.6 s was talk.
* A tone, also one of many harmonics that stands still, is never speech.
* MUSIC is what the network believes for 0.6 s while nobody talks; song is music. Noise is not: it counts as SILENCE.
* Music beneath a voice cannot outlive a silence: after 0.2 s of quiet the network starts from nothing.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from engine.audio.format import RATE_HZ
from engine.hearing import bed
from engine.hearing.features import BLOCK_S, Block, Floats
from engine.hearing.perceptions import Sound
from engine.hearing.quantiles import between
from engine.hearing.vad import WINDOW_SAMPLES

WINDOW_S = WINDOW_SAMPLES / RATE_HZ
QUIET_DB = -55.0
ENDPOINT_S = 0.8
LATER_ENDPOINT_S = 0.5
"""The endpointing time of an utterance that has lasted ``LONG_ENOUGH_S``: sentences of a prompt, and whoever speaks
after one, become utterances of their own; a short "hello" still gets the whole time to go on."""
LONG_ENOUGH_S = 2.5
VOICED = 0.5
"""A window of this probability counts as voiced."""
STILL_VOICED = 0.35
MUSIC_HERE = 0.5
TALK_ALONE, TALK_OVER_MUSIC = 0.15, 0.7
"""Belief in talk that speech needs where no music plays, and where it does."""
NO_TALK, NO_TALK_BLOCKS = 0.35, 6
BED_BLOCKS = 3
BELIEVED_S = 1.5
"""What begins together with a voice is hardly music: after a silence it takes so long to be believed in full."""
GAP_FRAMES, MUSIC_GAP_FRAMES, GAP_DB = 4, 10, 32.0
"""A gap: 40 ms between the sounds of a voice, 100 ms in music, that are so many decibels below the loud parts
(music is ducked by 10 to 20)."""
_RECENT = 40  # voice windows looked back on: 1.28 s
_TONE_TO_SILENCE_S = 0.3
_SILENCE_S = 0.5
_MUSIC_BLOCKS = 6


class SoundSense:
    """The class of the sound of one call."""

    def __init__(self, endpoint_s: float = ENDPOINT_S) -> None:
        self.sound = Sound.SILENCE
        self.since_s = 0.0
        self.music_bed = 0.0
        self.singing = 0.0
        self.last_voiced_s = 0.0
        self.voiced_s = 0.0
        self._endpoint_s = endpoint_s
        self._windows = 0
        self._voice: deque[float] = deque([0.0] * _RECENT, maxlen=_RECENT)
        self._bed = bed.BedSense()
        self._music: deque[float] = deque(maxlen=10)
        self._talk: deque[float] = deque(maxlen=NO_TALK_BLOCKS)
        self._song: deque[float] = deque(maxlen=10)
        self._levels: deque[Floats] = deque(maxlen=15)
        self._sounding_s = 0.0  # since the last silence, if only between two sounds of a voice
        self._music_since_s = 0.0
        self._quiet_s = 10.0
        self._loud_s = 0.0

    @property
    def voiced_lately(self) -> bool:
        """A voice was there within the last half second."""
        return max(list(self._voice)[-16:]) >= VOICED

    @property
    def pause_s(self) -> float:
        """How long no window has been voiced."""
        return self._windows * WINDOW_S - self.last_voiced_s

    def step(self, block: Block, voice: Floats, tone: bool, steady: bool, in_cadence: bool) -> bool:
        """Take 0.1 s in; True when the class changed (``sound``, ``since_s``)."""
        self._listen(block, voice)
        sound, since_s = self._judge(block, tone, steady, in_cadence)
        if sound is self.sound:
            return False
        if sound is Sound.SPEECH:
            self.voiced_s = sum(p >= VOICED for p in self._voice_since(since_s)) * WINDOW_S
        self.sound, self.since_s = sound, min(since_s, block.end_s)
        return True

    def _voice_since(self, since_s: float) -> list[float]:
        count = min(_RECENT, max(0, self._windows - int(since_s / WINDOW_S)))
        return list(self._voice)[_RECENT - count :]

    def _listen(self, block: Block, voice: Floats) -> None:
        for probability in voice:
            self._windows += 1
            self._voice.append(float(probability))
            if probability >= VOICED:
                self.last_voiced_s = self._windows * WINDOW_S
                self.voiced_s += WINDOW_S
        level = float(between(np.sort(block.level_db), 0.8))
        self._quiet_s = self._quiet_s + BLOCK_S if level < QUIET_DB else 0.0
        self._loud_s = self._loud_s + BLOCK_S if level >= QUIET_DB else 0.0
        self._levels.append(block.level_db)
        if self._quiet_s >= 0.2:
            self._forget()
            return
        if self._fell_silent():
            self._forget()
        heard = self._bed.step(block, voice)
        if not self._music or self._music[-1] <= MUSIC_HERE:
            self._music_since_s = block.end_s - BLOCK_S
        self._music.append(heard.music)
        self._talk.append(heard.talking)
        self._song.append(heard.singing)
        self._sounding_s += BLOCK_S
        believed = min(1.0, self._sounding_s / BELIEVED_S) ** 2
        self.music_bed = _mean(self._music, BED_BLOCKS) * believed
        self.singing = _mean(self._song, 10)

    def _forget(self) -> None:
        self._bed.forget()
        for past in (self._music, self._talk, self._song):
            past.clear()
        self.music_bed = self.singing = self._sounding_s = 0.0

    def _fell_silent(self) -> bool:
        """It became as quiet as no music ever is, if only between two sounds of a voice: there is none beneath it."""
        if self.sound not in (Sound.SPEECH, Sound.MUSIC) or not self._music or self._music[-1] < 0.25:
            return False
        gap = GAP_FRAMES if self.sound is Sound.SPEECH else MUSIC_GAP_FRAMES
        frames = np.concatenate(self._levels)
        newest = frames[-(gap + len(self._levels[-1])) :]
        if len(newest) < gap:
            return False
        smooth = np.convolve(newest, np.full(gap, 1 / gap), "valid")
        return bool(smooth.min() < between(np.sort(frames), 0.9) - GAP_DB)

    def _judge(self, block: Block, tone: bool, steady: bool, in_cadence: bool) -> tuple[Sound, float]:
        now = block.end_s
        recent = list(self._voice)
        if self.sound is Sound.SPEECH:
            if steady:
                return Sound.TONE, now - 0.5
            long = self.last_voiced_s - self.since_s >= LONG_ENOUGH_S
            endpoint_s = min(self._endpoint_s, LATER_ENDPOINT_S) if long else self._endpoint_s
            if max(recent[-int(endpoint_s / WINDOW_S) :]) >= STILL_VOICED and not self._only_music():
                return Sound.SPEECH, self.since_s
        elif not steady and not tone:
            last = recent[-7:]
            if sum(p >= VOICED for p in last) >= 5 and self._voice_is_speech():
                return Sound.SPEECH, self._onset_s(recent)
        if tone or (steady and self.sound is not Sound.MUSIC):
            return Sound.TONE, now - (0.3 if self.sound is not Sound.TONE else 0.0)
        if self.sound is Sound.TONE and in_cadence:
            return Sound.TONE, self.since_s
        return self._without_voice(now)

    def _voice_is_speech(self) -> bool:
        if not self._talk:
            return True
        if self.music_bed >= MUSIC_HERE:
            return _mean(self._talk, 3) >= TALK_OVER_MUSIC
        return _mean(self._talk, 2) >= TALK_ALONE

    def _only_music(self) -> bool:
        """Music, and hardly anything in the last 0.6 s that was talk: what was taken for speech is song."""
        return (
            self.music_bed > 0.7
            and len(self._talk) == self._talk.maxlen
            and _mean(self._talk, len(self._talk)) < NO_TALK
        )

    def _onset_s(self, recent: list[float]) -> float:
        """Beginning of the voice: back over voiced windows and gaps of one or two."""
        back = gap = 0
        for count, probability in enumerate(reversed(recent), 1):
            if probability >= VOICED:
                back, gap = count, 0
            else:
                gap += 1
                if gap > 2:
                    break
        return max(0.0, (self._windows - back) * WINDOW_S)

    def _without_voice(self, now: float) -> tuple[Sound, float]:
        music = list(self._music)[-_MUSIC_BLOCKS:]
        if self.sound is Sound.MUSIC:
            if self._quiet_s >= 1.0:
                return Sound.SILENCE, now - self._quiet_s
            if len(self._music) == self._music.maxlen and max(self._music) < 0.2:
                return Sound.SILENCE, now - 1.0
            return Sound.MUSIC, self.since_s
        if (
            len(music) == _MUSIC_BLOCKS
            and min(music) > MUSIC_HERE
            and np.mean(music) > 0.7
            and self._loud_s > 0.5
        ):
            since_s = max(now - self._loud_s, self._music_since_s, 0.0)
            return Sound.MUSIC, max(since_s, self.last_voiced_s) if self.sound is Sound.SPEECH else since_s
        if self.sound is Sound.SPEECH:
            return Sound.SILENCE, self.last_voiced_s
        if self.sound is Sound.TONE:
            if self._quiet_s >= _TONE_TO_SILENCE_S or self._loud_s > 1.0:
                return Sound.SILENCE, now - _TONE_TO_SILENCE_S
            return Sound.TONE, self.since_s
        return self.sound, self.since_s


def _mean(past: deque[float], blocks: int) -> float:
    """Mean of the last so many."""
    last = list(past)[-blocks:]
    return sum(last) / len(last)
