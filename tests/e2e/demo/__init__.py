"""`make run`: alertd at work before one's eyes, with real servers around it that are gone when one stops looking."""
