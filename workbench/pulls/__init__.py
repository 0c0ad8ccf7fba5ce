"""Saved requests for Pendo data: planned as slices, fetched, committed as one dataset version."""
