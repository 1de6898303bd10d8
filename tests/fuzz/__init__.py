"""Coverage-guided fuzzing of what takes hostile bytes: the wire, the intake and checkpoints."""
