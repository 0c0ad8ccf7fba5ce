"""The keys of the rehearsal subscription. They open nothing but a stand-in."""

PENDO_KEY = "rehearsal-write-key"
"""Reads and writes."""
PENDO_READ_KEY = "rehearsal-read-key"
"""Reads only."""
OTHER_REGION_SUFFIXES = (".eu", ".jpn", ".au", ".us1", ".us")
"""A key that ends like this, and is not ours, belongs to another region (contract U01)."""
TRACK_SECRET = "rehearsal-track-secret"  # noqa: S105 - opens nothing
"""Sends track events, and does nothing else."""
