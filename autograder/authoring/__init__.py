"""From master to release, bundle and kit, and the search for what leaks."""
