"""Measurements by hand; what they found is in the README. No test depends on a time."""
