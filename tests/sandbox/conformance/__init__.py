"""One catalogue of cases that every wall must pass over the promises that it declares."""
