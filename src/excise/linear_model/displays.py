"""Pictures of a fitted estimator in matplotlib (extra ``plots``), as scikit-learn's displays.

A display is made by ``from_estimator``, drawn by ``plot`` on any axes, and gives its numbers as a
data frame by ``frame``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from excise.exceptions import InputError
from excise.explain.several import SeveralLedger
from excise.explain.words import figures, listing

if TYPE_CHECKING:
    from excise.explain.ledger import LedgerRow
    from excise.linear_model.explained import ExplainedModel
    from excise.model import Model

BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#767676"
PALETTE = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9", VERMILION, "#000000", "#999933")
"""Okabe and Ito's colours; every one comes with a second cue."""
NAMED = len(PALETTE)
"""How many lines of a path are coloured and named; the others are grey."""
MOST_NAMES = 2
"""Classes or responses beside a bar."""


@dataclass(eq=False)
class Display:
    """What the displays share.

    Attributes
    ----------
    model : Model
    library : str
        Of the data frames that `frame` returns.
    ax_, figure_
        Of the last plot.
    """

    model: Model
    library: Any = "polars"

    @classmethod
    def from_estimator(cls, estimator: ExplainedModel) -> Self:
        """Make the display of a fitted estimator.

        Parameters
        ----------
        estimator : SparseRegressor
            Fitted.

        Returns
        -------
        Display
        """
        return cls(estimator.model_, estimator._frame)

    def _axes(self, ax: Any) -> Any:
        """The axes to draw on: the given ones, or new ones that leave room for every label."""
        if ax is None:
            from matplotlib import pyplot

            _, ax = pyplot.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        return ax

    def _frame(self, columns: dict[str, Any]) -> Any:
        import narwhals as nw

        return nw.from_dict(columns, backend=self.library).to_native()

    def _mark_choices(self, ax: Any) -> None:
        """The chosen, best and one-standard-error penalties as lines of their own style."""
        chosen, tax = self.model.alpha, self._tax
        marks = {chosen: f"chosen {figures(tax(chosen))}"}
        for name, alpha in (("best", self.model.alpha_min), ("1-SE", self.model.alpha_1se)):
            marks.setdefault(alpha, f"{name} {figures(tax(alpha))}")
        for (alpha, label), style in zip(marks.items(), ("-", "--", ":"), strict=False):
            ax.axvline(tax(alpha), color=VERMILION, linestyle=style, linewidth=1.0, label=label)

    def _tax(self, alpha: Any) -> Any:
        """An alpha as people read it: times l1_ratio."""
        return alpha * (self.model.penalty.l1_ratio or 1.0)

    def _tax_axis(self, ax: Any) -> None:
        ax.set_xscale("log")
        ax.xaxis.set_inverted(True)
        ax.set_xlabel("tax" if self.model.penalty.l1_ratio else "penalty")


class PathDisplay(Display):
    """When does each feature enter or leave? Coefficients along the path.

    Of several classes or responses those of one of them, or the length of each feature's
    coefficients over all of them.

    Examples
    --------
    >>> import excise
    >>> from excise.linear_model import PathDisplay, SparseRegressor
    >>> data = excise.demo("diabetes").to_numpy()
    >>> model = SparseRegressor().fit(data[:, :10], data[:, 10])
    >>> PathDisplay.from_estimator(model).frame().shape
    (1000, 3)
    """

    def plot(self, ax: Any = None, *, output: str | None = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            New ones if None.
        output : str, default=None
            Of several classes or responses the one whose coefficients are drawn; None draws the
            lengths of each feature's coefficients over all of them.

        Returns
        -------
        PathDisplay
            With `ax_`, `figure_` and `lines_`.

        Raises
        ------
        InputError
            No output of this name.
        """
        coefs, whose = self._drawn(output)
        ax = self._axes(ax)
        taxes = self._tax(self.model.path.alphas)
        order = np.argsort(-np.abs(coefs[:, -1]), kind="stable")
        moving = [int(j) for j in order if np.any(coefs[j])]
        self.lines_ = []
        for rank, j in enumerate(moving):
            colour = PALETTE[rank] if rank < NAMED else GREY
            width = 1.6 if rank < NAMED else 0.6
            self.lines_ += ax.plot(taxes, coefs[j], color=colour, linewidth=width)
            if rank < NAMED:
                name, end = self.model.feature_names[j], (taxes[-1], coefs[j, -1])
                ax.annotate(
                    name, end, (4, 0), textcoords="offset points", va="center", color=colour
                )
        self._tax_axis(ax)
        self._mark_choices(ax)
        ax.axhline(0.0, color=GREY, linewidth=0.6)
        ax.margins(x=0.08)
        ax.set_ylabel(f"{whose} per standard deviation")
        ax.legend(loc="best", frameon=False)
        return self

    def _drawn(self, output: str | None) -> tuple[NDArray[np.float64], str]:
        """A row per feature, and what the numbers are of."""
        model, coefs = self.model, self._coefs
        if not model.outputs:
            if output is not None:
                raise InputError(f"output={output!r}: the model has one output")
            return coefs, model.target.name
        if output is None:
            return np.linalg.norm(coefs, axis=1), f"length over all {model.noun} coefficients"
        if output not in model.outputs:
            raise InputError(
                f"no {model.noun} named {output!r}", [f"they are {listing(model.outputs)}"]
            )
        k = model.outputs.index(output)
        return coefs[:, k], model.predictors[k]

    @property
    def _coefs(self) -> NDArray[np.float64]:
        """Shape (n_features, n_alphas), or (n_features, K, n_alphas) of K outputs."""
        path, K = self.model.path, self.model.path.outputs
        columns = [path.coefs_std.column(k) for k in range(len(path.alphas))]
        flat = np.stack(columns, axis=1).astype(np.float64)
        return flat if K == 1 else flat.reshape(-1, K, len(path.alphas))

    def frame(self) -> Any:
        """The numbers, a row per feature (and class or response) and alpha.

        Returns
        -------
        data frame
            Columns alpha, feature, coef_std, and of several outputs class or response; in the
            library of X.
        """
        alphas, names = self.model.path.alphas, self.model.feature_names
        outputs = self.model.outputs or ("",)
        columns = {
            "alpha": np.tile(alphas, len(names) * len(outputs)).tolist(),
            "feature": [name for name in names for _ in range(len(outputs) * len(alphas))],
            self.model.noun: [one for _ in names for one in outputs for _ in alphas],
            "coef_std": self._coefs.ravel().tolist(),
        }
        if not self.model.outputs:
            del columns[self.model.noun]
        return self._frame(columns)


class CVDisplay(Display):
    """Which penalty predicts best? Held-out and training error along the path."""

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            New ones if None.

        Returns
        -------
        CVDisplay
            With `ax_`, `figure_` and `line_`.
        """
        ax, cv = self._axes(ax), self.model.cv
        taxes = self._tax(cv.alphas)
        (self.line_,) = ax.plot(taxes, cv.mean, color=BLUE, label="cross-validation")
        band = (cv.mean - cv.se, cv.mean + cv.se)
        ax.fill_between(taxes, *band, color=BLUE, alpha=0.2, label="one standard error")
        ax.plot(taxes, cv.train, color=GREY, linestyle="--", label="training rows")
        ax.axhline(cv.null, color=GREY, linestyle=":", label="no features")
        self._tax_axis(ax)
        self._mark_choices(ax)
        ax.set_ylabel(cv.metric)
        ax.legend(loc="best", frameon=False)
        return self

    def frame(self) -> Any:
        """The numbers, a row per alpha.

        Returns
        -------
        data frame
            Columns alpha, mean, se, train; in the library of X.
        """
        cv = self.model.cv
        columns = {"alpha": cv.alphas, "mean": cv.mean, "se": cv.se, "train": cv.train}
        return self._frame({name: values.tolist() for name, values in columns.items()})


class LedgerDisplay(Display):
    """Who stays, and why? What every feature earns, against its tax.

    Of several classes or responses for the one it earns most for.
    """

    def plot(self, ax: Any = None, *, most: int = 30) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, default=None
            New ones if None.
        most : int, default=30
            How many features to show, by falling earnings.

        Returns
        -------
        LedgerDisplay
            With `ax_`, `figure_` and `bars_`.
        """
        whole = self.model.ledger()
        several = whole if isinstance(whole, SeveralLedger) else None
        ledger = (whole.by_feature() if isinstance(whole, SeveralLedger) else whole).sorted("earns")
        ax = self._axes(ax)
        rows = ledger.rows[:most]
        place = np.arange(len(rows))
        kept = np.array([row.coef_std != 0.0 for row in rows])
        self.bars_ = ax.barh(
            place,
            [row.earns for row in rows],
            color=[BLUE if k else "none" for k in kept],
            edgecolor=[BLUE if k else GREY for k in kept],
        )
        ax.scatter([row.tax for row in rows], place, color=VERMILION, marker="|", s=120, zorder=3)
        ax.axvline(ledger.tax, color=VERMILION, linewidth=1.0, label=f"tax {figures(ledger.tax)}")
        ax.set_yticks(place, [f"{row.feature} ({_said(row, several)})" for row in rows])
        ax.yaxis.set_inverted(True)
        ax.set_xlabel("earns")
        hidden = len(ledger) - len(rows)
        ax.set_title(f"{len(rows)} of {len(ledger)} features" if hidden else "", loc="left")
        ax.legend(loc="best", frameon=False)
        return self

    def frame(self) -> Any:
        """The ledger, as `SparseRegressor.ledger` returns it.

        Returns
        -------
        data frame
            In the library of X.
        """
        return self.model.ledger().to_frame(self.library)


def _said(row: LedgerRow, ledger: SeveralLedger | None) -> str:
    """Its status; of several outputs those that it is kept for, the largest first."""
    names = (
        []
        if ledger is None or ledger.grouped
        else [name for name, _ in ledger.speaks_for(row.feature)]
    )
    if not names:
        return row.status
    return ", ".join(names[:MOST_NAMES]) + (
        f", {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    )
