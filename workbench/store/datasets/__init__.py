"""Datasets: Delta tables with versions."""
