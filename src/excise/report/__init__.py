"""What people look at: the HTML report and the notebook card. Results in, string out."""

from excise.report.notebook import notebook_card
from excise.report.page import render_report

__all__ = ["notebook_card", "render_report"]
