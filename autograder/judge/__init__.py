"""The trusted side: handles to student objects, the pytest run, verdicts."""
