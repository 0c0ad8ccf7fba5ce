"""Telling people that a job's state changed: what to say, the feed, webhook and e-mail."""
