"""One daemon that evaluates alert rules, decides who must know, and tells them without losing a message."""

__version__ = "0.1.0"
