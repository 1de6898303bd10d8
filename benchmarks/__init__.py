"""Measured comparisons with other graders: `make bench`."""
