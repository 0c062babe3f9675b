"""The window: what a person sees of the calls and what they ask of them."""
