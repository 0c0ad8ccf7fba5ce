"""Visitors and accounts, the fields they have, and how fields are written."""
