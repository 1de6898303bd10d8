"""One submission's pipeline, and mapping it over a class."""
