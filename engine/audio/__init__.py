"""Sound: formats, rings with an absolute sample clock, devices, recordings."""
