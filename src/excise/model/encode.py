"""From a model record to the members of its file."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from excise.exceptions import InputError
from excise.explain import Books, CVRecord, Decoys, Point, Proof, Stability
from excise.explain.classes import Separation
from excise.explain.confusion import Confusion
from excise.explain.grid import Grid
from excise.explain.point import StagePoint
from excise.explain.responses import RESPONSE_FIGURES, ResponseErrors
from excise.explain.survivors import RiskGroups
from excise.model.arrays import pack, pack_integers, pack_single, triangle
from excise.model.parts import TARGET_TEXTS, Column, Followup, PathRecord, Penalty, Target
from excise.model.record import Model
from excise.penalties import RECORDED
from excise.results import Floats

FORMAT = "excise-model"
VERSION = "1.3"
PLAIN = "1.2"
"""What a file of one output, the elastic net, no schedule and no offset says: older readers know
all of it."""
EXACT_GRAM = 100
"""Up to this many columns the Gram matrix is kept in double precision."""


def members(model: Model) -> dict[str, Any]:
    """Everything but the checksum."""
    newer = model.outputs or model.schedule or model.penalty.form or model.target.offset
    return {
        "format": FORMAT,
        "version": VERSION if newer else PLAIN,
        "software": model.software,
        "created": model.created,
        "task": model.task,
        "loss": model.loss,
        **({"schedule": model.schedule} if model.schedule else {}),
        "target": _target(model.target),
        "n_rows": model.n_rows,
        "rule": model.rule,
        "alpha_min": model.alpha_min,
        "alpha_1se": model.alpha_1se,
        "alpha_max": _finite(model.alpha_max),
        "penalty": _penalty(model.penalty),
        "standardize": model.standardize,
        "fit_intercept": model.fit_intercept,
        "columns": [_column(column) for column in model.columns],
        **_point(model.point),
        "saved": [_point(point) for point in model.saved],
        "path": _path(model.path),
        **({} if model.grid is None else {"grid": _grid(model.grid)}),
        "cv": _cv(model.cv),
        **({"measures": [m._asdict() for m in model.measures]} if model.measures else {}),
        **({"responses": [_responses(r) for r in model.by_response]} if model.by_response else {}),
        **({"separation": _separation(model.separation)} if model.separation else {}),
        **({"confusion": _confusion(model.confusion)} if model.confusion else {}),
        **({"risk_groups": _risk_groups(model.risk_groups)} if model.risk_groups else {}),
        **({"followup": _followup(model.followup)} if model.followup else {}),
        "books": _books(model.books),
        "stability": _stability(model.stability),
        "decoys": _decoys(model.decoys),
        "warnings": list(model.warnings),
        "settings": model.settings,
        "fingerprints": model.fingerprints,
        "encoding": model.encoding,
    }


def _target(target: Target) -> dict[str, Any]:
    further = {key: getattr(target, key) for key in TARGET_TEXTS}
    said = {key: value for key, value in further.items() if value}
    if target.responses:
        said["responses"] = list(target.responses)
    return {"name": target.name, "levels": list(target.levels), **said}


def _penalty(penalty: Penalty) -> dict[str, Any]:
    out = {"kind": penalty.kind, "l1_ratio": penalty.l1_ratio}
    if penalty.grouped:
        out["grouped"] = True
    if (form := penalty.form) is not None:
        if RECORDED.get(form.name) is not type(form):
            raise InputError(f"penalty {form.name!r} has no place in a model file")
        out["settings"] = form.settings
    return out


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _plain(value: Any) -> Any:
    """A number, or a list of numbers of several outputs."""
    return _numbers(value) if np.ndim(value) else value


def _numbers(values: Floats) -> list[float]:
    """A list of numbers, zeros written short."""
    return [float(x) if x else 0 for x in values]


def _by_output(coef: Floats) -> list[Any]:
    """A number per feature; of several outputs such a list for each."""
    return _numbers(coef) if coef.ndim == 1 else [_numbers(one) for one in coef.T]


def _column(column: Column) -> dict[str, Any]:
    """Members that say nothing are left out."""
    plain = Column(column.name)
    out: dict[str, Any] = {"name": column.name, "kind": column.kind}
    if column.source and column.source != column.name:
        out["source"] = column.source
    if column.levels:
        out["levels"] = list(column.levels)
    if column.fill is not None:
        out["fill"] = column.fill
    out |= {"mean": column.mean, "scale": column.scale}
    if column.penalty_weight != plain.penalty_weight:
        out["tax"] = _finite(column.penalty_weight)
    if (column.lower, column.upper) != (plain.lower, plain.upper):
        out["bounds"] = [_finite(column.lower), _finite(column.upper)]
    if column.unit:
        out["unit"] = column.unit
    return out


def _point(point: Point) -> dict[str, Any]:
    out = {
        "alpha": point.alpha,
        "intercept": _plain(point.intercept),
        "coef": _by_output(point.coef),
        "coef_std": _by_output(point.coef_std),
        "certificate": _proof(point.proof),
    }
    if point.earns is not None:
        out["earns"] = pack(point.earns.ravel())
    if point.tax is not None:
        out["tax"] = pack(point.tax)
    if point.stages:
        out["stages"] = [_stage(stage) for stage in point.stages]
    return out


def _stage(stage: StagePoint) -> dict[str, Any]:
    """Weights with 0 for those excluded, which are listed; coefficients without zeros."""
    kept, barred = np.flatnonzero(stage.coef_std), np.isinf(stage.penalty_weight)
    out = {
        "name": stage.name,
        "alpha": stage.alpha,
        "l1_ratio": stage.l1_ratio,
        "rel_gap": stage.rel_gap,
        "weights": pack(np.where(barred, 0.0, stage.penalty_weight)),
        "excluded": pack_integers(np.flatnonzero(barred)),
        "kept": pack_integers(kept),
        "coef_std": pack(stage.coef_std[kept]),
    }
    if stage.earns is not None:
        out["earns"] = pack(stage.earns)
    return out


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "gap": proof.gap,
        "rel_gap": proof.rel_gap,
        "max_kkt_violation": proof.max_kkt_violation,
        "kinds": pack_integers(proof.kinds.ravel()),
        "unique": proof.unique,
        **({"stationary": True} if proof.stationary else {}),
        **({} if proof.locally_convex is None else {"locally_convex": proof.locally_convex}),
        "twins": [list(group) for group in proof.twins],
    }


def _path(path: PathRecord) -> dict[str, Any]:
    coefs, outputs = path.coefs_std, [event.output for event in path.events]
    apart = {} if None in outputs or not outputs else {"outputs": pack_integers(np.array(outputs))}
    return {
        "alphas": pack(path.alphas),
        "counts": pack_integers(np.diff(coefs.indptr)),
        "indices": pack_integers(coefs.indices),
        "coefs_std": pack_single(coefs.data),
        "events": {
            "alphas": pack(np.array([event.alpha for event in path.events])),
            "features": pack_integers(
                np.array([event.feature for event in path.events], dtype=int)
            ),
            "enters": pack_integers(np.array([event.kind == "enters" for event in path.events])),
            **apart,
        },
    }


def _grid(grid: Grid) -> dict[str, Any]:
    """What the path does not say already: its alphas and who is kept stand there."""
    convex = grid.locally_convex
    return {
        "intercepts": pack(grid.intercepts.ravel()),
        "coefs": pack(grid.columns.data),
        "earns": pack_single(grid.earns.ravel()),
        "rel_gaps": pack(grid.relative_gaps),
        "kkt_violations": pack(grid.kkt_violations),
        **({} if grid.tax is None else {"tax": pack_single(grid.tax.ravel())}),
        **({} if convex is None else {"locally_convex": pack_integers(convex)}),
    }


def _responses(found: ResponseErrors) -> dict[str, Any]:
    figures = {key: _numbers(getattr(found, key)) for key in RESPONSE_FIGURES}
    return {"alpha": found.alpha, **figures}


def _separation(found: Separation) -> dict[str, Any]:
    return {
        "alpha": found.alpha,
        "counts": found.counts.ravel().tolist(),
        "false_alarms": pack_single(found.false_alarms),
        "found": pack_single(found.found),
        "predicted": pack_single(found.predicted),
        "observed": pack_single(found.observed),
    }


def _confusion(found: Confusion) -> dict[str, Any]:
    return {
        "alpha": found.alpha,
        "counts": found.counts.ravel().tolist(),
        "predicted": [pack_single(bins) for bins in found.predicted],
        "observed": [pack_single(bins) for bins in found.observed],
    }


def _risk_groups(found: RiskGroups) -> dict[str, Any]:
    return {
        "alpha": found.alpha,
        "rows": found.rows.tolist(),
        "events": found.events.tolist(),
        "times": pack(found.times),
        "observed": pack_single(found.observed.ravel()),
        "expected": pack_single(found.expected.ravel()),
        "at_risk": pack_integers(found.at_risk.ravel()),
    }


def _followup(found: Followup) -> dict[str, Any]:
    out: dict[str, Any] = {"n_events": found.n_events, "levels": list(found.levels)}
    if found.baseline is not None:
        hazard = pack(found.baseline.hazard.ravel())
        out["baseline"] = {"times": pack(found.baseline.times), "hazard": hazard}
    return out


def _cv(cv: CVRecord) -> dict[str, Any]:
    return {
        "metric": cv.metric,
        "mean": pack_single(cv.mean),
        "se": pack_single(cv.se),
        "train": pack_single(cv.train),
        "null": cv.null,
        "null_se": cv.null_se,
        "null_train": cv.null_train,
        "n_folds": cv.n_folds,
        "repeats": cv.repeats,
        "n_extensions": cv.n_extensions,
    }


def _books(books: Books) -> dict[str, Any]:
    packed = pack if len(books.block) <= EXACT_GRAM else pack_single
    out = {
        "gram": packed(triangle(books.gram)),
        "xy": pack(books.xy.ravel()),
        "centre": _plain(books.centre),
        "null_loss": books.null_loss,
    }
    if not books.complete:
        out |= {"block": pack_integers(books.block), "floor": books.floor}
    return out


def _stability(stability: Stability | None) -> dict[str, Any] | None:
    if stability is None:
        return None
    counts = np.rint(stability.picked * stability.n_samples).astype(np.int64)
    return {
        "alphas": _numbers(stability.alphas),
        "picked": pack_integers(counts.ravel()),
        "n_samples": stability.n_samples,
        "seed": stability.seed,
    }


def _decoys(decoys: Decoys | None) -> dict[str, Any] | None:
    if decoys is None:
        return None
    return {
        "median": decoys.median,
        "q95": decoys.q95,
        "n_shuffles": decoys.n_shuffles,
        "seed": decoys.seed,
    }
