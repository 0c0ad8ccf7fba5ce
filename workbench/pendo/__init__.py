"""Pendo: what goes over its wire, and nothing about datasets, pulls or pages."""
