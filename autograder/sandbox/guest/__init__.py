"""What runs inside the wall. Imports only Python, numpy, torch and IPython."""
