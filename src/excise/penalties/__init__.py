"""Penalties beside the elastic net: a file per kind, a line each in the registry.

Validation messages, documents and law tests read `REGISTRY`.
"""

from __future__ import annotations

from typing import Any

from excise.catalog import PENALTIES
from excise.exceptions import InputError
from excise.penalties.base import Penalty
from excise.penalties.concave import CONCAVE, MCP, SCAD, Concave, LogSum, Lq
from excise.penalties.group_lasso import GroupLasso, GroupPenalty, SparseGroupLasso
from excise.penalties.overlapping import OverlappingGroups

__all__ = [
    "CONCAVE",
    "MCP",
    "REGISTRY",
    "SCAD",
    "Concave",
    "GroupLasso",
    "GroupPenalty",
    "LogSum",
    "Lq",
    "OverlappingGroups",
    "Penalty",
    "SparseGroupLasso",
    "penalty_of",
]

REGISTRY: dict[str, type[Penalty]] = {**CONCAVE}


def penalty_of(spec: Any) -> Penalty | None:
    """The penalty that `spec` means; None for the elastic net and its ends.

    Parameters
    ----------
    spec : str or Penalty
        A name of `excise.catalog.PENALTIES` or of `REGISTRY`, or a penalty.

    Raises
    ------
    InputError
        An unknown name.
    """
    if isinstance(spec, Penalty):
        return spec
    name, _, text = spec.partition(":") if isinstance(spec, str) else ("", "", "")
    if name in PENALTIES:
        return None
    if name in CONCAVE:
        return CONCAVE[name].read(text)
    valid = ", ".join(repr(one) for one in (*PENALTIES, *REGISTRY))
    raise InputError(f"unknown penalty {spec!r}", [f"valid: {valid}"])
