"""Trying rules out before they page anyone. Uses core and configuration; may not know the engine or another edge."""
