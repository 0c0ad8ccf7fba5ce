"""Prediction syncs: a decision base read, compared with Pendo, and written as planned."""
