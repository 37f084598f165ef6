"""The flags of `excise fit`, as one checked record and as command-line options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from excise.catalog import CONCAVE_NAMES, LOSS_NAMES
from excise.cli.options import (
    Auto,
    LossType,
    Names,
    Option,
    Pairs,
    PenaltyType,
    Rule,
    RuleType,
    ScheduleType,
    reading_options,
)
from excise.exceptions import UsageError

if TYPE_CHECKING:
    from excise.schedules import Schedule

TASKS = {"number": "a number", "class": "a class", "survival": "survival times"}
"""What a person calls each kind of target."""


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """What a person asked `fit` for; see ``excise fit --help``."""

    table: str
    target: str
    task: Literal["auto", "number", "class", "survival"]
    loss: str | None
    positive: str | None
    drop: tuple[str, ...]
    only: tuple[str, ...]
    keep: tuple[str, ...]
    tax: tuple[tuple[str, str], ...]
    weights: str | None
    offset: str | None
    group: str | None
    time: str | None
    entry: str | None
    strata: str | None
    missing: Literal["impute", "drop", "error"]
    penalty: str
    whole_categories: bool
    grouped: bool
    schedule: Schedule | None
    no_scale: bool
    nonnegative: bool
    rule: Rule
    folds: int
    repeats: int
    test: str | None
    seed: int
    stability: int
    grid: int
    ratio: float | None
    tol: float
    sep: str | None
    decimal: str | None
    encoding: str | None
    na: str | None
    sample: int | None
    output: str | None
    no_model: bool
    no_report: bool
    private: bool
    open_report: bool
    limit: int
    sort: Literal["earns", "name", "file"]
    strict: bool
    dry_run: bool
    force: bool

    def __post_init__(self) -> None:
        self._check_loss()
        if self.group and self.time:
            raise UsageError("--group and --time both decide the folds", remedy="one of them")
        if self.grouped and self.nonnegative:
            fact = "--grouped and --nonnegative: a feature in or out for all classes has no sign"
            raise UsageError(fact, remedy="one of them")
        self._check_penalty()
        if self.weights == self.target:
            raise UsageError("the weights are the target itself", remedy="another --weights")

    def _check_loss(self) -> None:
        """Refuse a loss and a task that contradict each other."""
        if self.task == "number" and self.positive is not None:
            raise UsageError("--positive names a class, but --task is number", remedy="one of them")
        if self.loss is None or self.task == "auto":
            return
        fitting = LOSS_NAMES[self.task]
        if self.loss.partition(":")[0] not in fitting:
            name = self.loss.partition(":")[0]
            what = TASKS[self.task]
            raise UsageError(
                f"--loss {self.loss} does not fit {what}",
                [f"losses of {what}: {', '.join(fitting)}"],
                f"--task {next(task for task, names in LOSS_NAMES.items() if name in names)}",
            )

    @property
    def concave(self) -> bool:
        """Whether the penalty is one that fades."""
        return self.penalty.partition(":")[0] in CONCAVE_NAMES

    def _check_penalty(self) -> None:
        """Refuse flags that a penalty beside the elastic net cannot go with."""
        if self.whole_categories:
            asked = "--whole-categories"
        elif self.concave:
            asked = f"--penalty {self.penalty}"
        else:
            return
        if self.schedule is not None:
            fact = f"{asked} and --schedule: the stages of a schedule are weighted elastic nets"
            raise UsageError(fact, remedy="one of them")
        if self.nonnegative:
            fact = f"{asked} and --nonnegative: no bounds are kept there"
            raise UsageError(fact, remedy="one of them")
        if self.whole_categories and (self.concave or self.penalty == "ridge"):
            why = "a group pays one tax for all its columns, which does not fade"
            why = why if self.concave else "a ridge cuts nothing"
            fact = f"--whole-categories and --penalty {self.penalty}: {why}"
            raise UsageError(fact, remedy="--whole-categories alone, or with --penalty elastic:0.5")

    @property
    def reserved(self) -> tuple[str, ...]:
        """Columns with another part to play than that of a feature."""
        named = (self.weights, self.group, self.time)
        return tuple(name for name in named if name is not None)

    @property
    def taxes(self) -> dict[str, float]:
        """Factor on the tax by column."""
        try:
            return {name: float(factor) for name, factor in self.tax}
        except ValueError:
            said = ",".join(f"{name}={factor}" for name, factor in self.tax)
            fact = f"--tax {said}: a factor is not a number"
            raise UsageError(fact, remedy="--tax col=2.0") from None

    @property
    def test_share(self) -> float | None:
        """The share of rows to hold back; None when --test is off or names a file."""
        try:
            share = float(self.test or "")
        except ValueError:
            return None
        if not 0.0 < share < 1.0:
            fact = f"--test {self.test}: a share lies between 0 and 1"
            raise UsageError(fact, remedy="--test 0.2")
        return share

    @property
    def test_file(self) -> str | None:
        """The table to score; None when --test is off or a share."""
        return self.test if self.test and self.test_share is None else None

    @property
    def stem(self) -> str:
        """What the names of the written files begin with."""
        if self.output:
            return self.output.removesuffix(".excise.json").removesuffix(".report.html")
        return "table" if self.table == "-" else Path(self.table).stem

    @property
    def model_path(self) -> Path | None:
        """Where the model goes."""
        return None if self.no_model else Path(f"{self.stem}.excise.json")

    @property
    def report_path(self) -> Path | None:
        """Where the report goes."""
        return None if self.no_report else Path(f"{self.stem}.report.html")


_COLUMNS = "Columns of the table"
_MODEL = "Model"
_CHOICE = "Choice of the penalty"
_READING = "Reading"
_FILES = "Files"
_SHOWN = "Shown"

Row = tuple[str, tuple[str, ...], dict[str, Any]]
_NATURAL = click.IntRange(0)


def _option(section: str, *names: str, **kwargs: Any) -> Row:
    return section, names, kwargs


_OPTIONS: tuple[Row, ...] = (
    _option(_COLUMNS, "--drop", type=Names(), help="Leave out (globs: 'id*')."),
    _option(_COLUMNS, "--only", type=Names(), help="Use no others (globs)."),
    _option(_COLUMNS, "--keep", type=Names(), help="Free of tax: always in the model."),
    _option(_COLUMNS, "--tax", type=Pairs("COL=2.0,..."), help="Multiply the tax of a column."),
    _option(_COLUMNS, "--weights", metavar="COL", help="Weight of each row."),
    _option(_COLUMNS, "--offset", metavar="COL",
            help="Added to the predictor of each row as it is; of counts the log of exposure."),
    _option(_COLUMNS, "--group", metavar="COL", help="Rows of a group share a fold."),
    _option(_COLUMNS, "--time", metavar="COL", help="Folds go forward in time."),
    _option(_COLUMNS, "--entry", metavar="COL",
            help="Of TIME,EVENT: rows are at risk after this time only."),
    _option(_COLUMNS, "--strata", metavar="COL",
            help="Of TIME,EVENT: rows are compared within their stratum."),
    _option(_COLUMNS, "--missing", type=click.Choice(["impute", "drop", "error"]),
            default="impute",
            help="Median or mode plus a column 'x is missing'; or drop such rows; or stop."),
    _option(_MODEL, "--task", type=click.Choice(["auto", *TASKS]), default="auto",
            help="Kind of target (auto: two words are classes, TIME,EVENT is survival, all else "
            "numbers; number: two columns are responses, never TIME,EVENT)."),
    _option(_MODEL, "--loss", type=LossType(),
            help="Of a number: " + ", ".join(LOSS_NAMES["number"]) + " (default: squared). "
            "Of a class: " + ", ".join(LOSS_NAMES["class"]) + " (default: logistic; of three "
            "classes or more multinomial). "
            "Of TIME,EVENT: cox, cox:efron (default: cox)."),
    _option(_MODEL, "--positive", metavar="LABEL",
            help="The class whose probability is fitted (default: yes or true, else the rarer); "
            "of TIME,EVENT the value that says that the event came."),
    _option(_MODEL, "--grouped", is_flag=True,
            help="Of three classes or more: a feature is in or out for all of them together."),
    _option(_MODEL, "--penalty", type=PenaltyType(), default="l1",
            help="Kind of penalty. mcp:3, scad:3.7, log:0.1 and lq:0.5 tax a coefficient less the "
            "larger it is (squared loss)."),
    _option(_MODEL, "--whole-categories", is_flag=True,
            help="A category is in or out with all its levels."),
    _option(_MODEL, "--schedule", type=ScheduleType(),
            help="Penalties one after another: prune:0 fits the survivors again without tax, "
                 "prune:0,0.5,1 lets cross-validation choose how much they pay; adaptive:ridge:1, "
                 "reweighted:3, mcp:3, scad:3.7, log, lq:0.5; adaptive:marginal+prune:0 is both."),
    _option(_MODEL, "--no-scale", is_flag=True, help="Tax the columns in their own units."),
    _option(_MODEL, "--nonnegative", is_flag=True, help="No coefficient below zero."),
    _option(_MODEL, "--tol", type=click.FloatRange(0, 1, min_open=True), default=1e-8,
            metavar="GAP", help="Largest duality gap over the null loss that counts as solved."),
    _option(_CHOICE, "--rule", type=RuleType(), default="1se",
            help="Highest penalty within one standard error of the best, the best, N features, "
            "or a penalty."),
    _option(_CHOICE, "--folds", type=click.IntRange(2), default=10, metavar="K",
            help="Folds of the cross-validation."),
    _option(_CHOICE, "--repeats", type=click.IntRange(1), default=1, metavar="N",
            help="Cross-validations with other folds."),
    _option(_CHOICE, "--test", metavar="0.2|FILE", help="Hold rows back, or score another file."),
    _option(_CHOICE, "--seed", type=_NATURAL, default=0, metavar="N", help="Of all that is drawn."),
    _option(_CHOICE, "--stability", type=_NATURAL, default=100, metavar="N",
            help="Half-samples for 'picked'; 0 is off."),
    _option(_CHOICE, "--grid", type=click.IntRange(2, 10_000), default=100, metavar="N",
            help="Penalties tried."),
    _option(_CHOICE, "--ratio", type=Auto(), default="auto",
            help="Lowest penalty over the highest."),
    _option(_READING, "--sample", type=click.IntRange(1), metavar="N", help="Use N random rows."),
    _option(_FILES, "-o", "--output", metavar="NAME", help="Stem of the files (default: table's)."),
    _option(_FILES, "--no-model", is_flag=True, help="Write no model file."),
    _option(_FILES, "--no-report", is_flag=True, help="Write no report."),
    _option(_FILES, "--private", is_flag=True,
            help="No rows in the files, and no curves whose steps are rows: ROC, survival."),
    _option(_FILES, "--open", "open_report", is_flag=True, help="Open the report in a browser."),
    _option(_FILES, "--force", is_flag=True, help="Overwrite files of other programs."),
    _option(_SHOWN, "--limit", type=_NATURAL, default=20, metavar="ROWS",
            help="Rows of the ledger; 0 shows all."),
    _option(_SHOWN, "--sort", type=click.Choice(["earns", "name", "file"]), default="earns",
            help="Order of the ledger."),
    _option(_SHOWN, "--strict", is_flag=True, help="Exit with 4 when there are warnings."),
    _option(_SHOWN, "--dry-run", is_flag=True, help="Only say what would be done."),
)  # fmt: skip


def fit_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags of `FitOptions` (all but table and target)."""
    function = reading_options(function)
    for section, names, kwargs in reversed(_OPTIONS):
        shown = "default" in kwargs
        option = click.option(*names, cls=Option, section=section, show_default=shown, **kwargs)
        function = option(function)
    return function
