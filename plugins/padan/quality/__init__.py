"""Runs the expectations of a stage, stores verdicts, and stops publication where a critical one fails."""

from padan.quality.run import QualitySummary, docs_index, run
from padan.quality.verdicts import Verdict

__all__ = ["QualitySummary", "Verdict", "docs_index", "run"]
