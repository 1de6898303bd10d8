"""What a person may ask for, by name; `choice` makes a wall of it."""

WALLS = ("auto", "bubblewrap", "none")
