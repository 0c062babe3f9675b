"""What a phone tree is: pure data and pure functions. Imports nothing of this program."""
