"""Penalties beside the elastic net: a file per kind, a line each in the registry.

Validation messages, documents and law tests read `REGISTRY`.
"""

from __future__ import annotations

from typing import Any

from excise.catalog import PENALTIES
from excise.exceptions import InputError, InputTypeError
from excise.penalties.base import Penalty
from excise.penalties.concave import CONCAVE, MCP, SCAD, Concave, LogSum, Lq
from excise.penalties.custom import Custom
from excise.penalties.elastic_net import ElasticNet
from excise.penalties.group_lasso import GroupLasso, GroupPenalty, SparseGroupLasso
from excise.penalties.overlapping import OverlappingGroups
from excise.penalties.sorted_l1 import SortedL1
from excise.penalties.total_variation import TotalVariation

__all__ = [
    "CONCAVE",
    "MCP",
    "RECORDED",
    "REGISTRY",
    "SCAD",
    "Concave",
    "Custom",
    "ElasticNet",
    "GroupLasso",
    "GroupPenalty",
    "LogSum",
    "Lq",
    "OverlappingGroups",
    "Penalty",
    "SortedL1",
    "SparseGroupLasso",
    "TotalVariation",
    "penalty_of",
]

REGISTRY: dict[str, type[Penalty]] = {
    **CONCAVE,
    ElasticNet.name: ElasticNet,
    SortedL1.name: SortedL1,
    TotalVariation.name: TotalVariation,
    GroupLasso.name: GroupLasso,
    SparseGroupLasso.name: SparseGroupLasso,
    OverlappingGroups.name: OverlappingGroups,
}

RECORDED = {name: kind for name, kind in REGISTRY.items() if kind.solver == "core"}
"""Those that estimators explain, and a model file holds, by name."""


def penalty_of(spec: Any) -> Penalty | None:
    """The penalty that `spec` means; None for the elastic net and its ends.

    Parameters
    ----------
    spec : str, Penalty or object
        A name of `excise.catalog.PENALTIES` or of `REGISTRY`, with its parameter after a colon
        where it has one, as in "sorted_l1:0.2"; a penalty; or an object with `value` and `prox`
        (see `Custom`).

    Raises
    ------
    InputError
        An unknown name.
    InputTypeError
        What is no penalty.
    """
    if isinstance(spec, Penalty):
        return spec
    if isinstance(spec, str):
        name, _, text = spec.partition(":")
        if name in PENALTIES:
            return None
        if name in REGISTRY:
            return REGISTRY[name].read(text)
        valid = ", ".join(repr(one) for one in (*PENALTIES, *REGISTRY))
        raise InputError(f"unknown penalty {spec!r}", [f"valid: {valid}"])
    return Custom(_with_methods(spec))


def _with_methods(spec: Any) -> Any:
    """`spec` itself if it is an object with `value` and `prox`."""
    if isinstance(spec, type):
        raise InputTypeError(
            f"penalty is {spec.__name__} the class, not an object of it",
            remedy=f"{spec.__name__}(...)",
        )
    lacks = [name for name in ("value", "prox") if not callable(getattr(spec, name, None))]
    if lacks:
        raise InputTypeError(
            f"penalty is of class {type(spec).__name__}, without {' and '.join(lacks)}",
            ["it must be a name, a penalty of excise.penalties, or an object with value and prox"],
        )
    return spec
