"""One prediction as a sum: intercept, then coefficient times value, largest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from excise.cli.text.cells import clean, left, right, shorten, width
from excise.cli.text.page import Page
from excise.explain.words import amount, count, decimals_of, figures

if TYPE_CHECKING:
    from excise.losses import AnyLoss
    from excise.model import Target

_GAP = "  "


@dataclass(frozen=True)
class Term:
    """What one feature adds: ``adds = coef * value``."""

    feature: str
    value: float
    coef: float

    @property
    def adds(self) -> float:
        """In units of the target."""
        return self.coef * self.value


@dataclass(frozen=True)
class Outcome:
    """What a sum comes to, where it is not itself the prediction.

    Attributes
    ----------
    says : str
        "probability 0.812", "hazard 2.10 times the average", or the name of the target.
    mean : float
        The probability, the hazard ratio, or the prediction of a number.
    levels : tuple of str
        The classes, the positive one last; empty for others.
    told : str
        Of survival times, what the table says.
    """

    says: str
    mean: float
    levels: tuple[str, ...] = ()
    told: str = ""

    @classmethod
    def of(cls, target: Target, loss: AnyLoss, mean: float, told: str = "") -> Outcome:
        """In the words of the loss."""
        if target.event:
            return cls(f"hazard {figures(mean)} times the average", mean, told=told or "nothing")
        if not loss.of_classes:
            return cls(target.name, mean)
        kind = "probability" if loss.link == "logit" else "score from 0 to 1"
        return cls(f"{kind} {amount(mean, 3)}", mean, target.levels)

    def text(self, places: int) -> str:
        """As it stands behind the sum."""
        whole = self.levels or self.told
        return self.says if whole else f"{self.says} = {figures(self.mean, places)}"

    def spoken(self, actual: float) -> str:
        """What the table says, in the same words."""
        if self.told:
            return self.told
        return self.levels[int(actual)] if self.levels else figures(actual)


@dataclass(frozen=True)
class Sum:
    """The prediction of one row, term by term.

    Attributes
    ----------
    where : str
        The row, as in ``row 3 of new.csv``.
    target : str
    intercept : float
    terms : sequence of Term
        Kept features only.
    actual : float or None
        What the table says, if it has the target.
    outcome : Outcome or None
        What the sum comes to, where it is a logarithm or log-odds; `target` then names the sum.
    start : str
        What the sum starts from.
    """

    where: str
    target: str
    intercept: float
    terms: Sequence[Term]
    actual: float | None = None
    outcome: Outcome | None = None
    start: str = "intercept"

    @property
    def prediction(self) -> float:
        """Intercept plus all terms."""
        return self.intercept + sum(term.adds for term in self.terms)

    @property
    def largest_first(self) -> list[Term]:
        """Terms that add something."""
        return sorted((t for t in self.terms if t.adds), key=lambda t: -abs(t.adds))

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; all terms, those of value 0 included."""
        terms = sorted(self.terms, key=lambda t: -abs(t.adds))
        return {
            "adds_up_to": self.target,
            "prediction": self.outcome.mean if self.outcome else self.prediction,
            "sum": self.prediction,
            "actual": self.actual,
            "intercept": self.intercept,
            "terms": [
                {"feature": t.feature, "value": t.value, "coef": t.coef, "adds": t.adds}
                for t in terms
            ],
        }


def render(found: Sum, page: Page) -> list[str]:
    """A heading, a line per term, the sum."""
    terms = found.largest_first
    largest = max(abs(found.intercept), abs(found.prediction), *(abs(t.adds) for t in terms), 0.0)
    places = decimals_of(largest) + 1
    names = [shorten(clean(t.feature), page.width // 3, page.glyphs.ellipsis) for t in terms]
    values = [f"{t.value:g}" for t in terms]
    coefs = [f"x {_signed(figures(t.coef, 4))}" for t in terms]
    adds = [amount(t.adds, places, signed=True) for t in terms]
    ends = [amount(found.intercept, places), amount(found.prediction, places)]
    cells = [
        [left(text, max(map(width, [*names, found.start]))) for text in names],
        _column(values),
        _column(coefs),
        [right(text, max(map(len, [*adds, *ends]))) for text in adds],
    ]
    lines = [_GAP + _GAP.join(line) for line in zip(*cells, strict=True)]
    edge = max(map(width, lines), default=len(_GAP) + len(found.start) + 2 + max(map(len, ends)))

    def total(label: str, text: str) -> str:
        return f"{_GAP}{label}{right(text, edge - len(_GAP) - len(label))}"

    said = f"{found.where}: {found.target} = {amount(found.prediction, places)}"
    if found.outcome:
        said += f", {found.outcome.text(4)}"
    return [
        *page.wrap(clean(said + _compared(found, places))),
        total(found.start, ends[0]),
        *lines,
        *_silent(found, terms),
        total("sum", ends[1]),
    ]


def _column(texts: list[str]) -> list[str]:
    cells = max(map(len, texts), default=0)
    return [right(text, cells) for text in texts]


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"


def _compared(found: Sum, places: int) -> str:
    if found.actual is None or found.actual != found.actual:
        return ""
    if found.outcome:
        return f" (the table says {found.outcome.spoken(found.actual)})"
    return f" (the table says {amount(found.actual, places)})"


def _silent(found: Sum, shown: Sequence[Term]) -> list[str]:
    silent = len(found.terms) - len(shown)
    adds = "adds" if silent == 1 else "add"
    said = f"{_GAP}{count(silent, 'kept feature')} of value 0 {adds} nothing"
    return [said] if silent else []
