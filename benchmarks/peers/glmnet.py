"""R's glmnet, through one Rscript process per job; R takes its own time."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.base import CVAnswer, Job, ManyAnswer, PathAnswer, Peer
from benchmarks.problems.base import Floats, Problem

FAMILIES = {
    "squared": "gaussian",
    "logistic": "binomial",
    "poisson": "poisson",
    "cox": "cox",
    "multinomial": "multinomial",
}
SERVER = Path(__file__).with_name("glmnet.R")


class Glmnet(Peer):
    """``glmnet`` and ``cv.glmnet``; a given `lambda` sequence is always fitted to its end."""

    name = "R glmnet"
    package = "glmnet"
    tol = 1e-7
    ladder = (1e-5, 1e-7, 1e-9, 1e-12, 1e-15)
    losses = tuple(FAMILIES)

    @cached_property
    def version(self) -> str:
        code = 'cat(as.character(packageVersion("glmnet")))'
        done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True)
        if done.returncode:
            raise ImportError("R has no glmnet")
        return done.stdout.strip()

    def available(self) -> bool:
        return shutil.which("Rscript") is not None and super().available()

    def path(self, problem: Problem, tol: float) -> Job:
        return RJob([problem], f"path {tol:g}", lambda numbers: columns(numbers, problem))

    def many(self, problems: Sequence[Problem]) -> Job:
        def read(numbers: Floats) -> ManyAnswer:
            parts = np.split(numbers, len(problems))
            pairs = zip(parts, problems, strict=True)
            return ManyAnswer([columns(*pair) for pair in pairs])

        return RJob(problems, f"path {self.tol:g}", read)

    def cv(self, problem: Problem, folds: np.ndarray) -> Job:
        return RJob(
            [problem],
            f"cv {self.tol:g}",
            lambda numbers: CVAnswer(numbers, by_rows=True),
            folds=folds + 1.0,
        )


def columns(numbers: Floats, problem: Problem) -> PathAnswer:
    """R's numbers: for each output, per alpha the intercept, then the coefficients."""
    shape = problem.X.shape[1] + 1, problem.n_alphas, problem.outputs
    table = numbers.reshape(shape, order="F")
    if problem.outputs == 1:
        return PathAnswer(table[1:, :, 0], table[0, :, 0])
    return PathAnswer(table[1:].swapaxes(1, 2).reshape(-1, problem.n_alphas), table[0])


def write(problem: Problem, folder: Path) -> None:
    """Write what the server reads."""
    folder.mkdir()
    X = problem.X
    if problem.sparse:
        X.indptr.astype("int32").tofile(folder / "indptr")
        X.indices.astype("int32").tofile(folder / "indices")
    (X.data if problem.sparse else X.ravel(order="F")).tofile(folder / "X")
    problem.y.ravel(order="F").tofile(folder / "y")
    problem.alphas.tofile(folder / "alphas")
    np.array([float(problem.outputs)]).tofile(folder / "outputs")
    (folder / "family").write_text(FAMILIES[problem.family] + "\n")


class RJob(Job):
    """Sends one command to its own R process again and again; the command goes over `problems`."""

    def __init__(
        self,
        problems: Sequence[Problem],
        command: str,
        read: Callable[[Floats], Any],
        folds: np.ndarray | None = None,
    ) -> None:
        self.command, self.read = command, read
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        for problem, k in zip(problems, itertools.count(1)):
            write(problem, root / str(k))
        if folds is not None:
            folds.tofile(root / "folds")
        self.process = subprocess.Popen(
            ["Rscript", str(SERVER), str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, line: str) -> str:
        """Send one command, return its one line of answer."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def run(self) -> float:
        return float(self.ask(self.command))

    def answer(self) -> Any:
        target = Path(self.folder.name) / "answer"
        self.ask(f"save {target}")
        return self.read(np.fromfile(target))

    def close(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.folder.cleanup()
