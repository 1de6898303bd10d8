"""How seldom the checks err on right solutions: measured, kept, and drawn."""
