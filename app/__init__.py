"""The program put together: command line, composition root, start and stop order."""
