"""Which of silence, tone, music and speech is on the line, decided every 0.1 s with hysteresis.

    voice windows (vad) --+
    music detector (bed) -+--> SoundSense.step --> class, since when, music beneath the voice
    levels (features) ----+
    tones ----------------+

* SPEECH needs the voice detector: five of the last seven windows (0.16 of 0.22 s). While music plays it needs half a
  second at 0.8 on average, because song reaches that in 1 % of its time and speech nearly always. It ends when no
  window was voiced for the endpointing time (0.8 s, after a long utterance 0.5 s), or when a steady tone or song
  proves it wrong.
* A tone, also one of many harmonics that stands still, is never speech.
* MUSIC is sound without voice that the music detector believes for 0.6 s. Noise is not music: it counts as SILENCE.
* Music beneath a voice cannot outlive a silence: after 0.2 s of quiet the detector starts from nothing.
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
GAP_FRAMES, MUSIC_GAP_FRAMES, GAP_DB = 4, 10, 32.0
"""A gap: 40 ms between the sounds of a voice, 100 ms in music, that are so many decibels below the loud parts
(music is ducked by 10 to 20)."""
_RECENT = 40  # voice windows looked back on: 1.28 s
_TONE_TO_SILENCE_S = 0.3
_SILENCE_S = 0.5
_MUSIC_BLOCKS = 6


class _Past:
    """The last ``bed.WINDOW_BLOCKS`` blocks, end to end, as the music detector looks at them."""

    def __init__(self) -> None:
        self.blocks = 0
        self.end_to_end: list[Floats] = []
        self._windows: deque[int] = deque()  # of the voice detector, in each block: three or four

    def clear(self) -> None:
        """Forget all of it."""
        self.blocks = 0
        self._windows.clear()

    def add(self, block: Block, voice: Floats) -> None:
        """One more block; the oldest falls out."""
        fresh = [block.level_db, block.bands_db, block.flux_db, block.flatness, block.held, voice]
        if not self.blocks:
            self.end_to_end = fresh
        elif self.blocks < bed.WINDOW_BLOCKS:
            pairs = zip(self.end_to_end, fresh, strict=True)
            self.end_to_end = [np.concatenate((old, new)) for old, new in pairs]
        else:
            gone = [*(len(new) for new in fresh[:-1]), self._windows.popleft()]
            pieces = zip(self.end_to_end, fresh, gone, strict=True)
            self.end_to_end = [np.concatenate((old[count:], new)) for old, new, count in pieces]
            self.blocks -= 1
        self.blocks += 1
        self._windows.append(len(voice))


class SoundSense:
    """The class of the sound of one call."""

    def __init__(self, endpoint_s: float = ENDPOINT_S) -> None:
        self.sound = Sound.SILENCE
        self.since_s = 0.0
        self.music_bed = 0.0
        self.last_voiced_s = 0.0
        self.voiced_s = 0.0
        self._endpoint_s = endpoint_s
        self._windows = 0
        self._voice: deque[float] = deque([0.0] * _RECENT, maxlen=_RECENT)
        self._past = _Past()
        self._music: deque[float] = deque(maxlen=10)
        self._levels: deque[Floats] = deque(maxlen=15)
        self._loudest: deque[float] = deque(maxlen=15)
        self._quiet_s = 10.0
        self._loud_s = 0.0
        self._belief = -2.0  # log odds of music beneath the voice: a mean that forgets within about a second
        self._belief_weight = 0.2  # what the mean rests on, of 1

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
        if self._quiet_s >= 0.2:
            self._past.clear()
            self._music.clear()
            self._belief, self._belief_weight = -2.0, 0.2
            self.music_bed = 0.0
            return
        self._levels.append(block.level_db)
        self._loudest.append(float(block.level_db.max()))
        if self._fell_silent():
            self._past.clear()
            self._music.clear()
            self._belief, self._belief_weight = -2.0, 0.2
            self.music_bed = 0.0
        self._past.add(block, voice)
        if self._past.blocks < bed.LEAST_BLOCKS:
            return
        music = bed.network().probability(bed.statistics(*self._past.end_to_end))
        self._music.append(music)
        odds = float(np.log((music + 0.02) / (1.02 - music)))
        self._belief_weight = 0.9 * self._belief_weight + 0.1
        self._belief += (odds - self._belief) * 0.1 / self._belief_weight
        self.music_bed = float(1.0 / (1.0 + np.exp(-2.0 * self._belief)))

    def _fell_silent(self) -> bool:
        """It became as quiet as no music ever is, if only between two sounds of a voice: there is none beneath it.

        Music that stops where a voice begins would leave the detector believing in it for seconds, because it looks
        at a second and a half at a time. Music itself may hold its breath, so that it takes a longer gap.
        """
        if self.sound not in (Sound.SPEECH, Sound.MUSIC) or self.music_bed < 0.25:
            return False
        gap = GAP_FRAMES if self.sound is Sound.SPEECH else MUSIC_GAP_FRAMES
        # A gap is no longer than a block, and may end anywhere in the newest one.
        newest = np.concatenate(list(self._levels)[-2:])[-(gap + len(self._levels[-1])) :]
        if len(newest) < gap:
            return False
        quietest = np.convolve(newest, np.full(gap, 1 / gap), "valid").min()
        if (
            quietest >= max(self._loudest) - GAP_DB
        ):  # then it is not that far below nine tenths of them either
            return False
        frames = np.concatenate(self._levels)
        return bool(quietest < between(np.sort(frames), 0.9) - GAP_DB)

    def _judge(self, block: Block, tone: bool, steady: bool, in_cadence: bool) -> tuple[Sound, float]:
        now = block.end_s
        recent = list(self._voice)
        if self.sound is Sound.SPEECH:
            if steady:
                return Sound.TONE, now - 0.5
            long = self.last_voiced_s - self.since_s >= LONG_ENOUGH_S
            endpoint_s = min(self._endpoint_s, LATER_ENDPOINT_S) if long else self._endpoint_s
            if max(recent[-int(endpoint_s / WINDOW_S) :]) >= STILL_VOICED:
                return Sound.SPEECH, self.since_s
        elif not steady and not tone:
            last = recent[-7:]
            if sum(p >= VOICED for p in last) >= 5 and self._voice_is_speech(recent):
                return Sound.SPEECH, self._onset_s(recent)
        if tone or (steady and self.sound is not Sound.MUSIC):
            return Sound.TONE, now - (0.3 if self.sound is not Sound.TONE else 0.0)
        if self.sound is Sound.TONE and in_cadence:
            return Sound.TONE, self.since_s
        return self._without_voice(now)

    def _voice_is_speech(self, recent: list[float]) -> bool:
        if self._quiet_s > 0 or self.music_bed < 0.5:
            return True
        return float(np.mean(recent[-16:])) >= 0.8

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
        if len(music) == _MUSIC_BLOCKS and min(music) > 0.5 and np.mean(music) > 0.7 and self._loud_s > 0.5:
            return Sound.MUSIC, max(now - self._loud_s, self.last_voiced_s, 0.0)
        if self.sound is Sound.SPEECH:
            return Sound.SILENCE, self.last_voiced_s
        if self.sound is Sound.TONE:
            if self._quiet_s >= _TONE_TO_SILENCE_S or self._loud_s > 1.0:
                return Sound.SILENCE, now - _TONE_TO_SILENCE_S
            return Sound.TONE, self.since_s
        return self.sound, self.since_s
