"""The wall around student code, and running a notebook behind it."""
