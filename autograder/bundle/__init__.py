"""The otter bundle: a stock zip whose plugin hands a notebook to our pipeline."""
