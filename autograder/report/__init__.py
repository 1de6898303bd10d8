"""What people open: gradebook, results, feedback pages and the class at a glance."""

from autograder.report.summary import summary_table
from autograder.report.views import up_to_date_views, write_views

__all__ = ["summary_table", "up_to_date_views", "write_views"]
