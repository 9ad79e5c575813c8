"""Conditions in Python, with real worker processes."""
