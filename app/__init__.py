"""The program put together: command line, composition root, start and stop order."""

__version__ = "0.1.0"
