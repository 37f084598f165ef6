"""From a cross-validated path to a model record: books, events, stability, decoys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from excise.model.parts import Column
from excise.model.record import Model
from excise.results import CrossValidation


def build_model(
    cv: CrossValidation,
    *,
    columns: Sequence[Column] | None = None,
    target: str = "y",
    encoding: dict[str, Any] | None = None,
    stability: int = 100,
    decoys: int = 200,
    seed: int = 0,
    settings: dict[str, Any] | None = None,
    alpha: float | None = None,
    rule: str | None = None,
    warnings: Sequence[str] = (),
) -> Model:
    """Everything a fit leaves behind.

    Parameters
    ----------
    cv : CrossValidation
        Its path holds the problem (rows, weights, penalty).
    columns : sequence of Column, optional
        One per encoded feature: name, kind, source, levels, fill, unit; mean, scale and penalty
        weight are filled in from the path. Default: numbers, named as in the data.
    target : str
    encoding : dict, optional
        The recipe of the table's encoder, kept as it is.
    stability, decoys : int
        Half-samples and shuffles; 0 switches them off.
    seed : int
    settings : dict, optional
        How it was made; ``table`` (file name) lets `why` suggest a command.
    alpha, rule : optional
        A penalty chosen otherwise ("alpha", "n_features"); default the choice of `cv`.
    warnings : sequence of str
    """
    raise NotImplementedError
