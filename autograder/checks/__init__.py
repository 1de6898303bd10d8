"""Helpers that check authors call."""
