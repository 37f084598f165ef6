"""adelie: block coordinate descent with strong rules, the authors of glmnet's newer engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.base import Job, PathAnswer, Peer, PythonJob
from benchmarks.problems.base import Problem


class Adelie(Peer):
    """``grpnet`` with its early exit switched off, so that every alpha is solved."""

    name = "adelie"
    package = "adelie"
    tol = 1e-7
    ladder = (1e-5, 1e-7, 1e-9, 1e-12, 1e-15)

    def path(self, problem: Problem, tol: float) -> Job:
        import adelie

        def work() -> Any:
            return adelie.grpnet(
                problem.X,
                adelie.glm.gaussian(problem.y),
                lmda_path=problem.alphas,
                intercept=False,
                early_exit=False,
                tol=tol,
                n_threads=problem.threads,
                progress_bar=False,
            )

        return PythonJob(work, lambda state: PathAnswer(full(state, problem)))


def full(state: Any, problem: Problem) -> np.ndarray:
    """Coefficients with a column per alpha; an alpha that adelie left out repeats the last."""
    betas = state.betas.toarray().T
    nearest = [int(np.argmin(np.abs(state.lmdas - alpha))) for alpha in problem.alphas]
    return betas[:, nearest]
