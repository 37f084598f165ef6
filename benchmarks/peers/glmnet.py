"""R's glmnet, through one Rscript process per job; R takes its own time."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.peers.base import CVAnswer, Job, PathAnswer, Peer
from benchmarks.problems.base import Problem

SERVER = Path(__file__).with_name("glmnet.R")


class Glmnet(Peer):
    """``glmnet`` and ``cv.glmnet``; a given `lambda` sequence is always fitted to its end."""

    name = "R glmnet"
    package = "glmnet"
    tol = 1e-7
    ladder = (1e-5, 1e-7, 1e-9, 1e-12, 1e-15)

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
        shape = (problem.X.shape[1], problem.n_alphas)
        return RJob(
            problem,
            f"path {tol:g}",
            lambda numbers: PathAnswer(numbers.reshape(shape, order="F")),
        )

    def cv(self, problem: Problem, folds: np.ndarray) -> Job:
        return RJob(
            problem,
            f"cv {self.tol:g}",
            lambda numbers: CVAnswer(numbers, by_rows=True),
            folds=folds + 1.0,
        )


class RJob(Job):
    """Sends one command to its own R process again and again."""

    def __init__(self, problem: Problem, command: str, read, folds=None) -> None:
        self.command, self.read = command, read
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        problem.X.ravel(order="F").tofile(root / "X")
        problem.y.tofile(root / "y")
        problem.alphas.tofile(root / "alphas")
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

    def answer(self):
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
