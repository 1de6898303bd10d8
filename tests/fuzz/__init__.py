"""Coverage-guided fuzzing of what takes hostile bytes: the wire's decoder and the intake."""
