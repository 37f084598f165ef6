"""What a record says of encoded rows: offset, intercept and terms added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from excise.exceptions import InputError
from excise.results import Floats

if TYPE_CHECKING:
    from excise.model.record import Model


def eta_of(model: Model, Z: Floats, offset: Floats | None) -> Floats:
    """The predictor of rows Z, shape (n,) or (n, K); columns of cut features are not read.

    Raises
    ------
    InputError
        Z has another number of columns, or the model has an offset and the rows have none, or the
        other way round.
    """
    Z = np.asarray(Z)
    if Z.ndim != 2 or Z.shape[1] != model.n_features:
        expected = f"expected (n, {model.n_features})"
        raise InputError(f"rows to predict have shape {Z.shape}", [expected])
    name = model.target.offset
    if (offset is None) != (not name):
        fitted = f"with the offset {name!r}" if name else "without an offset"
        where = ["an offset is added to the predictor of each row"]
        raise InputError(f"this model was fitted {fitted}", where)
    kept = np.flatnonzero(model.point.kept)
    eta: Floats = Z[:, kept].astype(np.float64) @ model.coef[kept] + model.intercept
    return eta if offset is None else eta + offset
