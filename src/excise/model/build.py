"""From a cross-validated path to a model record: books, events, stability, decoys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise._version import __version__
from excise.exceptions import InputTypeError
from excise.explain import Books, CVRecord, Point, Proof
from excise.explain.baseline import baseline_of
from excise.explain.books import FULL_GRAM, keeps_accounts
from excise.explain.decoys import comparable
from excise.explain.decoys import decoys as find_decoys
from excise.explain.entries import entries_of
from excise.explain.grid import Grid, grid_of
from excise.explain.judge import Judge
from excise.explain.rows import Rows, standardise
from excise.explain.scheduled import stages_of, starts_plain
from excise.explain.stability import stability as find_stability
from excise.explain.words import figures
from excise.losses import task_of
from excise.model.arrays import rounded, symmetric, triangle
from excise.model.encode import EXACT_GRAM
from excise.model.judged import judged
from excise.model.parts import Column, Followup, PathRecord, Penalty, Target, outputs_of
from excise.model.record import Model
from excise.problem import Problem
from excise.results import CrossValidation, Floats, Path, Solution, SparseColumns, Status
from excise.scores import label_of

LOOSE = 1e-6
"""A relative gap of a training fold that could move its score."""
MOST_TIMES = 10_000
"""Times of events that the baseline of a model file has."""
LEAK = 0.99
"""A column that alone explains this much of the target may be the target in disguise."""


def build_model(
    cv: CrossValidation,
    *,
    columns: Sequence[Column] | None = None,
    target: str | Target = "y",
    encoding: dict[str, Any] | None = None,
    stability: int = 100,
    decoys: int = 200,
    seed: int = 0,
    settings: dict[str, Any] | None = None,
    alpha: float | None = None,
    n_features: int | None = None,
    warnings: Sequence[str] = (),
    judge: Judge | None = None,
) -> Model:
    """Everything a fit leaves behind.

    Parameters
    ----------
    cv : CrossValidation
        Its path holds the problem (rows, weights, penalty).
    columns : sequence of Column, optional
        One per encoded feature: name, kind, source, levels, fill, unit; mean, scale, penalty
        weight and bounds are filled in here. Default: numbers, named as in the data.
    target : str or Target
    encoding : dict, optional
        The recipe of the table's encoder, kept as it is.
    stability, decoys : int
        Half-samples and shuffles; 0 switches them off.
    seed : int
    settings : dict, optional
        How it was made, as JSON allows; ``table`` (file name) lets `why` suggest a command.
    alpha : float, optional
        A penalty chosen otherwise; default the choice of `cv`.
    n_features : int, optional
        Choose the first penalty of the path that keeps so many features.
    warnings : sequence of str
    judge : callable, optional
        What else there is to say of classes, survival times or several responses (see
        `excise.explain.judge`).
    """
    path = cv.path
    problem: Problem = path.problem
    rows = Rows.of(problem, path.mean, path.scale)
    named = columns or [Column(name) for name in _names(problem)]
    record = PathRecord(
        alphas=path.alphas,
        coefs_std=_for_drawing(path.columns_std),
        events=tuple(entries_of(path)),
        outputs=path.outputs,
    )
    chosen, rule = _chosen(cv, record, alpha, n_features)
    books = make_books(rows, path, (chosen, cv.alpha_min, cv.alpha_1se))
    solutions = [path.at(a) for a in dict.fromkeys((chosen, cv.alpha_min, cv.alpha_1se))]
    point, *saved = (_point(solution, books) for solution in solutions)
    falling = np.array(sorted({p.alpha for p in (point, *saved)}, reverse=True))
    model = Model(
        target=_named(target if isinstance(target, Target) else Target(target), problem),
        columns=tuple(_described(named, books)),
        n_rows=len(rows.used()),
        point=point,
        rule=rule,
        alpha_min=cv.alpha_min,
        alpha_1se=cv.alpha_1se,
        alpha_max=path.alpha_max,
        penalty=Penalty.of(problem),
        standardize=problem.standardize,
        fit_intercept=problem.fit_intercept,
        path=record,
        cv=_curve(cv, rows),
        books=books,
        saved=tuple(saved),
        stability=find_stability(rows, falling, stability, seed) if stability else None,
        decoys=find_decoys(rows, _untaxed(rows, path), decoys, seed)
        if decoys and comparable(problem) and starts_plain(problem, point)
        else None,
        encoding=_plain(encoding, "encoding"),
        settings=_plain({"seed": seed, **(settings or {})}, "settings"),
        fingerprints=_fingerprints(problem),
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        software=f"excise {__version__}",
        task=task_of(problem.loss),
        loss=problem.loss.spec,
        followup=None if problem.survival is None else _followup(rows, point),
        schedule="" if problem.schedule is None else str(problem.schedule),
    )
    if not model.solvable and not problem.schedule:
        model = replace(model, grid=_grid(path))
    if solutions[0].status is Status.UNSETTLED:
        warnings = (*warnings, f"schedule {model.schedule}: {Status.UNSETTLED.value}")
    said = (*warnings, *fit_warnings(model, problem.tol), *fold_warnings(cv))
    model = replace(model, warnings=said)
    return model if judge is None else judged(model, judge(falling, chosen))


def _chosen(
    cv: CrossValidation, record: PathRecord, alpha: float | None, n_features: int | None
) -> tuple[float, str]:
    """The penalty, and the rule that chose it."""
    if n_features is not None:
        from excise.model.choose import alpha_keeping

        problem = cv.path.problem
        on_grid = problem.schedule or problem.penalty
        found = replace(record, events=()) if on_grid else record
        return alpha_keeping(found, n_features), "n_features"
    return (cv.alpha_, cv.rule) if alpha is None else (float(alpha), "alpha")


def make_books(rows: Rows, path: Path, alphas: Sequence[float]) -> Books:
    """The moments of all columns, or of the block that enters first."""
    problem = rows.problem
    block, floor = _block(rows, path, min(alphas))
    moments = rows.moments(block, rows.used(), max(1, problem.n // 4096)).sum(axis=0)
    G, q, _ = standardise(moments, problem.centred)
    lower = triangle(G)
    xy = np.zeros((problem.p, *problem.y.shape[1:]))
    if problem.outputs > 1:
        xy[:] = rows.correlate(rows.y * problem.weights[:, None])
    elif len(block) < problem.p:
        xy[:] = rows.correlate((rows.y * problem.weights)[:, None])[:, 0]
    if problem.outputs == 1:
        xy[block] = q
    return Books(
        xy=xy,
        block=block,
        gram=symmetric(lower if len(block) <= EXACT_GRAM else rounded(lower), len(block)),
        mean=path.mean,
        scale=path.scale,
        centre=rows.centre,
        penalty_weight=problem.penalty_weight,
        lower=np.array(problem.lower),
        upper=np.array(problem.upper),
        l1_ratio=problem.l1_ratio,
        standardize=problem.standardize,
        null_loss=path.null_loss,
        floor=floor,
        additive=keeps_accounts(problem.loss, problem.outputs, problem.penalty),
        grouped=problem.grouped,
        penalty=problem.penalty,
    )


def _followup(rows: Rows, point: Point) -> Followup:
    """Events, strata and the baseline of a solution."""
    problem, support = rows.problem, np.flatnonzero(point.coef_std)
    y = problem.survival
    assert y is not None
    base = baseline_of(problem, rows.eta(support, point.coef_std[support]))
    return Followup(
        n_events=int(np.count_nonzero(y.event[rows.used()])),
        levels=() if y.strata is None else tuple(str(one) for one in np.unique(y.strata)),
        baseline=base.thinned(MOST_TIMES),
    )


def _grid(path: Path) -> Grid | None:
    """The whole path, as it will come back from the file."""
    grid = grid_of(path)
    if grid is None:
        return None
    tax = None if grid.tax is None else rounded(grid.tax)
    return replace(grid, earns=rounded(grid.earns), tax=tax)


def _block(rows: Rows, path: Path, alpha: float) -> tuple[NDArray[np.intp], float]:
    """The columns of the Gram matrix, and the lowest alpha of the grid that they suffice for.

    First those that are kept somewhere on the path, by first entry; then those that earn most
    per unit of penalty weight at `alpha`.
    """
    p = rows.problem.p
    if p <= FULL_GRAM:
        return np.arange(p), 0.0
    first = np.full(p, len(path.alphas))
    for k in range(len(path.alphas) - 1, -1, -1):
        first[path.support(k)] = k
    weight = rows.problem.penalty_weight
    earns = path.at(alpha).certificate.verdicts.earns
    earns = earns if earns.ndim == 1 else earns.max(axis=1)
    per_weight = np.divide(earns, weight, out=np.full(p, np.inf), where=weight > 0.0)
    order = np.lexsort((-per_weight, first))
    block, outside = np.sort(order[:FULL_GRAM]), order[FULL_GRAM:]
    missed = int(first[outside].min(initial=len(path.alphas)))
    floor = 0.0 if missed == len(path.alphas) else float(path.alphas[max(missed - 1, 0)])
    return block.astype(np.intp), floor


def _point(solution: Solution, books: Books) -> Point:
    s = solution
    known = books.complete and books.additive
    earns = None if known else s.certificate.verdicts.earns
    spread = np.where(books.scale > 0.0, books.scale, 1.0)
    stages = stages_of(s, spread, earned=not known)
    if stages:  # the same numbers, to the last digit
        stages = (*stages[:-1], replace(stages[-1], coef_std=s.coef_std))
    told = s.certificate.verdicts.tax
    tax = None if books.penalty is None else np.where(np.isfinite(told), told, 0.0)
    proof = Proof.of(s.certificate)
    return Point(s.alpha, s.intercept, s.coef, s.coef_std, proof, earns, stages, tax)


def _for_drawing(coefs: SparseColumns) -> SparseColumns:
    return SparseColumns(coefs.indptr, coefs.indices, rounded(coefs.data), coefs.n_rows)


def _curve(cv: CrossValidation, rows: Rows) -> CVRecord:
    repeats = len(cv.fold_of_row)
    return CVRecord(
        alphas=cv.alphas,
        mean=rounded(cv.mean),
        se=rounded(cv.se),
        train=rounded(cv.train),
        null=float(np.mean(cv.null_folds)),
        null_se=_standard_error(cv.null_folds),
        null_train=_null_train(rows, cv.path),
        n_folds=cv.folds.shape[1] // repeats,
        repeats=repeats,
        n_extensions=cv.n_extensions,
        metric=label_of(None, rows.problem.loss, rows.problem.outputs),
    )


def _null_train(rows: Rows, path: Path) -> float:
    """The error of the intercept alone on the training rows."""
    if rows.squared:
        return float(rows.problem.weights @ np.square(rows.y))
    return 2.0 * path.null_loss


def _standard_error(values: Floats) -> float:
    """Of the mean; in units of the largest value, whose square may leave the range."""
    peak = float(values.max(initial=0.0)) or 1.0
    sd = float(np.std(values / peak, ddof=1)) if len(values) > 1 else 0.0
    return float(peak * sd / np.sqrt(len(values)))


def _untaxed(rows: Rows, path: Path) -> Floats:
    """What the intercept and the features that pay no tax leave of y."""
    free = np.flatnonzero((rows.problem.penalty_weight == 0.0) & (rows.scale > 0.0))
    if len(free) == 0:
        return rows.y
    found = path.at(path.alpha_max * (1.0 + 1e-9))
    centre = found.intercept + rows.mean @ found.coef
    return rows.left(free, found.coef_std[free], centre)


def _named(target: Target, problem: Problem) -> Target:
    """With a name for each of several outputs, and one for the offset."""
    if problem.offset is not None and not target.offset:
        target = replace(target, offset="offset")
    K = problem.outputs
    if K == 1 or len(outputs_of(target, problem.loss)) == K:
        return target
    if problem.loss.of_classes:
        return replace(target, levels=tuple(str(k) for k in range(K)))
    return replace(target, responses=tuple(f"{target.name}{k}" for k in range(K)))


def _names(problem: Problem) -> Sequence[str]:
    return problem.feature_names or [f"x{j}" for j in range(problem.p)]


def _described(columns: Sequence[Column], books: Books) -> list[Column]:
    """The columns with what the fit knows of them."""
    facts = (books.mean, books.scale, books.penalty_weight, books.lower, books.upper)
    return [
        replace(
            column,
            mean=float(mean),
            scale=float(scale),
            penalty_weight=float(weight),
            lower=float(lower),
            upper=float(upper),
        )
        for column, mean, scale, weight, lower, upper in zip(columns, *facts, strict=True)
    ]


def _plain(value: Any, name: str) -> Any:
    """As it will come back from JSON."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InputTypeError(f"{name} must hold plain JSON values", [str(error)]) from None


def _fingerprints(problem: Problem) -> dict[str, str]:
    """Digests that tell whether two models saw the same table; no row can be read from them."""
    text = " ".join(f"{x:.9e}" for x in problem.design.column_sums())
    y = problem.y if problem.survival is None else np.append(problem.survival.time, problem.y)
    return {
        "y": hashlib.sha256(np.asarray(y, dtype="<f8").tobytes()).hexdigest(),
        "column_sums": hashlib.sha256(text.encode("ascii")).hexdigest(),
    }


def fold_warnings(cv: CrossValidation) -> list[str]:
    """What the training folds have to say: nothing, unless one was not solved."""
    if cv.training_gap <= LOOSE:
        return []
    gap = f"{cv.training_gap:.0e}"
    return [f"a training fold was solved to a relative gap of {gap} only; its score may be off"]


def fit_warnings(model: Model, tol: float) -> list[str]:
    """What the fit itself has to say."""
    said = []
    books = model.books
    if books.null_loss > 0.0 and books.additive:
        alone = np.square(books.xy) / (2.0 * books.null_loss)
        for j in np.flatnonzero(alone > LEAK)[:3]:
            name, target = model.columns[j].name, model.target.name
            said.append(
                f"{name} alone explains {alone[j]:.1%} of {target}: is it {target} in disguise?"
            )
    if model.alpha_min <= model.path.alphas[-1] and len(model.path.alphas) > 1:
        low = figures(model.alpha_min)
        said.append(f"the best penalty, {low}, is the last of the grid; a lower one may do better")
    if model.worst_gap > tol and model.penalty.concave:
        off = f"{model.worst_gap:.0e} of alpha_max (asked for {tol:.0e})"
        said.append(f"not stationary: off by {off}; drop columns that nearly repeat others")
    elif model.worst_gap > tol:
        gap = f"{model.worst_gap:.0e} (asked for {tol:.0e})"
        said.append(f"not certified: relative gap {gap}; drop columns that nearly repeat others")
    return said
