"""One word for the whole model, by a published rule, and the notes a reader should see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from excise.choice import EXTENSIONS
from excise.explain.decoys import Decoys
from excise.explain.ledger import Ledger, LedgerRow
from excise.explain.score import CVRecord
from excise.explain.words import amount, count, figures, listing, percent

VerdictCode = Literal[
    "NO SIGNAL", "UNDERFIT", "OVERFIT", "AT EDGE", "DATA-STARVED", "ABOUT RIGHT"
]  # fmt: skip

ROWS_PER_FEATURE = 5
"""Fewer rows than this per kept feature: data-starved."""
RARELY_PICKED = 0.75
"""A kept feature picked less often than this is borderline."""
THIN_MARGIN = 0.15
"""Where stability is off, a kept feature with a margin below this part of the tax is."""
OVERLAP = 0.8
"""Pairs of columns with a correlation above this are noted."""


class Choice(NamedTuple):
    """A penalty somebody could choose, and how many features it keeps."""

    alpha: float
    n_kept: int
    tax: float


def verdict(
    cv: CVRecord,
    chosen: Choice,
    best: Choice,
    one_se: Choice,
    n_rows: int,
    row: str = "row",
) -> tuple[VerdictCode, str]:
    """Code and one plain sentence.

    NO SIGNAL if the best CV error >= that of the mean - 1 SE; UNDERFIT if the chosen CV error >
    best + 1 SE on the high side, OVERFIT on the low side; AT EDGE if the best is the last grid
    point after 2 extensions, or the chosen one lies beyond it; DATA-STARVED if rows < 5 x kept
    (of survival times, events); else ABOUT RIGHT.
    """
    low, here = cv.at(best.alpha), cv.at(chosen.alpha)
    limit = (low.mean + low.se) * (1.0 + 1e-9)
    tax = figures(best.tax)
    if low.mean >= cv.null - low.se:
        alone = "the mean" if cv.score_name == "R2" else "no features"
        return "NO SIGNAL", f"no tax predicts better than {alone} by one standard error"
    if here.mean > limit and chosen.alpha > best.alpha:
        return "UNDERFIT", f"the tax is too high: {_instead(cv, chosen, best)}"
    if here.mean > limit:
        return "OVERFIT", f"the tax is too low: {_instead(cv, chosen, best)}"
    if chosen.alpha < cv.alphas[-1] * (1.0 - 1e-9):
        return "AT EDGE", "this tax is below the lowest that was cross-validated"
    if best.alpha <= cv.alphas[-1] and cv.n_extensions >= EXTENSIONS:
        return "AT EDGE", f"the best tax is the lowest tried, {tax}; a lower one may do better"
    if n_rows < ROWS_PER_FEATURE * chosen.n_kept:
        fewer = f"{count(n_rows, row)} for {count(chosen.n_kept, 'kept feature')}"
        return "DATA-STARVED", f"{fewer}: fewer than {ROWS_PER_FEATURE} {row}s each"
    other = best if chosen.alpha != best.alpha else one_se
    tail = f"; {_instead(cv, chosen, other)}" if other.alpha != chosen.alpha else ""
    return "ABOUT RIGHT", f"{_agreement(cv, chosen.alpha)}{tail}"


def _agreement(cv: CVRecord, alpha: float) -> str:
    score = cv.score(alpha)
    flattery = score.train - score.cv
    if flattery <= max(0.05, 2.0 * score.se):
        return "train and CV agree"
    return f"the training rows score {flattery:.2f} above CV"


def _instead(cv: CVRecord, chosen: Choice, other: Choice) -> str:
    """1.00 would gain 0.02 with 2 more."""
    gain = cv.score(other.alpha).cv - cv.score(chosen.alpha).cv
    how_much = f"{abs(gain):.2f}" if abs(gain) >= 0.005 else "less than 0.01"
    more = other.n_kept - chosen.n_kept
    features = f"{abs(more)} {'more' if more > 0 else 'fewer'}" if more else "as many"
    change = f"{'gain' if gain >= 0 else 'lose'} {how_much}"
    return f"{figures(other.tax)} would {change} with {features}"


def borderline(row: LedgerRow) -> bool:
    """Kept, but rarely picked; where stability is off, kept with a thin margin."""
    if row.status != "kept" or (row.tax <= 0.0 and not row.own_tax):
        return False
    if row.picked is not None:
        return row.picked < RARELY_PICKED
    return row.stage is None and row.tax > 0.0 and row.margin < THIN_MARGIN * row.tax


def notes(
    ledger: Ledger, decoys: Decoys | None, overlaps: Sequence[tuple[str, str, float]]
) -> tuple[str, ...]:
    """What a reader should know beside the ledger, most important first."""
    said = [_borderline_note(ledger, decoys), _overlap_note(overlaps)]
    ties = [row.feature for row in ledger if row.status == "borderline"]
    if ties:
        tie = f"{'earns' if len(ties) == 1 else 'earn'} the tax to within rounding"
        said.append(f"{_some(ties)} {tie}: a tie that could go either way")
    return tuple(note for note in said if note)


def _borderline_note(ledger: Ledger, decoys: Decoys | None) -> str:
    rows = sorted(filter(borderline, ledger), key=lambda row: row.margin)
    if not rows:
        return ""
    over, said = amount(rows[-1].margin, ledger.decimals), []
    if rows[0].stage is None:  # of a schedule it says little: who left did so at another tax
        said = [f"{over} above the tax" if len(rows) == 1 else f"at most {over} above the tax"]
    shares = sorted(row.picked for row in rows if row.picked is not None)
    if shares:
        between = " to ".join(dict.fromkeys((percent(shares[0]), percent(shares[-1]))))
        said.append(f"picked in {between} of half-samples")
    names = _some([row.feature for row in rows])
    note = f"{names} {'is' if len(rows) == 1 else 'are'} borderline: "
    if decoys is None or all((row.enters or 0.0) > decoys.q95 for row in rows):
        return note + " and ".join(said)
    above = sum((row.enters or 0.0) > decoys.q95 for row in ledger.kept)
    top = f"the top {above}" if above > 1 else ("only the first" if above else "none")
    floor = f"and shuffled columns enter at up to {figures(decoys.q95, 2)} (95%): above that"
    return note + ", ".join([*said, f"{floor} {'are' if above > 1 else 'is'} {top}"])


def _overlap_note(overlaps: Sequence[tuple[str, str, float]]) -> str:
    if not overlaps:
        return ""
    pairs = [f"{a} and {b} overlap (r {r:.2f})" for a, b, r in overlaps[:2]]
    more = len(overlaps) - len(pairs)
    rest = f", and so do {count(more, 'more pair')}" if more else ""
    return f'{", ".join(pairs)}{rest}: a zero here can mean "the twin earns it"'


def _some(names: Sequence[str], limit: int = 3) -> str:
    """At most `limit` names, then how many more."""
    hidden = len(names) - limit
    return listing(list(names) if hidden <= 0 else [*names[:limit], f"{hidden} more"])
