"""One prediction among several classes: a sum for each, side by side, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from excise.cli.text.cells import clean, left, right, shorten, width
from excise.cli.text.page import Page
from excise.explain.words import amount, count, decimals_of

_GAP = "  "
LONGEST_CLASS = 16
"""Cells of a class's name above its column."""


@dataclass(frozen=True)
class Terms:
    """What one feature adds to the score of each class."""

    feature: str
    value: float
    coefs: tuple[float, ...]

    @property
    def adds(self) -> tuple[float, ...]:
        """``coef * value``, one per class."""
        return tuple(coef * self.value for coef in self.coefs)

    @property
    def size(self) -> float:
        """The largest of them."""
        return max(map(abs, self.adds))


@dataclass(frozen=True)
class Sums:
    """The prediction of one row, class by class.

    Attributes
    ----------
    where : str
        The row, as in ``row 3 of new.csv``.
    classes : tuple of str
    intercepts, probabilities : tuple of float
        One per class.
    terms : tuple of Terms
        Kept features only.
    actual : str or None
        What the table says, if it has the target.
    """

    where: str
    classes: tuple[str, ...]
    intercepts: tuple[float, ...]
    probabilities: tuple[float, ...]
    terms: tuple[Terms, ...]
    actual: str | None = None

    @property
    def sums(self) -> tuple[float, ...]:
        """Intercept plus all terms, one per class."""
        return tuple(
            start + sum(term.adds[k] for term in self.terms)
            for k, start in enumerate(self.intercepts)
        )

    @property
    def likeliest(self) -> list[int]:
        """Classes by falling probability."""
        order = range(len(self.classes))
        return sorted(order, key=lambda k: (-self.probabilities[k], -self.sums[k]))

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; all terms, those that add nothing included."""
        terms = sorted(self.terms, key=lambda term: -term.size)
        return {
            "adds_up_to": "score of each class",
            "prediction": self.classes[self.likeliest[0]],
            "actual": self.actual,
            "outputs": [
                {
                    "output": name,
                    "intercept": self.intercepts[k],
                    "sum": self.sums[k],
                    "probability": self.probabilities[k],
                    "terms": [
                        {
                            "feature": term.feature,
                            "value": term.value,
                            "coef": term.coefs[k],
                            "adds": term.adds[k],
                        }
                        for term in terms
                        if term.coefs[k]
                    ],
                }
                for k, name in enumerate(self.classes)
            ],
        }


def render(found: Sums, page: Page) -> list[str]:
    """A heading, a line per term with a column per class, the sums and their probabilities."""
    terms = sorted((term for term in found.terms if term.size), key=lambda term: -term.size)
    largest = max(
        map(abs, [*found.intercepts, *found.sums, *(x for term in terms for x in term.adds)])
    )
    places = decimals_of(largest) + 1
    names = [shorten(clean(term.feature), page.width // 3, page.glyphs.ellipsis) for term in terms]
    values = [f"{term.value:g}" for term in terms]
    labels = ["", "intercept", *names, "sum", "probability"]
    heads = [left(label, max(map(width, labels))) for label in labels]
    middles = ["", "", *values, "", ""]
    wide = max(map(width, middles))
    lead = [
        f"{_GAP}{head}{_GAP}{right(text, wide)}" for head, text in zip(heads, middles, strict=True)
    ]
    columns = {k: _column(found, terms, k, places, page) for k in range(len(found.classes))}
    shown = _that_fit(found, columns, page.width - width(lead[0]))
    lines = [
        (start + "".join(_GAP + columns[k][i] for k in shown)).rstrip()
        for i, start in enumerate(lead)
    ]
    return [*page.wrap(clean(_said(found))), *lines, *_rest(found, shown, terms, page)]


def _column(found: Sums, terms: list[Terms], k: int, places: int, page: Page) -> list[str]:
    """Of one class: its name, what adds up, the sum and the probability."""
    cells = [
        shorten(clean(found.classes[k]), LONGEST_CLASS, page.glyphs.ellipsis),
        amount(found.intercepts[k], places),
        *(amount(term.adds[k], places, signed=True) if term.coefs[k] else "." for term in terms),
        amount(found.sums[k], places),
        amount(found.probabilities[k], 3),
    ]
    wide = max(map(width, cells))
    return [right(cell, wide) for cell in cells]


def _that_fit(found: Sums, columns: dict[int, list[str]], room: int) -> list[int]:
    """The likeliest classes whose columns fit, one at least, in the order of the model."""
    shown: list[int] = []
    for k in found.likeliest:
        room -= len(_GAP) + width(columns[k][0])
        if room < 0 and shown:
            break
        shown.append(k)
    return sorted(shown)


def _said(found: Sums) -> str:
    best = found.likeliest[0]
    said = (
        f"{found.where}: {found.classes[best]}, probability {amount(found.probabilities[best], 3)}"
    )
    return said if found.actual is None else f"{said} (the table says {found.actual})"


def _rest(found: Sums, shown: list[int], terms: list[Terms], page: Page) -> list[str]:
    """Classes that have no column, and features that add nothing."""
    lines = []
    others = [k for k in range(len(found.classes)) if k not in shown]
    if others:
        together = amount(sum(found.probabilities[k] for k in others), 3)
        noun = "class" if len(others) == 1 else "classes"
        verb, both = ("has", "") if len(others) == 1 else ("have", " together")
        text = f"{len(others)} more {noun} {verb} probability {together}{both} (--json shows all)"
        lines += page.wrap(text, _GAP, _GAP)
    silent = len(found.terms) - len(terms)
    if silent:
        verb = "adds" if silent == 1 else "add"
        lines.append(f"{_GAP}{count(silent, 'kept feature')} of value 0 {verb} nothing")
    return lines
