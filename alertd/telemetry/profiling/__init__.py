"""Profiles of the running daemon: what uses the processor, what fills the memory, what waits where.

Nothing of it is imported before somebody asks for a profile.
"""
