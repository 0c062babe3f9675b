"""Text to speech for what the program says into a call."""
