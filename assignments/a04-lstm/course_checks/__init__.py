"""Helpers of the public checks: the files in `tests/` call them."""
