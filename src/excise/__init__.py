"""Sparse linear models that come with a proof and an explanation.

A feature must earn more than its tax to stay in the model; what it earns beyond the tax is its
coefficient; a feature that earns less is exactly zero, and that zero is proved.

Names are imported when first used, so that ``import excise`` costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from excise._version import __version__

if TYPE_CHECKING:
    from excise import penalties, schedules
    from excise.between import Between, Guarantee
    from excise.certify import certify
    from excise.cross_validation import fit_cv
    from excise.engine import fit, fit_path
    from excise.exceptions import (
        ConvergenceWarning,
        DataWarning,
        ExciseError,
        ExciseWarning,
        InputError,
        InputTypeError,
        OutputError,
        UsageError,
    )
    from excise.explain import Ledger, LedgerRow, Why
    from excise.limits import fit_within
    from excise.linear_model import (
        CVDisplay,
        ElasticNet,
        ElasticNetCV,
        GammaRegressor,
        HuberRegressor,
        Lasso,
        LassoCV,
        LedgerDisplay,
        LogisticRegression,
        LogisticRegressionCV,
        MultiTaskElasticNet,
        MultiTaskElasticNetCV,
        MultiTaskLasso,
        MultiTaskLassoCV,
        PathDisplay,
        PoissonRegressor,
        QuantileRegressor,
        Ridge,
        SparseClassifier,
        SparseRegressor,
        SparseSurvival,
        TweedieRegressor,
        enet_path,
        lasso_path,
    )
    from excise.model import Model, load
    from excise.proximal import proximal_gradient
    from excise.pursuit import Pursuit, basis_pursuit
    from excise.results import CrossValidation, Event, Path, Solution, Status
    from excise.stages import Change, Stage
    from excise.survival import Survival
    from excise.table import demo
    from excise.trace import Trace
    from excise.verdicts import Certificate, Verdict, VerdictKind, Verdicts
    from excise.within import Within

__all__ = [
    "Between",
    "CVDisplay",
    "Certificate",
    "Change",
    "ConvergenceWarning",
    "CrossValidation",
    "DataWarning",
    "ElasticNet",
    "ElasticNetCV",
    "Event",
    "ExciseError",
    "ExciseWarning",
    "GammaRegressor",
    "Guarantee",
    "HuberRegressor",
    "InputError",
    "InputTypeError",
    "Lasso",
    "LassoCV",
    "Ledger",
    "LedgerDisplay",
    "LedgerRow",
    "LogisticRegression",
    "LogisticRegressionCV",
    "Model",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "OutputError",
    "Path",
    "PathDisplay",
    "PoissonRegressor",
    "Pursuit",
    "QuantileRegressor",
    "Ridge",
    "Solution",
    "SparseClassifier",
    "SparseRegressor",
    "SparseSurvival",
    "Stage",
    "Status",
    "Survival",
    "TweedieRegressor",
    "UsageError",
    "Verdict",
    "VerdictKind",
    "Verdicts",
    "Why",
    "Within",
    "__version__",
    "basis_pursuit",
    "certify",
    "demo",
    "enet_path",
    "fit",
    "fit_cv",
    "fit_path",
    "fit_within",
    "lasso_path",
    "load",
    "penalties",
    "proximal_gradient",
    "schedules",
]

_HOMES = {
    "excise.between": ("Between", "Guarantee"),
    "excise.certify": ("certify",),
    "excise.cross_validation": ("fit_cv",),
    "excise.engine": ("fit", "fit_path"),
    "excise.exceptions": (
        "ConvergenceWarning", "DataWarning", "ExciseError", "ExciseWarning", "InputError",
        "InputTypeError", "OutputError", "UsageError",
    ),
    "excise.explain": ("Ledger", "LedgerRow", "Why"),
    "excise.limits": ("fit_within",),
    "excise.linear_model": (
        "CVDisplay", "ElasticNet", "ElasticNetCV", "GammaRegressor", "HuberRegressor", "Lasso",
        "LassoCV", "LedgerDisplay", "LogisticRegression", "LogisticRegressionCV",
        "MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV",
        "PathDisplay", "PoissonRegressor", "QuantileRegressor", "Ridge", "SparseClassifier",
        "SparseRegressor", "SparseSurvival", "TweedieRegressor", "enet_path", "lasso_path",
    ),
    "excise.model": ("Model", "load"),
    "excise.proximal": ("proximal_gradient",),
    "excise.pursuit": ("Pursuit", "basis_pursuit"),
    "excise.results": ("CrossValidation", "Event", "Path", "Solution", "Status"),
    "excise.stages": ("Change", "Stage"),
    "excise.survival": ("Survival",),
    "excise.table": ("demo",),
    "excise.trace": ("Trace",),
    "excise.verdicts": ("Certificate", "Verdict", "VerdictKind", "Verdicts"),
    "excise.within": ("Within",),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in ("penalties", "schedules"):
        return import_module(f"excise.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'excise' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """``excise.certify`` is the function, although a submodule has the same name."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
