"""The family of errors that a person sees: each says what is wrong, where, and what to do."""

from __future__ import annotations


class AutograderError(Exception):
    """A fault that a person can act on.

    Caught in one place, the command line, which prints it without a traceback.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        """Say ``what`` is wrong, ``where`` (file, line or cell) and the ``remedy`` (what to do)."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{remedy}"


class AssignmentError(AutograderError):
    """A master is incomplete or contradicts itself."""


class UnreadableSubmission(AutograderError):
    """A hand-in is not something that can be graded: not a notebook, or of another assignment."""


class WallError(AutograderError):
    """This machine can't keep a promise that the chosen wall declares."""


class SandboxFault(AutograderError):
    """The student's side broke the protocol or died: a fault of the submission, never of ours."""


class LeakError(AutograderError):
    """Something of the answer side stands in what students get."""


class BundleError(AutograderError):
    """An otter bundle can't be made or used."""


class DataError(AutograderError):
    """Review data is missing, damaged or not what it claims to be."""


class StoreError(AutograderError):
    """The gradebook database can't be opened or holds something else."""


class MarksError(AutograderError):
    """A marking sheet has a line that can't be taken."""


class ClusterError(AutograderError):
    """The cluster can't be reached, or is not fit to grade on."""
