"""Listener: exact, live counts of what is said about brands.

The program: command line, settings, campaign files, Kafka, the Faust engine, workers and boards.
Imports go ``listener → processors → models``, never back.
"""

__version__ = "0.1.0"
