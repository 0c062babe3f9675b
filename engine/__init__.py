"""Makes and understands phone calls. No Qt in here: the engine runs headless as well as behind the window."""
