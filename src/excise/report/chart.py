"""What every chart is made of: a question, an answer, the picture in two widths, its numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from excise.explain.words import figures
from excise.model import Model
from excise.report.axes import Area, Mark
from excise.report.scales import Scale
from excise.results import Floats

Size = tuple[float, float]
WIDE: Size = (840.0, 440.0)
NARROW: Size = (380.0, 360.0)

MOST_ROWS = 24
"""Rows of the table of numbers below a path or CV curve."""


class Table(NamedTuple):
    """Numbers as text; the first cell of each row is its header."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Chart(NamedTuple):
    """A chart for the page; `narrow` is drawn for phones and may be left out.

    Attributes
    ----------
    name : str
        Its anchor on the page.
    question, answer, note : str
    wide, narrow : Markup or None
    table : Table or None
    """

    name: str
    question: str
    answer: str
    wide: Markup | None = None
    narrow: Markup | None = None
    table: Table | None = None
    note: str = ""


class TaxAxis(NamedTuple):
    """The x axis that path and CV curve share: the tax, falling from left to right.

    Attributes
    ----------
    unit : float
        Tax per alpha: l1_ratio, or 1 for a ridge, whose axis is the penalty itself.
    word : str
    """

    unit: float
    word: str

    @classmethod
    def of(cls, model: Model) -> TaxAxis:
        """Of this model's penalty."""
        return cls(model.penalty.unit, model.penalty.word)

    def taxes(self, model: Model) -> Floats:
        """Taxes of the grid; 0, which a log axis cannot show, at half of the lowest other."""
        alphas = model.path.alphas
        lowest = float(alphas[alphas > 0.0].min(initial=np.inf))
        floor = 0.5 * lowest if np.isfinite(lowest) else 1.0
        return np.maximum(alphas, floor) * self.unit

    def scale(self, model: Model, area: Area) -> Scale:
        """From where everything is cut, high on the left, down to the lowest tax of the grid."""
        taxes = self.taxes(model)
        start = model.alpha_max * self.unit if np.isfinite(model.alpha_max) else 0.0
        return Scale((max(start, float(taxes[0])) * 1.06, float(taxes[-1])), area.across, log=True)

    def write(self, alpha: float) -> str:
        """The tax at `alpha`, three digits."""
        return figures(alpha * self.unit)

    def marks(self, model: Model) -> list[Mark]:
        """The chosen tax (vermilion), the best and 1-SE, each named once, from high to low."""
        names = {"1-SE": (model.alpha_1se, "diamond"), "best": (model.alpha_min, "circle")}
        found = []
        for name, (alpha, kind) in names.items():
            chosen = "chosen" if alpha == model.alpha else "other"
            label = f"{name} {self.write(alpha)}"
            found.append(Mark(alpha * self.unit, label, chosen, kind))
        if not any(mark.class_ == "chosen" for mark in found):
            label = f"chosen {self.write(model.alpha)}"
            found.append(Mark(model.alpha * self.unit, label, "chosen", "square"))
        return sorted(found, key=lambda mark: -mark.value)


def table_rows(model: Model) -> list[int]:
    """Positions on the grid for a table of numbers: spread evenly, the marked taxes included."""
    alphas = model.path.alphas
    some = np.linspace(0, len(alphas) - 1, min(len(alphas), MOST_ROWS)).round().astype(int)
    marked = [k for a in (model.alpha, model.alpha_1se, model.alpha_min)
              if alphas[k := int(np.argmin(np.abs(alphas - a)))] == a]  # fmt: skip
    return sorted({*some.tolist(), *marked})


def kept_at(model: Model, alpha: float) -> int:
    """How many features the path keeps at any alpha: from the grid point above, event by event."""
    path = model.path
    k = max(int(np.searchsorted(-path.alphas, -alpha, side="right")) - 1, 0)
    kept = len(path.support(k))
    for event in path.crossings:
        if alpha <= event.alpha < path.alphas[k]:
            kept += 1 if event.kind == "enters" else -1
    return kept


def by_entry(model: Model) -> NDArray[np.intp]:
    """All features, those that enter at the highest tax first, ties by |coefficient|."""
    entry = np.zeros(model.n_features)
    for event in reversed(model.path.events):
        entry[event.feature] = max(entry[event.feature], event.alpha)
    always = model.path.support(0)
    entry[always] = np.maximum(entry[always], model.path.alphas[0])
    size = np.abs(model.coef_std)
    return np.lexsort((-(size if size.ndim == 1 else size.max(axis=1)), -entry))
