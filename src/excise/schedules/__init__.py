"""Schedules of penalties: what the next weighted problem is, once the last one is solved.

A schedule is a small frozen object without data. It is asked for stages and told their
coefficients (`Schedule.stages`); `excise.staged` solves and certifies each with the engine.
"""

from __future__ import annotations

from excise.schedules.adaptive import Adaptive
from excise.schedules.annealed import Annealed
from excise.schedules.base import Schedule, Static, Then
from excise.schedules.concave import LocalLinear, Reweighted
from excise.schedules.parse import parse
from excise.schedules.prune import PruneThenRefine

__all__ = [
    "Adaptive",
    "Annealed",
    "LocalLinear",
    "PruneThenRefine",
    "Reweighted",
    "Schedule",
    "Static",
    "Then",
    "parse",
]
