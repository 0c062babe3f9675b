"""From perceptions to verdicts. Pure, but for the workers that run a model."""
