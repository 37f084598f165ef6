"""What a model file says of several outputs, each member checked against the others."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.explain.confusion import Confusion
from excise.explain.responses import RESPONSE_FIGURES, ResponseErrors
from excise.losses import AnyLoss
from excise.model.fields import Fields, is_number
from excise.model.parts import Penalty, Target, outputs_of
from excise.results import Floats


class Shape(NamedTuple):
    """How many numbers a solution has: of p features and K outputs, one by one or grouped."""

    p: int
    outputs: int
    grouped: bool

    @property
    def each(self) -> tuple[int, ...]:
        """The axis of the outputs, where there are several."""
        return (self.outputs,) if self.outputs > 1 else ()

    @property
    def rows(self) -> int:
        """Coefficients."""
        return self.p * self.outputs

    @property
    def apart(self) -> bool:
        """Whether each of several outputs has features of its own."""
        return self.outputs > 1 and not self.grouped

    @property
    def accounts(self) -> int:
        """Earnings and verdicts."""
        return self.rows if self.apart else self.p

    def of_accounts(self, values: NDArray[Any]) -> NDArray[Any]:
        """A number per account, in its shape."""
        return values.reshape(self.p, self.outputs) if self.apart else values

    def row(self, f: Fields, key: str) -> Any:
        """A number, or one per output."""
        return f.numbers(key, self.outputs) if self.each else f.number(key)

    def coefs(self, f: Fields, key: str) -> Floats:
        """A number per feature, or such a list for each output, shape (p,) or (p, K)."""
        if not self.each:
            return f.numbers(key, self.p)
        values = f.content.get(key)
        if not isinstance(values, list) or len(values) != self.outputs:
            raise f.wrong(key, f"must be a list of {self.outputs} lists")
        for one in values:
            if not isinstance(one, list) or len(one) != self.p or not all(map(is_number, one)):
                raise f.wrong(key, f"must be lists of {self.p} finite numbers")
        return np.ascontiguousarray(np.array(values, dtype=np.float64).T)


def shape_of(f: Fields, p: int, target: Target, loss: AnyLoss, penalty: Penalty) -> Shape:
    """From the names of the outputs, which must be different."""
    names = outputs_of(target, loss)
    classes = loss.targets == "several"
    if len(set(names)) < len(names) or (classes and len(names) < 2) or len(names) == 1:
        place = "levels" if classes else "responses"
        raise f.fields("target").wrong(place, "must be different names, two or more")
    if target.responses and loss.targets != "any":
        raise f.fields("target").wrong("responses", "are for the squared loss")
    outputs = max(len(names), 1)
    return Shape(p, outputs, penalty.grouped and outputs > 1)


def responses(f: Fields, shape: Shape, target: Target) -> tuple[ResponseErrors, ...]:
    """The error of each response at the saved penalties; none in older files."""
    if not f.has("responses") or not target.responses:
        return ()
    return tuple(_errors(one, shape.outputs) for one in f.each("responses"))


def _errors(f: Fields, outputs: int) -> ResponseErrors:
    figures = {key: f.numbers(key, outputs) for key in RESPONSE_FIGURES}
    for key, values in figures.items():
        if np.any(values < 0.0):
            raise f.wrong(key, "must be numbers >= 0")
    return ResponseErrors(f.number("alpha", 0.0), **figures)


def confusion(f: Fields | None, shape: Shape, loss: AnyLoss) -> Confusion | None:
    """Who is taken for whom, and a calibration for each class."""
    if f is None or not loss.of_classes or shape.outputs == 1:
        return None
    K = shape.outputs
    counts = f.numbers("counts", K * K)
    if np.any((counts < 0.0) | (counts != np.round(counts))):
        raise f.wrong("counts", "must be numbers of rows")
    predicted = f.each_floats("predicted", K, 0.0)
    observed = f.each_floats("observed", K, 0.0)
    if any(len(a) != len(b) for a, b in zip(predicted, observed, strict=True)):
        raise f.wrong("observed", "must be as long as 'predicted'")
    return Confusion(
        f.number("alpha", 0.0), counts.astype(np.int64).reshape(K, K), predicted, observed
    )
