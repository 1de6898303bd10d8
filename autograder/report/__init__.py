"""What people open: gradebook, results, feedback pages and the class at a glance."""

from autograder.report.tables import summary_table
from autograder.report.views import write_views

__all__ = ["summary_table", "write_views"]
