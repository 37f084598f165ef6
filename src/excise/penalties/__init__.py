"""Penalties beside the elastic net: a file per kind, a line each in the registry.

Validation messages, documents and law tests read `REGISTRY`.
"""

from __future__ import annotations

from typing import Any

from excise.catalog import PENALTIES
from excise.exceptions import InputError
from excise.penalties.base import Penalty
from excise.penalties.group_lasso import GroupLasso, GroupPenalty, SparseGroupLasso
from excise.penalties.overlapping import OverlappingGroups

__all__ = [
    "REGISTRY",
    "GroupLasso",
    "GroupPenalty",
    "OverlappingGroups",
    "Penalty",
    "SparseGroupLasso",
    "penalty_of",
]

REGISTRY: dict[str, type[Penalty]] = {}


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
    name = spec.partition(":")[0] if isinstance(spec, str) else ""
    if name in PENALTIES:
        return None
    valid = ", ".join(repr(one) for one in (*PENALTIES, *REGISTRY))
    raise InputError(f"unknown penalty {spec!r}", [f"valid: {valid}"])
