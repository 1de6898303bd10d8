"""Other people's otter bundles: read, graded by otter's own tests, and compared with otter."""
