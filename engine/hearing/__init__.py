"""From samples to perceptions: tones, sound classes, speech, words."""
