"""Problems of several outputs: what is made of y, and what is refused, to the letter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from excise.exceptions import InputError, InputTypeError
from excise.losses import by_rows, loss_of, of_rows, row_loss_of
from excise.problem import check_coef, check_intercept, make_problem
from excise.results import Path, Solution, SparseColumns, Status
from excise.verdicts import Certificate, Verdicts

X = np.arange(12.0).reshape(4, 3) ** 1.5
Y = np.array([[1.0, 2.0], [0.0, 1.0], [3.0, 1.0], [2.0, 2.0]])
CLASSES = np.eye(3)[[0, 1, 2, 1]]
SHARES = np.array([[0.5, 0.5], [0.2, 0.8], [1.0, 0.0], [0.25, 0.75]])
NEEDS = (
    "\n  the multinomial loss needs a column of shares for each class, >= 0 and summing to 1 "
    "in every row"
)

REFUSED: list[tuple[str, Any, dict[str, Any]]] = [
    (
        "y has 2 columns; the poisson loss has one predictor per row\n"
        "  several columns are responses of the squared loss, or shares of classes\n"
        "  try: loss='squared' or loss='multinomial'; or a model for each column",
        Y,
        {"loss": "poisson"},
    ),
    ("X has 4 rows but y has 3", Y[:3], {}),
    (
        "y holds NaN in row 1, column 0\n  2 such values there\n  try: fill or drop such rows",
        np.where(Y < 1.5, np.nan, Y)[[3, 1, 3, 3]],
        {},
    ),
    ("offset must have shape (4, 2), as y, got (4,)", Y, {"offset": np.zeros(4)}),
    ("offset must have one dimension, got shape (4, 2)", Y[:, 0], {"offset": np.zeros((4, 2))}),
    (
        "bounds cannot be kept where a feature is in or out for all outputs together\n"
        "  y has 2 columns, and grouped is None\n"
        "  try: grouped=False, or no bounds",
        Y,
        {"bounds": "positive"},
    ),
    (
        "bounds cannot be kept where a feature is in or out for all outputs together\n"
        "  y has 3 columns, and grouped is True\n"
        "  try: grouped=False, or no bounds",
        CLASSES,
        {"loss": "multinomial", "bounds": (0, 1), "grouped": True},
    ),
    (
        "y must have a column per class, two or more, got shape (4,)" + NEEDS + "\n"
        "  try: np.eye(K)[codes] for class codes 0 .. K - 1",
        [0, 1, 2, 1],
        {"loss": "multinomial"},
    ),
    (
        "y must have a column per class, two or more, got shape (4, 1)" + NEEDS + "\n"
        "  try: np.eye(K)[codes] for class codes 0 .. K - 1",
        [[0], [1], [2], [1]],
        {"loss": "multinomial"},
    ),
    (
        "y is -0.5 in row 2, class 1" + NEEDS,
        SHARES - np.array([[0, 0], [0, 0], [-0.5, 0.5], [0, 0]]),
        {"loss": "multinomial"},
    ),
    (
        "y is no point of the simplex in row 1: it sums to 2.0" + NEEDS,
        SHARES * [[1], [2], [1], [1]],
        {"loss": "multinomial"},
    ),
    (
        "y is class 1 in all 4 rows; there is nothing to learn\n"
        "  the multinomial loss needs rows of two classes or more",
        np.eye(3)[[1, 1, 1, 1]],
        {"loss": "multinomial"},
    ),
    (
        "class 1 has no rows; its intercept would be -infinity\n"
        "  the multinomial loss needs a row of every class among the 4 rows\n"
        "  try: drop its column of y",
        np.eye(3)[[0, 2, 2, 0]],
        {"loss": "multinomial"},
    ),
    (
        "class 2 has no rows; its intercept would be -infinity\n"
        "  the multinomial loss needs a row of every class among the 3 rows with weight\n"
        "  try: drop its column of y",
        CLASSES,
        {"loss": "multinomial", "sample_weight": [1, 1, 0, 2]},
    ),
    (
        "y has 5 classes but only 4 rows\n"
        "  the multinomial loss needs a row of every class\n"
        "  try: columns of y are classes, rows are rows of X",
        np.eye(5)[[0, 1, 2, 3]],
        {"loss": "multinomial"},
    ),
]


@pytest.mark.parametrize(("message", "y", "problem"), REFUSED, ids=lambda value: str(value)[:60])
def test_bad_outputs_are_refused(message: str, y: Any, problem: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        make_problem(X, y, **problem)
    assert str(error.value) == message


def test_grouped_is_a_flag() -> None:
    with pytest.raises(InputTypeError, match="grouped must be True or False, not 'yes'"):
        make_problem(X, Y, grouped="yes")


def test_what_several_outputs_mean() -> None:
    responses = make_problem(X, Y)
    assert (responses.outputs, responses.grouped) == (2, True)
    assert responses.y is Y
    assert not make_problem(X, Y, grouped=False).grouped
    classes = make_problem(X, CLASSES, loss="multinomial", offset=np.ones((4, 3)))
    assert (classes.outputs, classes.grouped) == (3, False)
    assert make_problem(X, SHARES, loss="multinomial", grouped=True).grouped
    make_problem(X, np.eye(3)[[0, 2, 2, 0]], loss="multinomial", fit_intercept=False)
    one = make_problem(X, Y[:, 0], grouped=True)
    assert (one.outputs, one.grouped, one.groups) == (1, False, None)


def test_rows_without_weight_may_hold_anything() -> None:
    y = np.vstack([CLASSES, [7.0, -1.0, 0.0]])
    make_problem(np.vstack([X, X[:1]]), y, loss="multinomial", sample_weight=[1, 1, 1, 1, 0])


def test_a_group_is_a_feature_in_flat_numbers() -> None:
    groups = make_problem(X, Y).groups
    assert groups is not None
    assert (groups.indptr.tolist(), groups.indices.tolist()) == ([0, 2, 4, 6], [0, 1, 2, 3, 4, 5])
    values = np.array([3.0, 4.0, 0.0, 0.0, 1e200, -1e200])
    np.testing.assert_allclose(groups.norm(values), [5.0, 0.0, np.sqrt(2.0) * 1e200])
    np.testing.assert_allclose(groups.norm(values * 1e-300)[0], 5e-300)
    np.testing.assert_allclose(groups.total([*values[:4].tolist(), 1.0, 1.0]), [7.0, 0.0, 2.0])


def test_coefficients_and_intercepts_have_a_number_per_output() -> None:
    problem = make_problem(X, Y)
    for wrong, message in (
        (np.zeros(3), "coef must have shape (3, 2), one per feature and output, got (3,)"),
        (
            np.zeros((2, 3)),
            "coef must have shape (3, 2), one per feature and output, got (2, 3)\n  try: coef.T",
        ),
        ([[0, 0], [0, np.nan], [0, 0]], "coef is nan for feature 1, output 1"),
    ):
        with pytest.raises(InputError) as error:
            check_coef(wrong, problem)
        assert str(error.value) == message
    with pytest.raises(InputError, match=r"intercept must have shape \(2,\), one per output"):
        check_intercept(0.0, problem)
    with pytest.raises(InputError, match="but fit_intercept is False\n  try: pass zeros"):
        check_intercept([0.0, 1.0], make_problem(X, Y, fit_intercept=False))


def test_losses_without_a_single_predictor_say_who_takes_them() -> None:
    assert by_rows(loss_of("multinomial")) == loss_of("multinomial")
    for function in (row_loss_of, lambda spec: of_rows(loss_of(spec))):
        with pytest.raises(InputError) as error:
            function("multinomial")
        assert str(error.value) == (
            "the multinomial loss is for several classes, each with a predictor of its own\n"
            "  it needs a column of shares for each class, >= 0 and summing to 1 in every row\n"
            "  try: excise.fit_path(..., loss='multinomial')"
        )
    with pytest.raises(InputError, match="the cox loss is for survival times"):
        by_rows(loss_of("cox"))


def verdicts(shape: tuple[int, ...]) -> Verdicts:
    kind = np.zeros(shape, dtype=np.uint8)
    kind[-1] = 1
    return Verdicts(kind, np.full(shape, 0.5), np.full(shape, 0.7))


def test_results_of_several_outputs() -> None:
    coef = np.array([[0.0, 1.0], [0.0, 0.0], [2.0, 3.0]])
    proof = Certificate(1.0, 1.0, 0.0, 0.0, 0.0, verdicts((3, 2)))
    made = Solution(0.1, coef, np.array([1.0, -1.0]), coef, proof, Status.OPTIMAL)
    assert made.support.tolist() == [0, 2]
    assert repr(made) == "Solution(alpha=0.1, kept=2 of 3, outputs=2, relative_gap=0.0e+00)"
    assert proof.summary().endswith("2 of 2 zeros proved")
    each = list(proof.verdicts)
    assert len(each) == len(proof.verdicts) == 6 and each[5] == proof.verdicts[2, 1]
    columns = SparseColumns(np.array([0, 0, 3]), np.array([1, 4, 5]), np.array([1.0, 2.0, 3.0]), 6)
    line = np.zeros(2)
    path = Path(np.array([0.2, 0.1]), columns, columns, np.zeros((2, 2)), line, line, line, 0.2,
                1.0, np.zeros(3), np.ones(3), 0, 0, None, outputs=2)  # fmt: skip
    np.testing.assert_array_equal(path.coef_at(1), coef)
    assert path.support(0).tolist() == [] and path.support(1).tolist() == [0, 2]
    assert "2 outputs, kept 0 to 2 of 3, " in repr(path)
