"""The parts of a model record: small frozen objects, each a member of the model file."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.explain.baseline import Baseline
from excise.explain.words import listing
from excise.losses import AnyLoss, Cox, Quantile
from excise.penalties import Penalty as Form
from excise.problem import Problem
from excise.results import Event, Floats, SparseColumns

TARGET_TEXTS = ("event", "happened", "entry", "strata", "offset")
"""What a target may say of itself beside its name, levels and responses."""
MOST_NAMED = 3
"""Responses named in a sentence; of more the first two and how many there are."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is predicted.

    Attributes
    ----------
    name : str
        Of survival times the column of times.
    levels : tuple of str
        Empty for a number; of two classes the second is positive.
    responses : tuple of str
        Names of several responses; empty where there is one.
    event : str
        Of survival times the column that says whether the event came; else empty.
    happened : str
        Its value that says so, where that is not 1, true or yes.
    entry, strata : str
        Columns of late entries and of strata; empty where there are none.
    offset : str
        The column that is added to the predictor as it is; empty where there is none.
    """

    name: str = "y"
    levels: tuple[str, ...] = ()
    event: str = ""
    happened: str = ""
    entry: str = ""
    strata: str = ""
    responses: tuple[str, ...] = ()
    offset: str = ""

    @property
    def argument(self) -> str:
        """As the command line calls it: NAME, or TIME,EVENT, or A,B,C of several responses."""
        return ",".join(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the table that it is made of."""
        return target_columns(self.name, self.event, self.responses)


@dataclass(frozen=True, slots=True)
class Column:
    """One encoded feature.

    Attributes
    ----------
    name : str
        ``bmi``, ``region=North``, ``bmi is missing``.
    kind : str
        "number", "yes/no", "category", "date" or "missing".
    source : str
        The table column it was made from.
    levels : tuple of str
        What 0 and 1 stand for (yes/no), or the level that 1 marks (category).
    fill : float or None
        Value put in for a missing entry.
    mean, scale : float
        Weighted centre and standard deviation on the training rows; scale 0 if constant.
    penalty_weight : float
        Factor on the tax: 0 is tax-free, infinity excludes.
    lower, upper : float
        Bounds of the coefficient.
    unit : str
        Of the column's values, if known.
    """

    name: str
    kind: str = "number"
    source: str = ""
    levels: tuple[str, ...] = ()
    fill: float | None = None
    mean: float = 0.0
    scale: float = 1.0
    penalty_weight: float = 1.0
    lower: float = -np.inf
    upper: float = np.inf
    unit: str = ""

    @property
    def group(self) -> str:
        """The table column it was made from, or its own name."""
        return self.source or self.name

    @property
    def level(self) -> str | None:
        """The level that 1 marks, for a category."""
        return self.levels[-1] if self.kind == "category" and self.levels else None


TITLES = {
    "l1": "L1 (lasso)", "elastic": "elastic net", "ridge": "ridge", "mcp": "MCP", "scad": "SCAD",
    "log": "log-sum", "lq": "L_q", "group": "group lasso", "sparse_group": "sparse group lasso",
    "overlapping_groups": "group lasso of groups that share columns",
}  # fmt: skip
"""What people call each kind of penalty."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """What features pay.

    Attributes
    ----------
    kind : str
        "l1", "elastic" or "ridge"; else the name of `form`.
    l1_ratio : float
    grouped : bool
        On lengths over all of several outputs.
    form : excise.penalties.Penalty or None
        What stands in the place of the elastic net; its groups are numbers of columns.
    """

    kind: str = "l1"
    l1_ratio: float = 1.0
    grouped: bool = False
    form: Form | None = None

    @classmethod
    def of(cls, problem: Problem) -> Penalty:
        """That of a problem."""
        kind = {0.0: "ridge", 1.0: "l1"}.get(problem.l1_ratio, "elastic")
        form = problem.penalty
        named = kind if form is None else form.name
        return cls(named, problem.l1_ratio, problem.grouped, form)

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES.get(self.kind, self.kind)

    @property
    def spec(self) -> str:
        """As in ``--penalty mcp:3``; of groups the kind."""
        return self.kind if self.form is None else self.form.spec

    @property
    def concave(self) -> bool:
        """Whether solutions are stationary points."""
        return self.form is not None and not self.form.convex

    @property
    def word(self) -> str:
        """What people read for its strength: "tax", or "penalty" where nobody has to earn that."""
        is_tax = self.l1_ratio > 0.0 and (self.form is None or self.form.is_tax)
        return "tax" if is_tax else "penalty"

    @property
    def unit(self) -> float:
        """The strength that people read, over alpha."""
        return self.l1_ratio or 1.0


@dataclass(frozen=True, slots=True, eq=False)
class PathRecord:
    """The path as drawn: coefficients per standard deviation on the grid, and every event.

    Attributes
    ----------
    alphas : ndarray, shape (n_alphas,)
        Falling.
    coefs_std : SparseColumns
        A column per alpha, in single precision: for drawing; `Model.at` is exact. Of K outputs
        feature j and output k are in row j K + k.
    events : tuple of Event
        Every entry and exit, by falling alpha.
    outputs : int
        K.
    """

    alphas: Floats
    coefs_std: SparseColumns
    events: tuple[Event, ...] = ()
    outputs: int = 1

    def support(self, k: int) -> NDArray[np.int64]:
        """Features that are kept at ``alphas[k]``."""
        flat = self.coefs_std.support(k)
        return flat if self.outputs == 1 else np.unique(flat // self.outputs)

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many features are kept at each alpha."""
        if self.outputs == 1:
            return np.diff(self.coefs_std.indptr)
        return np.array([len(self.support(k)) for k in range(len(self.alphas))])

    @property
    def crossings(self) -> tuple[Event, ...]:
        """Events of whole features; none where each of several outputs has features of its own."""
        return self.events if self.outputs == 1 else ()


@dataclass(frozen=True, slots=True, eq=False)
class Followup:
    """How survival times were watched.

    Attributes
    ----------
    n_events : int
    levels : tuple of str
        Of the strata, in the order of the baseline's rows; empty without strata.
    baseline : Baseline or None
        That of the solution the model was made at; its times are those of rows, so that it can be
        left out.
    """

    n_events: int
    levels: tuple[str, ...] = ()
    baseline: Baseline | None = None


def target_columns(name: str, event: str, responses: tuple[str, ...]) -> tuple[str, ...]:
    """Columns of the table that a target is made of: one, time and event, or all responses."""
    return responses or ((name, event) if event else (name,))


def outputs_of(target: Target, loss: AnyLoss) -> tuple[str, ...]:
    """Names of several outputs, classes or responses; empty where there is one predictor."""
    return target.levels if loss.targets == "several" else target.responses


def command_of(
    settings: dict[str, Any], target: Target, loss: str, penalty: Penalty, schedule: str
) -> str:
    """The shortest command that makes a model; empty where it was not made from a file."""
    table = settings.get("table")
    if not table:
        return ""
    as_number = len(target.responses) == 2 or (loss == "squared" and len(target.levels) == 2)
    usual = "squared" if as_number else _usual_loss(target)
    elastic = penalty.form is None and penalty.kind == "elastic"
    flags = {
        "task": "number" if as_number else "",
        "loss": "" if loss == usual else loss,
        "positive": target.happened,
        "entry": target.entry,
        "strata": target.strata,
        "offset": target.offset,
        "schedule": schedule,
        "penalty": penalty.spec if penalty.concave or penalty.kind == "ridge" else "",
    }
    if elastic or (penalty.form is not None and penalty.l1_ratio < 1.0):
        flags["penalty"] = f"elastic:{penalty.l1_ratio:g}"
    asked = [word for flag, value in flags.items() if value for word in (f"--{flag}", value)]
    asked += ["--grouped"] * (penalty.grouped and not target.responses)
    asked += ["--whole-categories"] * bool(settings.get("whole_categories"))
    return shlex.join(["excise", "fit", table, target.argument, *asked])


def _usual_loss(target: Target) -> str:
    """What `excise fit` takes for such a target if nobody says otherwise."""
    if target.event:
        return "cox"
    return {0: "squared", 2: "logistic"}.get(len(target.levels), "multinomial")


def joint_name(names: tuple[str, ...]) -> str:
    """What several responses are called together: a, b and c; a, b and 7 more."""
    if len(names) <= MOST_NAMED:
        return listing(names)
    return listing([*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} more"])


def predictor(target: Target, loss: AnyLoss) -> str:
    """What intercept and terms add up to."""
    if isinstance(loss, Cox):
        return f"log hazard ratio of {target.event or target.name}"
    if loss.of_classes:
        label = target.levels[-1] if target.levels else f"{target.name} = 1"
        return f"{'log-odds' if loss.link == 'logit' else 'score'} of {label}"
    if isinstance(loss, Quantile):
        return f"{'median' if loss.q == 0.5 else f'{loss.q:g} quantile'} of {target.name}"
    return f"log of {target.name}" if loss.link == "log" else target.name
