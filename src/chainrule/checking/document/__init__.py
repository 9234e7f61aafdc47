"""Somebody's written derivation: which line is right, which only for numbers, which is wrong, and what is right."""
