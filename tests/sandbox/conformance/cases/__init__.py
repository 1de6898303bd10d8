"""The catalogue, a module for each promise."""

from __future__ import annotations

from tests.sandbox.conformance.cases import (
    cheating,
    honest,
    limits,
    network,
    privilege,
    processes,
    reading,
    sharing,
    showing,
    wire,
    writing,
)
from tests.sandbox.conformance.model import Case

CASES: tuple[Case, ...] = (
    *network.CASES,
    *reading.CASES,
    *writing.CASES,
    *processes.CASES,
    *limits.CASES,
    *privilege.CASES,
    *wire.CASES,
    *sharing.CASES,
    *showing.CASES,
    *cheating.CASES,
    *honest.CASES,
)
BY_ID = {case.id: case for case in CASES}
