"""Hostile hand-ins, each tried on every way of grading."""
