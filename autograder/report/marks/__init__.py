"""Marking in a spreadsheet: a blind sheet out, a marker's decisions back in."""

from autograder.report.marks.reading import read_marks
from autograder.report.marks.sheet import write_marking_sheet

__all__ = ["read_marks", "write_marking_sheet"]
