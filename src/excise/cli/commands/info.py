"""`excise info`: what a bug report needs, and what the penalty is called in other tools."""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module, metadata
from typing import Any

import click

from excise._version import __version__
from excise.cli.app import Command
from excise.cli.terminal import Terminal

_LIBRARIES = ("numpy", "scipy", "polars", "narwhals", "click", "rich", "jinja2", "scikit-learn")
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
CONVERSIONS = {
    "scikit-learn Lasso, ElasticNet": "alpha = alpha",
    "scikit-learn Ridge": "alpha = n alpha",
    "glmnet (gaussian)": "lambda = alpha, on columns of unit variance (its own default)",
    "scikit-learn LogisticRegression": "C = 1 / (n alpha), l1_ratio = l1_ratio",
    "glmnet (binomial, poisson)": "lambda = alpha, on columns of unit variance",
    "statsmodels fit_regularized": "alpha = alpha, L1_wt = l1_ratio",
    "CVXPY, ||y - Xb||^2 + t ||b||_1": "t = 2 n alpha",
}
"""Their name = our value, for l1_ratio alike and n rows of equal weight."""


@click.command("info", cls=Command, examples=["excise info", "excise info --json"])
def command(terminal: Terminal) -> None:
    """Paste it into a bug report."""
    facts: dict[str, Any] = {
        "excise": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": platform.platform(),
        "core": _core(),
        "processors": os.cpu_count(),
        "threads": {name: os.environ[name] for name in _THREADS if name in os.environ},
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }
    terminal.show(_lines(facts))
    terminal.show_json(**facts, conversions=CONVERSIONS)


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _core() -> str:
    """How the compiled part was built."""
    try:
        core = import_module("excise._core")
    except ImportError as error:
        return f"not built ({error})"
    build = getattr(core, "build_info", None)
    return str(build() if callable(build) else build or sys.modules["excise._core"].__file__)


def _lines(facts: dict[str, Any]) -> list[str]:
    libraries = ", ".join(f"{k} {v or 'not installed'}" for k, v in facts["libraries"].items())
    threads = ", ".join(f"{k}={v}" for k, v in facts["threads"].items()) or "no limit set"
    shown = {**facts, "libraries": libraries, "threads": threads}
    longest = max(map(len, CONVERSIONS))
    return [
        *(f"{name:<11} {value}" for name, value in shown.items()),
        "",
        "The penalty alpha elsewhere (theirs = ours):",
        *(f"  {tool:<{longest}}  {rule}" for tool, rule in CONVERSIONS.items()),
    ]
