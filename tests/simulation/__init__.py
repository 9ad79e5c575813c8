"""A deterministic world for alertd: its real loops and its real store in virtual time, and everything else goes wrong.

`python -m tests.simulation --seed 17` replays a seed, and says as short as can be what it takes to fail it.
"""
