"""Small widgets of this program's own: they show what they are given and know nothing of calls."""
