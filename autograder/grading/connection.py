"""The way to a Dask scheduler, and words for what may be wrong with it."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import dask
from distributed import Client
from distributed.client import VersionsDict

from autograder.errors import ClusterError

WATCHED = ("dask", "distributed", "autograder-dl")
"""Packages that client, scheduler and workers need in the same version to understand each other."""

LARGEST_GRAPH = "100GB"
"""Dask warns of work that carries much data. Ours carries hand-ins, on purpose, a few at a time."""

KEPT = "What was graded is kept: the same command goes on where it was."


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of the scheduler at ``address``, such as tcp://host:8786 or tls://host:8786.

    How long it waits for the scheduler, and its certificates, come from Dask's own configuration.
    Raises ClusterError where there is no scheduler, or one of another version.
    """
    # What Dask logs of a connection's end reaches people in our words.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGEST_GRAPH}):
        try:
            with warnings.catch_warnings():
                # Other versions: `_require_same_versions` says so, as an error.
                warnings.simplefilter("ignore")
                client = Client(address, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
            raise ClusterError(
                f"no scheduler answers there: {_first_line(error)}",
                where=address,
                remedy="Start one (`dask scheduler`) and give --scheduler the address that it "
                "prints. For tls:// Dask's configuration must name the certificates.",
            ) from error
        with client:
            _require_same_versions(client, address)
            yield client


def require_scheduler(client: Client, address: str) -> None:
    """Wait while the client looks for a scheduler that it lost. Raises ClusterError without one."""
    while client.status == "connecting":
        time.sleep(0.1)
    if client.status != "running":
        raise ClusterError("the scheduler is gone", where=address, remedy=f"Restart it. {KEPT}")


def number_of_slots(client: Client) -> tuple[int, int] | None:
    """How many workers there are now and how many threads they have; None if it can't be told."""
    try:
        threads = client.nthreads()
    except OSError:
        return None
    return len(threads), sum(threads.values())


def _require_same_versions(client: Client, address: str) -> None:
    """Raise ClusterError where a machine of the cluster could not read what we send."""
    found = cast("VersionsDict", client.get_versions(packages=["autograder-dl"]))
    ours = found["client"]["packages"]
    machines = {"scheduler": found["scheduler"], **found["workers"]}
    wrong = []
    for machine, its in machines.items():
        theirs = its["packages"]
        if _python(theirs) != _python(ours):
            wrong.append(f"{machine}: Python {_python(theirs)} instead of {_python(ours)}")
        wrong += [
            f"{machine}: {package} {theirs.get(package) or 'missing'} instead of {ours[package]}"
            for package in WATCHED
            if theirs.get(package) != ours[package]
        ]
    if wrong:
        raise ClusterError(
            f"the cluster has other versions than this machine: {'; '.join(wrong)}",
            where=address,
            remedy="Install the same on every machine, then restart scheduler and workers.",
        )


def _python(packages: dict[str, str]) -> str:
    """Major and minor version: pickles of the same may be read across the rest."""
    return ".".join(packages["python"].split(".")[:2])


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
