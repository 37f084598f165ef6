"""Penalties of one's own: equal to the built-in ones, and every wrong answer of theirs is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from excise import InputError, InputTypeError, Status, VerdictKind, certify, fit, fit_cv, fit_path
from excise.penalties import ElasticNet, SortedL1, TotalVariation, penalty_of
from tests.penalty_models import Floats, HalfSquare, Lasso, Plain, Wrong


def table(n: int = 60, p: int = 12, seed: int = 0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, :3] @ [2.0, -1.0, 0.5] + rng.standard_normal(n)


@pytest.mark.parametrize(("mine", "ratio"), [(Lasso(), 1.0), (HalfSquare(), 0.0)])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_ones_own_equals_the_built_in(mine: Any, ratio: float, loss: str) -> None:
    X, y = table()
    y = y if loss == "squared" else (y > 0) * 1.0
    path = fit_path(X, y, [0.3, 0.1, 0.03], penalty=mine, loss=loss)
    same = fit_path(X, y, [0.3, 0.1, 0.03], l1_ratio=ratio, loss=loss)
    assert path.relative_gaps.max() <= 1e-10
    np.testing.assert_allclose(path.coefs.toarray(), same.coefs.toarray(), atol=3e-5)
    if ratio:
        assert path.alpha_max == pytest.approx(same.alpha_max, rel=1e-12)
        assert [list(path.support(k)) for k in range(3)] == [
            list(same.support(k)) for k in range(3)
        ]


def test_without_a_conjugate_only_conditions_are_told() -> None:
    X, y = table()
    found, same = fit(X, y, 0.1, penalty=Plain()), fit(X, y, 0.1)
    assert found.status is Status.CONDITIONS
    assert found.certificate.gap == np.inf
    assert found.certificate.kkt_violation <= 1e-8
    assert "no bound" in found.certificate.summary()
    np.testing.assert_allclose(found.coef, same.coef, atol=1e-7)


def test_one_that_does_not_say_that_it_is_convex_is_stationary() -> None:
    class Firm(Plain):
        convex = False

    X, y = table()
    found = fit(X, y, 0.1, penalty=Firm())
    assert found.status is Status.STATIONARY
    kinds = found.certificate.verdicts.kind[found.coef == 0.0]
    assert VerdictKind.KKT not in kinds and VerdictKind.PROVED not in kinds


def test_folds_take_ones_own() -> None:
    X, y = table()
    mine = fit_cv(X, y, cv=4, alphas=[0.5, 0.2, 0.1], penalty=Lasso(), random_state=0)
    same = fit_cv(X, y, cv=4, alphas=[0.5, 0.2, 0.1], random_state=0)
    np.testing.assert_allclose(mine.mean, same.mean, rtol=1e-5)


NAN = np.full(12, np.nan)
CASES: list[tuple[Any, type[Exception], str]] = [
    (
        Wrong(prox=NAN),
        InputError,
        "Wrong.prox returned nan in place 0\n  for v = -1 there and step 1",
    ),
    (Wrong(prox=np.ones(3)), InputError, "Wrong.prox returned shape (3,), not (12,)"),
    (Wrong(prox="x"), InputTypeError, "Wrong.prox returned str, not an array of numbers"),
    (
        Wrong(value=-1.0),
        InputError,
        "Wrong.value returned -1.0; it must be finite and >= 0",
    ),
    (
        Wrong(value=np.nan),
        InputError,
        "Wrong.value returned nan; it must be finite and >= 0",
    ),
    (Wrong(value=None), InputTypeError, "Wrong.value returned NoneType, not a number"),
    (
        Lasso,
        InputTypeError,
        "penalty is Lasso the class, not an object of it\n  try: Lasso(...)",
    ),
    (
        object(),
        InputTypeError,
        "penalty is of class object, without value and prox\n  it must be a name, a penalty of "
        "excise.penalties, or an object with value and prox",
    ),
    (
        3,
        InputTypeError,
        "penalty is of class int, without value and prox\n  it must be a name, a penalty of "
        "excise.penalties, or an object with value and prox",
    ),
]


@pytest.mark.parametrize(("penalty", "kind", "message"), CASES)
def test_a_wrong_penalty_is_named(penalty: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as error:
        fit(*table(), 0.1, penalty=penalty)
    assert str(error.value) == message


def test_what_lacks_one_method_is_named() -> None:
    class NoProx:
        def value(self, b: Floats) -> float:
            return 0.0

    class NoValue:
        def prox(self, v: Floats, step: float) -> Floats:
            return v

    with pytest.raises(InputTypeError, match=r"^penalty is of class NoProx, without prox\n"):
        fit(*table(), 0.1, penalty=NoProx())
    with pytest.raises(InputTypeError, match=r"^penalty is of class NoValue, without value\n"):
        fit(*table(), 0.1, penalty=NoValue())


def test_nan_that_comes_later_is_named_too() -> None:
    class Late(Lasso):
        calls = 0

        def prox(self, v: Floats, step: float) -> Floats:
            self.calls += 1
            return super().prox(v, step) * (np.nan if self.calls > 20 else 1.0)

    with pytest.raises(InputError, match=r"^Late\.prox returned nan in place \d+\n  for v = "):
        fit(*table(), 0.01, penalty=Late())


def test_a_value_that_contradicts_its_dual_norm_is_named() -> None:
    class Half(Lasso):
        def dual_norm(self, z: Floats) -> float:
            return float(np.abs(z).max()) / 2

    with pytest.raises(InputError, match=r"^value and dual_norm of Half contradict each other\n"):
        fit(*table(), 0.1, penalty=Half())


def test_at_zero_a_penalty_must_be_zero_and_still() -> None:
    class Offset(Lasso):
        def value(self, b: Floats) -> float:
            return 1.0 + super().value(b)

    class Moves(Lasso):
        def prox(self, v: Floats, step: float) -> Floats:
            return v + 1.0

    with pytest.raises(InputError, match=r"^Offset\.value is 1\.0 at b = 0; it must be 0$"):
        fit(*table(), 0.1, penalty=Offset())
    with pytest.raises(InputError, match=r"^Moves\.prox moves b = 0, in place 0\n"):
        fit(*table(), 0.1, penalty=Moves())


def test_weights_belong_into_ones_own_methods() -> None:
    with pytest.raises(InputError, match=r"^Lasso takes no penalty_weight\n"):
        fit(*table(), 0.1, penalty=Lasso(), penalty_weight=np.arange(12.0))


SETTINGS: list[tuple[str, str]] = [
    ("sorted_l1:2", "q is 2.0; it must lie between 0 and 1"),
    ("sorted_l1:nan", "q is nan; it must lie between 0 and 1"),
    ("total_variation:-1", "l1_ratio is -1.0; it must lie in [0, 1]"),
    ("elastic_net:7", "l1_ratio is 7.0; it must lie in [0, 1]"),
    (
        "sorted_l1:much",
        "penalty 'sorted_l1:much' must name its parameter as a number\n"
        "  try: 'sorted_l1', or an object of excise.penalties",
    ),
]


@pytest.mark.parametrize(("spec", "message"), SETTINGS)
def test_a_parameter_out_of_range_is_told_as_such(spec: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        penalty_of(spec)
    assert str(error.value) == message


SEQUENCES: list[tuple[Any, str]] = [
    ([1.0, 2.0], "sequence rises from 1.0 to 2.0 in place 1; it must fall"),
    ([1.0, -1.0], "sequence is -1.0 in place 1; it must be >= 0"),
    ([0.0, 0.0], "sequence is zero everywhere"),
    ([[1.0]], "sequence must have one dimension, got shape (1, 1)"),
]


@pytest.mark.parametrize(("sequence", "message"), SEQUENCES)
def test_a_sequence_that_does_not_fall_is_told(sequence: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        SortedL1(sequence=sequence)
    assert error.value.fact == message


def test_settings_that_a_penalty_cannot_stand_beside() -> None:
    X, y = table()
    for penalty in (SortedL1(), TotalVariation(), ElasticNet(0.5), Lasso()):
        with pytest.raises(InputError, match="takes no bounds"):
            fit(X, y, 0.1, penalty=penalty, bounds=(0.0, np.inf))
        with pytest.raises(InputError, match="needs a smooth loss"):
            fit(X, y, 0.1, penalty=penalty, loss="quantile:0.5")
        with pytest.raises(InputError, match="takes one output"):
            fit(X, np.column_stack([y, y]), 0.1, penalty=penalty)
    with pytest.raises(InputError, match="takes one penalty_weight for all"):
        fit(X, y, 0.1, penalty=SortedL1(), penalty_weight=1.0 + np.arange(12))
    with pytest.raises(InputError, match=r"^sequence has 2 taxes, but 12 features are penalised"):
        fit(X, y, 0.1, penalty=SortedL1(sequence=[2.0, 1.0]))


def test_the_verifier_takes_any_tools_coefficients() -> None:
    X, y = table()
    for penalty in (SortedL1(0.2), TotalVariation(0.3), Lasso()):
        found = fit(X, y, 0.1, penalty=penalty)
        made = certify(X, y, found.coef, found.intercept, 0.1, penalty=penalty)
        assert made.relative_gap <= 1e-10
        worse = certify(X, y, found.coef + 0.01, found.intercept, 0.1, penalty=penalty)
        assert worse.gap >= worse.primal - made.primal > 0.0  # the gap is no promise too much
