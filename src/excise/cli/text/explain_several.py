"""One row's prediction of several outputs: a sum for each, side by side, and what they come to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from excise.cli.text.cells import clean, left, right, shorten, width
from excise.cli.text.page import Page
from excise.explain.words import amount, count, decimals_of

_GAP = "  "
LONGEST_OUTPUT = 16
"""Cells of an output's name above its column."""
MOST_SAID = 3
"""Responses named in the heading."""


@dataclass(frozen=True)
class Terms:
    """What one feature adds to each output."""

    feature: str
    value: float
    coefs: tuple[float, ...]

    @property
    def adds(self) -> tuple[float, ...]:
        """``coef * value``, one per output."""
        return tuple(coef * self.value for coef in self.coefs)

    @property
    def size(self) -> float:
        """The largest of them."""
        return max(map(abs, self.adds))


@dataclass(frozen=True)
class Sums(ABC):
    """The prediction of one row, output by output.

    Attributes
    ----------
    where : str
        The row, as in ``row 3 of new.csv``.
    outputs : tuple of str
    intercepts : tuple of float
        One per output.
    terms : tuple of Terms
        Kept features only.
    """

    comparable: ClassVar[bool]
    """Whether the outputs have one unit."""

    where: str
    outputs: tuple[str, ...]
    intercepts: tuple[float, ...]
    terms: tuple[Terms, ...]

    @property
    def sums(self) -> tuple[float, ...]:
        """Intercept plus all terms, one per output."""
        return tuple(
            start + sum(term.adds[k] for term in self.terms)
            for k, start in enumerate(self.intercepts)
        )

    @property
    def order(self) -> list[int]:
        """Outputs, those first that are shown where there is no room for all."""
        return list(range(len(self.outputs)))

    def places(self) -> list[int]:
        """Decimals of each output, by its largest number; alike where outputs have one unit."""
        largest = [
            max(map(abs, [start, total, *(term.adds[k] for term in self.terms)]))
            for k, (start, total) in enumerate(zip(self.intercepts, self.sums, strict=True))
        ]
        same = [max(largest)] * len(largest) if self.comparable else largest
        return [decimals_of(size) + 1 for size in same]

    @abstractmethod
    def said(self, places: Sequence[int]) -> str:
        """The heading."""

    @abstractmethod
    def foot(self, places: Sequence[int]) -> dict[str, tuple[str, ...]]:
        """Lines below the sums: a text per output."""

    @abstractmethod
    def others(self, hidden: Sequence[int]) -> str:
        """What is said of outputs without a column."""

    def each(self) -> list[dict[str, Any]]:
        """The sum of each output, ready for JSON; all terms, those of value 0 included."""
        terms = sorted(self.terms, key=lambda term: -term.size)
        return [
            {
                "output": name,
                "intercept": self.intercepts[k],
                "sum": self.sums[k],
                "terms": [
                    {"feature": t.feature, "value": t.value, "coef": t.coefs[k], "adds": t.adds[k]}
                    for t in terms
                    if t.coefs[k]
                ],
            }
            for k, name in enumerate(self.outputs)
        ]

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""


@dataclass(frozen=True)
class ClassSums(Sums):
    """Scores of several classes, and the probabilities that they come to.

    Attributes
    ----------
    probabilities : tuple of float
    actual : str or None
        The class that the table says, if it has the target.
    """

    comparable: ClassVar[bool] = True

    probabilities: tuple[float, ...] = ()
    actual: str | None = None

    @property
    def order(self) -> list[int]:
        """Classes by falling probability."""
        return sorted(super().order, key=lambda k: (-self.probabilities[k], -self.sums[k]))

    def said(self, places: Sequence[int]) -> str:
        """The likeliest class."""
        best = self.order[0]
        said = (
            f"{self.where}: {self.outputs[best]}, probability {amount(self.probabilities[best], 3)}"
        )
        return said if self.actual is None else f"{said} (the table says {self.actual})"

    def foot(self, places: Sequence[int]) -> dict[str, tuple[str, ...]]:
        """Probabilities."""
        return {"probability": tuple(amount(share, 3) for share in self.probabilities)}

    def others(self, hidden: Sequence[int]) -> str:
        """How likely they are."""
        together = amount(sum(self.probabilities[k] for k in hidden), 3)
        noun = "class" if len(hidden) == 1 else "classes"
        verb, both = ("has", "") if len(hidden) == 1 else ("have", " together")
        return f"{len(hidden)} more {noun} {verb} probability {together}{both} (--json shows all)"

    def to_dict(self) -> dict[str, Any]:
        """With the probability of each."""
        each = zip(self.each(), self.probabilities, strict=True)
        return {
            "adds_up_to": "score of each class",
            "prediction": self.outputs[self.order[0]],
            "actual": self.actual,
            "outputs": [{**one, "probability": share} for one, share in each],
        }


@dataclass(frozen=True)
class ResponseSums(Sums):
    """Predictions of several responses.

    Attributes
    ----------
    actual : tuple of (float or None)
        What the table says of each.
    """

    comparable: ClassVar[bool] = False

    actual: tuple[float | None, ...] = ()

    def said(self, places: Sequence[int]) -> str:
        """The first of them."""
        pairs = zip(self.outputs, self.sums, strict=True)
        named = [f"{name} = {amount(value, places[k])}" for k, (name, value) in enumerate(pairs)][
            :MOST_SAID
        ]
        more = len(self.outputs) - len(named)
        rest = f" and {count(more, 'more response')}" if more else ""
        return f"{self.where}: {', '.join(named)}{rest}"

    def foot(self, places: Sequence[int]) -> dict[str, tuple[str, ...]]:
        """What the table says, if it says anything."""
        if all(value is None for value in self.actual):
            return {}
        pairs = zip(self.actual, places, strict=True)
        return {"table says": tuple("." if v is None else amount(v, n) for v, n in pairs)}

    def others(self, hidden: Sequence[int]) -> str:
        """How many there are."""
        return f"{count(len(hidden), 'more response')} (--json shows all)"

    def to_dict(self) -> dict[str, Any]:
        """With what the table says of each."""
        each = zip(self.each(), self.actual, strict=True)
        return {
            "adds_up_to": "each response",
            "prediction": list(self.sums),
            "actual": list(self.actual),
            "outputs": [{**one, "actual": value} for one, value in each],
        }


def render(found: Sums, page: Page) -> list[str]:
    """A heading, a line per term with a column per output, the sums and what they come to."""
    terms = sorted((term for term in found.terms if term.size), key=lambda term: -term.size)
    places = found.places()
    foot = found.foot(places)
    names = [shorten(clean(term.feature), page.width // 3, page.glyphs.ellipsis) for term in terms]
    values = [f"{term.value:g}" for term in terms]
    labels = ["", "intercept", *names, "sum", *foot]
    heads = [left(label, max(map(width, labels))) for label in labels]
    middles = ["", "", *values, "", *("" for _ in foot)]
    wide = max(map(width, middles))
    lead = [
        f"{_GAP}{head}{_GAP}{right(text, wide)}" for head, text in zip(heads, middles, strict=True)
    ]
    columns = {
        k: _column(found, terms, k, places[k], [line[k] for line in foot.values()], page)
        for k in range(len(found.outputs))
    }
    shown = _that_fit(found, columns, page.width - width(lead[0]))
    lines = [
        (start + "".join(_GAP + columns[k][i] for k in shown)).rstrip()
        for i, start in enumerate(lead)
    ]
    return [*page.wrap(clean(found.said(places))), *lines, *_rest(found, shown, terms, page)]


def _column(
    found: Sums, terms: list[Terms], k: int, places: int, foot: list[str], page: Page
) -> list[str]:
    """Of one output: its name, what adds up, the sum and what it comes to."""
    cells = [
        shorten(clean(found.outputs[k]), LONGEST_OUTPUT, page.glyphs.ellipsis),
        amount(found.intercepts[k], places),
        *(amount(term.adds[k], places, signed=True) if term.coefs[k] else "." for term in terms),
        amount(found.sums[k], places),
        *foot,
    ]
    wide = max(map(width, cells))
    return [right(cell, wide) for cell in cells]


def _that_fit(found: Sums, columns: dict[int, list[str]], room: int) -> list[int]:
    """The first outputs whose columns fit, one at least, in the order of the model."""
    shown: list[int] = []
    for k in found.order:
        room -= len(_GAP) + width(columns[k][0])
        if room < 0 and shown:
            break
        shown.append(k)
    return sorted(shown)


def _rest(found: Sums, shown: list[int], terms: list[Terms], page: Page) -> list[str]:
    """Outputs that have no column, and features that add nothing."""
    lines = []
    if others := [k for k in range(len(found.outputs)) if k not in shown]:
        lines += page.wrap(found.others(others), _GAP, _GAP)
    silent = len(found.terms) - len(terms)
    if silent:
        verb = "adds" if silent == 1 else "add"
        lines.append(f"{_GAP}{count(silent, 'kept feature')} of value 0 {verb} nothing")
    return lines
