"""What `excise fit --json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from excise.explain.together import groups_of

if TYPE_CHECKING:
    from excise.cli.fitting import Fitted
    from excise.cli.testing import Tested
    from excise.explain.by_stage import StageSummary
    from excise.explain.responses import ResponseScore
    from excise.model import Model
    from excise.table import Plan


def document(fitted: Fitted, sizes: Mapping[Path, int]) -> dict[str, Any]:
    """All members but schema, command and warnings."""
    model = fitted.model
    proof = model.certificate
    code, text = model.verdict
    return {
        "data": {**data(fitted.plan, fitted.summary), "fingerprint": model.fingerprints},
        "task": model.task,
        "loss": model.loss,
        "target": model.target.name,
        "event": model.target.event or None,
        "offset": model.target.offset or None,
        "levels": list(model.target.levels),
        "outputs": list(model.outputs),
        "penalty": penalty(model),
        "score": _score(model, fitted.tested),
        "verdict": {"code": code, "text": text},
        "certificate": {
            "certified": fitted.certified,
            "gap": proof.gap,
            "rel_gap": proof.rel_gap,
            "max_kkt_violation": proof.max_kkt_violation,
            "zeros_verified": proof.zeros_verified,
            "zeros_total": proof.zeros_total,
            **_stationary(model),
        },
        "intercept": model.intercept,
        **staged(model),
        "ledger": model.ledger().to_dict(),
        "notes": list(model.notes),
        "equation": model.equation(),
        "files": files(sizes),
    }


def data(planned: Plan, summary: str) -> dict[str, Any]:
    """The table and what is made of its columns."""
    return {
        "name": planned.table,
        "rows": len(planned.rows),
        "columns": [
            {
                "name": column.name,
                "kind": column.kind.value,
                "missing": column.missing,
                "penalty_weight": column.penalty_weight,
            }
            for column in planned.columns
        ],
        "dropped": [{"name": c.name, "kind": c.kind.value} for c in planned.dropped],
        "excluded": list(planned.excluded),
        "summary": summary,
        "fingerprint": None,
    }


def penalty(model: Model) -> dict[str, Any]:
    """The chosen penalty and its landmarks."""
    names, form = model.feature_names, model.penalty.form
    own: dict[str, Any] = {} if form is None else {"spec": form.spec}
    if groups := groups_of(form):
        own["groups"] = [[names[j] for j in one] for one in groups if len(one) > 1]
    return {
        "kind": model.penalty.kind,
        **own,
        "l1_ratio": model.penalty.l1_ratio,
        "grouped": model.penalty.grouped,
        "rule": model.rule,
        "alpha": model.alpha,
        "tax": model.tax,
        "alpha_min": model.alpha_min,
        "alpha_1se": model.alpha_1se,
        "alpha_max": model.alpha_max,
    }


def _stationary(model: Model) -> dict[str, Any]:
    """What is known at a stationary point of a concave penalty; nothing of others."""
    convex = model.certificate.locally_convex
    return {} if convex is None else {"stationary": True, "locally_convex": convex}


def staged(model: Model) -> dict[str, Any]:
    """The schedule, and what each of its stages did; nothing without one."""
    if not model.schedule:
        return {}
    return {"schedule": model.schedule, "stages": [_stage(model, s) for s in model.stages]}


def _stage(model: Model, stage: StageSummary) -> dict[str, Any]:
    names, (low, high) = model.feature_names, stage.taxes or (0.0, 0.0)
    return {
        "name": stage.name,
        "alpha": stage.alpha,
        "l1_ratio": stage.l1_ratio,
        "lowest_tax": low,
        "highest_tax": high,
        "kept": stage.kept,
        "dropped": [names[j] for j in stage.dropped],
        "returned": [names[j] for j in stage.returned],
        "rel_gap": stage.rel_gap,
    }


def files(sizes: Mapping[Path, int]) -> list[dict[str, Any]]:
    """What was written."""
    return [{"path": str(path), "bytes": size} for path, size in sizes.items()]


def _score(model: Model, tested: Tested | None) -> dict[str, Any] | None:
    score = model.score
    if score is None:
        return None
    error = model.cv.at(model.alpha)
    kind = "mse" if model.cv.score_name == "R2" else "deviance"
    further = {
        m.name: {"cv": m.cv, "se": m.se, "train": m.train, "null": m.null}
        for m in map(model.measured, dict.fromkeys(m.name for m in model.measures))
        if m is not None
    }
    return {
        **score._asdict(),
        "null": 0.0,
        kind: {"cv": error.mean, "se": error.se, "train": error.train, "null": model.cv.null},
        **further,
        **_each(model.response_scores),
        "test": None if tested is None else _tested(tested),
    }


def _tested(tested: Tested) -> dict[str, Any]:
    further = {name.lower(): score for name, score in list(tested.scores.items())[1:]}
    each = [
        {"response": one.name, "r2": one.r2, "mse": one.mse, "null": one.null}
        for one in tested.each
    ]
    more = {"responses": each} if each else {}
    return {"rows": tested.rows, "score": tested.score, **further, **more}


def _each(scores: tuple[ResponseScore, ...]) -> dict[str, Any]:
    """The score of each of several responses."""
    return {"responses": [one.to_dict() for one in scores]} if scores else {}
