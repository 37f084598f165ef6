"""Named tables, fifty alphas of every loss: gaps and violations in the verifier's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from glm_reference import missing
from loss_tables import CASES

from excise import fit_path
from excise.certify import certify_problem
from excise.losses import COUPLED, LOSSES, SEVERAL, loss_of

GOOD = 1e-9


def test_every_loss_has_a_table() -> None:
    assert {loss_of(kw["loss"]).name for _, kw in CASES.values()} == {*LOSSES, *COUPLED, *SEVERAL}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_fifty_alphas_are_optimal(name: str) -> None:
    load, settings = CASES[name]
    X, y = load()
    settings = settings | {"standardize": True}
    path = fit_path(X, y, 50, **settings)
    assert len(path) == 50 and len(path.columns.support(49)) > 0
    if path.problem.loss.kinked:
        gaps = [missing(X, y, path, k, settings) for k in range(50)]
        assert max(gaps) <= GOOD
        return
    made = [
        certify_problem(path.problem, path.coef_at(k), path.intercepts[k], alpha)
        for k, alpha in enumerate(path.alphas.tolist())
    ]
    assert max(one.relative_gap for one in made) <= GOOD
    assert max(one.kkt_violation for one in made) <= GOOD
    assert path.relative_gaps.max() <= GOOD, "the core says so too"
    counted = np.diff(path.columns.indptr)
    assert counted[0] <= 1 < counted[-1]
