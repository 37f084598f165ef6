"""The waterfall: who already earns what a cut feature would earn alone."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from excise.explain.ledger import Ledger, LedgerRow
from excise.explain.why import Why
from excise.explain.words import amount, count, listing
from excise.model import Model
from excise.report.axes import SMALL, Area
from excise.report.chart import NARROW, WIDE, Chart, Size, Table
from excise.report.scales import Scale
from excise.report.svg import element, figure, join, line, shorten, text, text_width

QUESTION = "Who already earns it?"
MOST_STEPS = 8
STEP = 34.0
"""Height of one row of the waterfall."""


class Step(NamedTuple):
    """One bar from `start` to `end`, with what it is called and the class that draws it."""

    label: str
    start: float
    end: float
    class_: str

    @property
    def change(self) -> float:
        """Signed length."""
        return self.end - self.start


def most_interesting(model: Model, ledger: Ledger) -> LedgerRow | None:
    """The cut feature nearest to staying among those that alone would earn more than their tax."""
    cut = [
        row
        for j, row in enumerate(ledger)
        if row.status in ("cut", "borderline") and model.books.position(j) is not None
    ]
    would_pay = [row for row in cut if row.earns_alone > row.tax]
    return max(would_pay, key=lambda row: row.earns, default=None)


def waterfall_chart(model: Model, ledger: Ledger, *, both: bool = True) -> Chart:
    """The chart for the most interesting cut feature, or a sentence when there is none."""
    row = most_interesting(model, ledger)
    if row is None or not model.n_kept:
        return Chart("waterfall", QUESTION, _no_answer(model, ledger))
    why = model.why(row.feature)
    if not isinstance(why, Why) or not why.shares:
        return Chart("waterfall", QUESTION, _no_answer(model, ledger))
    places = ledger.decimals
    summary = answer(why, places)
    steps = steps_of(why)
    wide = draw(why, steps, places, WIDE, "waterfall-wide", summary)
    narrow = draw(why, steps, places, NARROW, "waterfall-narrow", summary) if both else None
    return Chart("waterfall", QUESTION, summary, wide, narrow, _table(why, places), _twins(why))


def _no_answer(model: Model, ledger: Ledger) -> str:
    if not model.n_kept:
        return "Nothing is kept, so nobody earns what another would."
    if len(ledger.kept) == len(ledger):
        return "Every feature is kept: there is no zero to explain."
    return "No cut feature would earn its tax even alone: nobody else earns it for them."


def answer(why: Why, places: int) -> str:
    """What it would earn alone, who already earns how much of that, and what is left."""
    earned, left = why.alone - why.left, amount(abs(why.left), places)
    turned = why.left < 0.0
    return (
        f"Alone, {why.feature} would earn {amount(why.alone, places)}; {_earners(why)} already "
        f"earn {amount(earned, places)}{', more than that' if turned else ' of it'}. "
        f"What is left, {left}{' the other way' if turned else ''}, is under the tax of "
        f"{amount(why.tax, places)}: the coefficient is exactly zero."
    )


def _earners(why: Why) -> str:
    """The kept features, the three largest by name."""
    most = listing([name for name, share in why.shares[:3] if share > 0.0])
    return f"the kept features, mostly {most}," if most else "the kept features"


def steps_of(why: Why) -> list[Step]:
    """From what it earns alone, down (or up) by each share, to what is left: it adds up."""
    steps = [Step(f"{why.feature} alone", 0.0, why.alone, "alone")]
    level = why.alone
    shown = why.shares if len(why.shares) <= MOST_STEPS else why.shares[: MOST_STEPS - 1]
    for name, share in shown:
        steps.append(Step(name, level, level - share, "share" if share >= 0.0 else "adds"))
        level -= share
    if rest := why.shares[len(shown) :]:
        share = sum(amount for _, amount in rest)
        label = f"{len(rest):,} others"
        steps.append(Step(label, level, level - share, "share" if share >= 0.0 else "adds"))
    return [*steps, Step(f"left for {why.feature}", 0.0, why.left, "left")]


def draw(why: Why, steps: list[Step], places: int, size: Size, name: str, summary: str) -> Markup:
    """The picture at one size: a row per step, the tax as a vertical line."""
    narrow = size[0] < WIDE[0] / 2
    labels = [shorten(step.label, SMALL, 84.0 if narrow else 180.0) for step in steps]
    left = 16.0 + max(text_width(label, SMALL) for label in labels)
    value_room = 16.0 + max(text_width(_change(step, places), SMALL) for step in steps)
    height = 36.0 + STEP * len(steps) + 34.0
    area = Area.inside((size[0], height), left=left, right=value_room, top=36.0, bottom=34.0)
    reach = [0.0, why.tax, -why.tax if why.left < 0.0 else 0.0]
    reach += [value for step in steps for value in (step.start, step.end)]
    x = Scale((min(reach), max(reach)), area.across)
    at_tax = x(-why.tax if why.left < 0.0 else why.tax)
    rows = [
        _row(step, label, area, x, area.top + STEP * (i + 0.5), _change(step, places), at_tax)
        for i, (step, label) in enumerate(zip(steps, labels, strict=True))
    ]
    joins = [
        line(x(step.end), area.top + STEP * (i + 0.78), x(step.end), area.top + STEP * (i + 1.22),
             "join")
        for i, step in enumerate(steps[:-1])
    ]  # fmt: skip
    return figure(
        size[0],
        height,
        line(x(0.0), area.top - 4, x(0.0), area.bottom, "zero"),
        *joins,
        *rows,
        _tax_line(area, at_tax, f"tax {amount(why.tax, places)}"),
        name=name,
        title=f"{QUESTION} {why.feature}",
        text=summary,
    )


def _row(
    step: Step, label: str, area: Area, x: Scale, middle: float, value: str, at_tax: float
) -> Markup:
    """Name, bar and value; a value that the tax line would cross moves to the line's right."""
    low, high = sorted((x(step.start), x(step.end)))
    beside = high + 7
    if beside - 3 < at_tax < beside + text_width(value, SMALL):
        beside = at_tax + 7
    return join([
        text(area.left - 10, middle + 4, label, "name", "end"),
        element("rect", x=low, y=middle - STEP * 0.28, width=max(high - low, 1.0),
                height=STEP * 0.56, class_=f"step {step.class_}"),
        text(beside, middle + 4, value, "value"),
    ])  # fmt: skip


def _change(step: Step, places: int) -> str:
    if step.class_ in ("alone", "left"):
        return amount(abs(step.change), places)
    return amount(step.change, places, signed=True).replace("-", "\N{MINUS SIGN}")


def _tax_line(area: Area, at: float, label: str) -> Markup:
    """The tax, on the side that what is left lies on."""
    half = text_width(label, SMALL) / 2
    middle = min(max(at, half), area.width - half)
    return join([
        line(at, area.top - 10, at, area.bottom + 8, "tax"),
        text(middle, area.bottom + 24, label, "tax-label", "middle"),
    ])  # fmt: skip


def _twins(why: Why) -> str:
    """Columns so alike that one may stand in for the other."""
    if not why.twins:
        return ""
    words = [f"{name} (r {amount(r, 2)})" for name, r in why.twins[:6]]
    more = f" and {count(len(why.twins) - 6, 'more column')}" if len(why.twins) > 6 else ""
    return f"Twins of {why.feature}, columns with |r| above 0.7: {', '.join(words)}{more}."


def _table(why: Why, places: int) -> Table:
    shares = (
        (f"already earned by {name}", amount(-share, places, signed=True))
        for name, share in why.shares
    )
    rows = (
        (f"{why.feature} alone", amount(why.alone, places)),
        *shares,
        ("left", amount(why.left, places)),
        ("tax", amount(why.tax, places)),
    )
    return Table(f"The account of {why.feature}", ("", "amount"), rows)
