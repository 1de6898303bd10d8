"""The environment of every process that grades: one thread, and memory as in the sandbox."""

from autograder.sandbox.allocation import ALLOCATION

ENVIRONMENT = {
    # A class keeps the cores busy by itself, and a process forked from one with threads hangs at
    # its first matrix product.
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Other people's pytest plugins have no business in the judge.
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    **ALLOCATION,
}
