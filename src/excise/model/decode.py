"""From the members of a model file to the record, each checked against the others."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from excise.exceptions import ExciseError, InputError, InputTypeError
from excise.explain import Books, CVRecord, Decoys, Point, Proof, Stability
from excise.explain.books import keeps_accounts
from excise.explain.classes import Separation
from excise.explain.grid import Grid
from excise.explain.point import StagePoint
from excise.explain.score import Measure
from excise.losses import AnyLoss, loss_of, task_of
from excise.model.arrays import symmetric
from excise.model.decode_several import Shape, confusion, responses, shape_of
from excise.model.decode_survival import followup, risk_groups
from excise.model.fields import Fields, is_number
from excise.model.parts import TARGET_TEXTS, Column, PathRecord, Penalty, Target
from excise.model.record import Model
from excise.penalties import RECORDED
from excise.penalties import Penalty as Form
from excise.results import Event, Floats, SparseColumns
from excise.verdicts import VerdictKind

KINDS = ("number", "yes/no", "category", "date", "missing")
RULES = ("1se", "min", "alpha", "n_features")


def model(f: Fields) -> Model:
    """The record; raises `InputError` where a member is absent, ill-formed or inconsistent."""
    columns = tuple(_column(c) for c in f.each("columns"))
    p = len(columns)
    if len({column.name for column in columns}) != p or p == 0:
        raise f.wrong("columns", "must have different names, at least one")
    penalty = _penalty(f.fields("penalty"), columns)
    standardize = f.flag("standardize")
    target = _target(f.fields("target"))
    loss = _loss(f)
    shape = shape_of(f, p, target, loss, penalty)
    path = _path(f.fields("path"), shape)
    books = _books(f.fields("books"), columns, penalty, standardize, shape)
    books = replace(
        books,
        additive=keeps_accounts(loss, shape.outputs, penalty.form),
        penalty=penalty.form,
    )
    point = _point(f, shape, penalty.form)
    saved = tuple(_point(one, shape, penalty.form) for one in f.each("saved"))
    schedule = f.text("schedule", "")
    if any(bool(one.stages) != bool(schedule) for one in (point, *saved)):
        raise f.wrong("schedule", "and the 'stages' of every solution must stand together")
    if penalty.form is not None and (schedule or shape.outputs > 1):
        raise f.wrong("penalty", "is of one output, without a schedule")
    return Model(
        target=target,
        columns=columns,
        n_rows=f.count("n_rows", least=1),
        point=point,
        rule=f.word("rule", RULES),
        alpha_min=f.number("alpha_min", 0.0),
        alpha_1se=f.number("alpha_1se", 0.0),
        alpha_max=f.number("alpha_max", 0.0, absent=math.inf),
        penalty=penalty,
        standardize=standardize,
        fit_intercept=f.flag("fit_intercept"),
        path=path,
        cv=_cv(f.fields("cv"), path.alphas),
        books=books,
        saved=saved,
        stability=_stability(f.maybe("stability"), shape.accounts),
        decoys=_decoys(f.maybe("decoys")),
        encoding=recipe.content if (recipe := f.maybe("encoding")) else None,
        settings=_settings(f.fields("settings")),
        fingerprints={
            key: f.fields("fingerprints").text(key) for key in f.fields("fingerprints").content
        },
        warnings=f.texts("warnings"),
        created=f.text("created"),
        software=f.text("software"),
        task=f.word("task", (task_of(loss),)),
        loss=loss.spec,
        grid=_grid(f.maybe("grid"), path, books, shape),
        measures=tuple(_measure(m) for m in f.each("measures")) if f.has("measures") else (),
        separation=_separation(f.maybe("separation"), target.levels),
        confusion=confusion(f.maybe("confusion"), shape, loss),
        risk_groups=risk_groups(f.maybe("risk_groups")),
        followup=followup(f.fields("followup")) if task_of(loss) == "survival" else None,
        schedule=schedule,
        by_response=responses(f, shape, target),
    )


def _target(f: Fields) -> Target:
    further: dict[str, Any] = {key: f.text(key, "") for key in TARGET_TEXTS}
    return Target(f.text("name"), f.texts("levels"), responses=f.texts("responses"), **further)


def _separation(f: Fields | None, levels: tuple[str, ...]) -> Separation | None:
    if f is None or len(levels) != 2:
        return None
    counts = f.numbers("counts", 4)
    if np.any((counts < 0.0) | (counts != np.round(counts))):
        raise f.wrong("counts", "must be numbers of rows")
    false_alarms = f.floats("false_alarms", None, 0.0)
    predicted = f.floats("predicted", None, 0.0)
    return Separation(
        alpha=f.number("alpha", 0.0),
        counts=counts.astype(np.int64).reshape(2, 2),
        false_alarms=false_alarms,
        found=f.floats("found", len(false_alarms), 0.0),
        predicted=predicted,
        observed=f.floats("observed", len(predicted), 0.0),
    )


def _measure(f: Fields) -> Measure:
    figures = (f.number(key, 0.0) for key in ("alpha", "cv", "se", "train", "null"))
    return Measure(f.text("name"), *figures)


def _loss(f: Fields) -> AnyLoss:
    """Version 1.0 knew the squared loss only."""
    spec = f.text("loss", "squared")
    try:
        return loss_of(spec)
    except InputError as error:
        raise f.wrong("loss", f"is no loss: {error.fact}") from None


def _grid(f: Fields | None, path: PathRecord, books: Books, shape: Shape) -> Grid | None:
    if f is None:
        return None
    k, m, drawn = len(path.alphas), shape.accounts, path.coefs_std
    return Grid(
        alphas=path.alphas,
        intercepts=f.floats("intercepts", k * shape.outputs).reshape(k, *shape.each),
        relative_gaps=f.floats("rel_gaps", k, 0.0),
        kkt_violations=f.floats("kkt_violations", k, 0.0),
        columns=SparseColumns(
            drawn.indptr, drawn.indices, f.floats("coefs", len(drawn.indices)), drawn.n_rows
        ),
        earns=f.floats("earns", m * k, 0.0).reshape(m, k),
        scale=books.scale,
        null_loss=books.null_loss,
        outputs=shape.outputs,
        tax=None if books.penalty is None else f.floats("tax", m * k, 0.0).reshape(m, k),
        locally_convex=f.integers("locally_convex", k, 2) > 0 if f.has("locally_convex") else None,
    )


def _settings(f: Fields) -> dict[str, Any]:
    """Free, but for the name of the table, which `Model.command` quotes, and hints, its notes."""
    f.text("table", "")
    f.texts("hints")
    return f.content


def _penalty(f: Fields, columns: tuple[Column, ...]) -> Penalty:
    l1_ratio = f.number("l1_ratio", 0.0)
    if l1_ratio > 1.0:
        raise f.wrong("l1_ratio", "must be at most 1")
    grouped = f.has("grouped") and f.flag("grouped")
    kind = f.word("kind", ("l1", "elastic", "ridge", *RECORDED))
    return Penalty(kind, l1_ratio, grouped, _form(f, kind, columns) if kind in RECORDED else None)


def _form(f: Fields, kind: str, columns: tuple[Column, ...]) -> Form:
    """The penalty of these settings; its own checks say what is wrong with them."""
    try:
        form = RECORDED[kind](**f.fields("settings").content).settled(len(columns), None)
        form.check(np.array([column.penalty_weight for column in columns]), None)
    except (InputError, InputTypeError, TypeError) as error:
        fact = error.fact if isinstance(error, ExciseError) else str(error)
        raise f.wrong("settings", f"make no penalty {kind!r}: {fact}") from None
    return form


def _column(f: Fields) -> Column:
    lower, upper = _bounds(f)
    has_tax = "tax" in f.content
    return Column(
        name=f.text("name"),
        kind=f.word("kind", KINDS),
        source=f.text("source", ""),
        levels=f.texts("levels"),
        fill=f.number("fill") if f.has("fill") else None,
        mean=f.number("mean"),
        scale=f.number("scale", 0.0),
        penalty_weight=f.number("tax", 0.0, absent=math.inf) if has_tax else 1.0,
        lower=lower,
        upper=upper,
        unit=f.text("unit", ""),
    )


def _bounds(f: Fields) -> tuple[float, float]:
    pair = f.content.get("bounds", [None, None])
    if not isinstance(pair, list) or len(pair) != 2:
        raise f.wrong("bounds", "must be two numbers")
    if not all(x is None or is_number(x) for x in pair):
        raise f.wrong("bounds", "must be two finite numbers or null")
    lower, upper = (
        default if x is None else float(x)
        for x, default in zip(pair, (-math.inf, math.inf), strict=True)
    )
    if not lower <= 0.0 <= upper:
        raise f.wrong("bounds", "must have 0 between them")
    return lower, upper


def _point(f: Fields, shape: Shape, form: Form | None) -> Point:
    coef, coef_std = shape.coefs(f, "coef"), shape.coefs(f, "coef_std")
    proof = _proof(f.fields("certificate"), shape)
    if np.any((coef != 0.0) != (coef_std != 0.0)):
        raise f.wrong("coef", "and 'coef_std' have different zeros")
    kept = coef.any(axis=1) if shape.grouped else coef != 0.0
    if np.any(kept != (proof.kinds == VerdictKind.KEPT)):
        raise f.wrong("coef", "and its certificate have different zeros")
    earns = shape.of_accounts(f.floats("earns", shape.accounts, 0.0)) if f.has("earns") else None
    tax = None if form is None else f.floats("tax", shape.p, 0.0)
    if f.has("stages") and shape.outputs > 1:
        raise f.wrong("stages", "are of one output")
    stages = tuple(_stage(one, shape.p) for one in f.each("stages")) if f.has("stages") else ()
    if stages and np.any(stages[-1].coef_std != coef_std):
        raise f.wrong("stages", "end with other coefficients")
    at = f.number("alpha", 0.0), shape.row(f, "intercept")
    return Point(*at, coef, coef_std, proof, earns, stages, tax)


def _stage(f: Fields, p: int) -> StagePoint:
    l1_ratio = f.number("l1_ratio", 0.0)
    if l1_ratio > 1.0:
        raise f.wrong("l1_ratio", "must be at most 1")
    weight = f.floats("weights", p, 0.0)
    weight[f.integers("excluded", below=p)] = np.inf
    kept, coef_std = f.integers("kept", below=p), np.zeros(p)
    coef_std[kept] = f.floats("coef_std", len(kept))
    if np.any(weight[kept] == np.inf):
        raise f.wrong("kept", "holds a feature that the stage excludes")
    earns = f.floats("earns", p, 0.0) if f.has("earns") else None
    gap = f.number("rel_gap", 0.0)
    return StagePoint(
        f.text("name"), f.number("alpha", 0.0), l1_ratio, weight, coef_std, gap, earns
    )


def _proof(f: Fields, shape: Shape) -> Proof:
    groups = f.content.get("twins", [])
    members = [j for group in groups for j in group] if _is_lists(groups) else None
    if members is None or not all(type(j) is int and 0 <= j < shape.p for j in members):
        raise f.wrong("twins", "must be lists of column positions")
    return Proof(
        gap=f.number("gap", 0.0),
        rel_gap=f.number("rel_gap", 0.0),
        max_kkt_violation=f.number("max_kkt_violation", 0.0),
        kinds=shape.of_accounts(
            f.integers("kinds", shape.accounts, len(VerdictKind)).astype(np.uint8)
        ),
        unique=f.flag("unique") if f.has("unique") else None,
        twins=tuple(tuple(group) for group in groups),
        stationary=f.has("stationary") and f.flag("stationary"),
        locally_convex=f.flag("locally_convex") if f.has("locally_convex") else None,
    )


def _is_lists(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, list) for item in value)


def _falling(f: Fields, key: str, size: int | None = None) -> Floats:
    alphas = f.floats(key, size, 0.0)
    if np.any(np.diff(alphas) > 0.0):
        raise f.wrong(key, "must fall")
    return alphas


def _path(f: Fields, shape: Shape) -> PathRecord:
    alphas = _falling(f, "alphas")
    if len(alphas) == 0:
        raise f.wrong("alphas", "must be at least one")
    counts = f.integers("counts", len(alphas), shape.rows + 1)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    indices = f.integers("indices", int(indptr[-1]), shape.rows)
    coefs = SparseColumns(indptr, indices, f.floats("coefs_std", len(indices)), shape.rows)
    return PathRecord(alphas, coefs, _events(f.fields("events"), shape), shape.outputs)


def _events(f: Fields, shape: Shape) -> tuple[Event, ...]:
    alphas = _falling(f, "alphas")
    features = f.integers("features", len(alphas), shape.p)
    enters = f.integers("enters", len(alphas), 2)
    outputs: list[int | None] = [None] * len(alphas)
    if shape.apart and len(alphas):
        outputs = f.integers("outputs", len(alphas), shape.outputs).tolist()
    return tuple(
        Event(float(alpha), int(j), "enters" if into else "leaves", output)
        for alpha, j, into, output in zip(alphas, features, enters, outputs, strict=True)
    )


def _cv(f: Fields, alphas: Floats) -> CVRecord:
    mean, se, train = (f.floats(key, len(alphas), 0.0) for key in ("mean", "se", "train"))
    return CVRecord(
        alphas=alphas,
        mean=mean,
        se=se,
        train=train,
        null=f.number("null", 0.0),
        null_se=f.number("null_se", 0.0),
        null_train=f.number("null_train", 0.0),
        n_folds=f.count("n_folds", least=1),
        repeats=f.count("repeats", 1, least=1),
        n_extensions=f.count("n_extensions", 0),
        metric=f.text("metric"),
    )


def _books(
    f: Fields,
    columns: tuple[Column, ...],
    penalty: Penalty,
    standardize: bool,
    shape: Shape,
) -> Books:
    p = len(columns)
    block = f.integers("block", below=p) if f.has("block") else np.arange(p)
    if np.any(np.diff(block) <= 0):
        raise f.wrong("block", "must rise")
    m = len(block)
    return Books(
        xy=f.floats("xy", shape.rows).reshape(p, *shape.each),
        block=block.astype(np.intp),
        gram=symmetric(f.floats("gram", m * (m + 1) // 2), m),
        mean=np.array([column.mean for column in columns]),
        scale=np.array([column.scale for column in columns]),
        centre=shape.row(f, "centre"),
        penalty_weight=np.array([column.penalty_weight for column in columns]),
        lower=np.array([column.lower for column in columns]),
        upper=np.array([column.upper for column in columns]),
        l1_ratio=penalty.l1_ratio,
        standardize=standardize,
        null_loss=f.number("null_loss", 0.0),
        floor=f.number("floor", 0.0, absent=0.0),
        grouped=shape.grouped,
    )


def _stability(f: Fields | None, p: int) -> Stability | None:
    if f is None:
        return None
    n_samples = f.count("n_samples", least=1)
    alphas = f.content.get("alphas")
    size = len(alphas) if isinstance(alphas, list) else 0
    counts = f.integers("picked", size * p, n_samples + 1)
    picked = counts.reshape(size, p) / n_samples
    return Stability(f.numbers("alphas", size), picked, n_samples, f.count("seed"))


def _decoys(f: Fields | None) -> Decoys | None:
    if f is None:
        return None
    median, q95 = f.number("median", 0.0), f.number("q95", 0.0)
    return Decoys(median, q95, f.count("n_shuffles", least=1), f.count("seed"))
