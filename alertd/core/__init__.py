"""Decisions: what an alert becomes, who must know, and when to look again.

Pure: standard library (and alertd.templating, alertd.regex) only; no I/O, no clock, no randomness. `now` is the last
parameter of whatever depends on time, as an aware UTC datetime.
"""
