"""What groups of features refuse, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from excise import InputError, InputTypeError, certify, fit, fit_path, fit_within
from excise.penalties import GroupLasso, GroupPenalty, OverlappingGroups, SparseGroupLasso
from excise.schedules import Adaptive

X = np.random.default_rng(0).standard_normal((20, 6))
Y = X[:, 0] + 0.1 * X[:, 2]
FRAME = pl.DataFrame(X, schema=["age", "sex", "bmi", "bp", "tc", "ldl"])
PAIRS = [[0, 1], [2, 3], [4, 5]]
FORMS = "\n  try: a list of lists of columns or of their names, or a label for every column"
WEIGHT = (
    "; the weight of a group must be finite and > 0\n"
    "  penalty_weight = 0 frees columns, inf excludes them"
)

Refusal = tuple[type[Exception], str, Callable[[], Any]]
STATED: list[Refusal] = [
    (InputTypeError, f"groups must be a list or an array, not a int{FORMS}", lambda: GroupLasso(3)),
    (
        InputTypeError,
        f"groups must be a list or an array, not a str{FORMS}",
        lambda: GroupLasso("age"),
    ),
    (
        InputTypeError,
        f"groups must be a list or an array, not a dict{FORMS}",
        lambda: GroupLasso({"a": [0, 1]}),
    ),
    (
        InputTypeError,
        f"groups must be a list or an array, not a ndarray{FORMS}",
        lambda: GroupLasso(np.array(3)),
    ),
    (
        InputError,
        f"groups is an array of shape (6, 2); labels have one dimension{FORMS}",
        lambda: GroupLasso(np.zeros((6, 2))),
    ),
    (InputError, "groups is empty\n  try: at least one group", lambda: GroupLasso([])),
    (InputError, "group 1 is empty\n  try: leave it out", lambda: GroupLasso([[0, 1], []])),
    (
        InputError,
        "groups[1] is 2, and others are lists\n"
        "  try: lists of columns alone, or a label for every column",
        lambda: GroupLasso([[0, 1], 2]),
    ),
    (
        InputTypeError,
        "group 1 names 2.0\n  try: the number of a column, or its name",
        lambda: GroupLasso([[0, 1], [2.0]]),
    ),
    (
        InputTypeError,
        "group 0 names True\n  try: the number of a column, or its name",
        lambda: GroupLasso([[True, 1], [2]]),
    ),
    (InputTypeError, f"groups[0] is {{0: 1}}{FORMS}", lambda: GroupLasso([{0: 1}, {2: 3}])),
    (
        InputError,
        "feature 1 has the label nan\n  try: a label of its own",
        lambda: GroupLasso(np.array([0.0, np.nan])),
    ),
    (
        InputError,
        "feature 0 has the label None\n  try: a label of its own",
        lambda: GroupLasso([None, "a"]),
    ),
    (InputError, f"weights[1] is -1.0{WEIGHT}", lambda: GroupLasso(PAIRS, [1, -1, 1])),
    (InputError, f"weights[0] is 0.0{WEIGHT}", lambda: GroupLasso(PAIRS, [0, 1, 1])),
    (InputError, f"weights[2] is nan{WEIGHT}", lambda: GroupLasso(PAIRS, [1, 1, np.nan])),
    (InputError, f"weights[2] is inf{WEIGHT}", lambda: GroupLasso(PAIRS, [1, 1, np.inf])),
    (
        InputError,
        "weights has 2 numbers, but there are 3 groups\n"
        "  try: a number for each group, in their order",
        lambda: SparseGroupLasso(PAIRS, [1, 1]),
    ),
    (
        InputError,
        "weights has 6 numbers, but there are 2 groups\n"
        "  try: a number for each group, in the order in which labels come first",
        lambda: GroupLasso([1, 1, 1, 0, 0, 0], np.ones(6)),
    ),
    (
        InputError,
        "weights has shape (), but there are 3 groups\n"
        "  try: a number for each group, in their order",
        lambda: GroupLasso(PAIRS, 2.0),
    ),
    (
        InputTypeError,
        "weights holds text (dtype <U2), not numbers\n  try: convert it to numbers",
        lambda: GroupLasso(PAIRS, ["10", "1", "1"]),
    ),
    (
        InputError,
        "rest is 'drop'\n  valid: 'refuse', 'alone'",
        lambda: GroupLasso(PAIRS, rest="drop"),  # type: ignore[arg-type]
    ),
    (
        InputError,
        "l1_share is 1.5; it must lie in [0, 1]",
        lambda: SparseGroupLasso(PAIRS, l1_share=1.5),
    ),
    (
        InputError,
        "l1_share is -0.1; it must lie in [0, 1]",
        lambda: SparseGroupLasso(PAIRS, l1_share=-0.1),
    ),
    (
        InputError,
        "l1_share is nan; it must lie in [0, 1]",
        lambda: SparseGroupLasso(PAIRS, l1_share=np.nan),
    ),
    (
        InputTypeError,
        "l1_share must be a number, not 'half'",
        lambda: SparseGroupLasso(PAIRS, l1_share="half"),  # type: ignore[arg-type]
    ),
]


def refused(kind: type[Exception], text: str, call: Callable[[], Any]) -> None:
    """`call` raises `kind`, with just these words."""
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text


@pytest.mark.parametrize(("kind", "text", "call"), STATED, ids=[r[1][:40] for r in STATED])
def test_groups_by_themselves(kind: type[Exception], text: str, call: Callable[[], Any]) -> None:
    refused(kind, text, call)


def of(penalty: Any, X: Any = X, **more: Any) -> Callable[[], Any]:
    """A fit with this penalty."""
    return lambda: fit(X, Y, 0.1, penalty=penalty, **more)


WEIGHTS = np.array([1.0, 2.0, 1.0, 1.0, 1.0, 1.0])
LAST_FOUR = [2, 3, 4, 5]
PLACED: list[Refusal] = [
    (
        InputError,
        "feature 1 is in groups 0 and 1\n"
        "  try: penalties.OverlappingGroups, or each column in one group",
        of(GroupLasso([[0, 1], [1, *LAST_FOUR]])),
    ),
    (
        InputError,
        "feature 1 ('sex') is in groups 0 and 1\n"
        "  try: penalties.OverlappingGroups, or each column in one group",
        of(SparseGroupLasso([["age", "sex"], ["sex", "bmi"]]), FRAME),
    ),
    (
        InputError,
        "feature 5 is in groups 0 and 1\n"
        "  try: penalties.OverlappingGroups, or each column in one group",
        of(GroupLasso([[0, -1], [5]], rest="alone")),
    ),
    (
        InputError,
        "group 1 names 'bmx', which is no column of X\n  try: 'bmi'",
        of(GroupLasso([["age"], ["bmx"]]), FRAME),
    ),
    (
        InputError,
        "group 0 names 'weight', which is no column of X",
        of(OverlappingGroups([["weight"]]), FRAME),
    ),
    (
        InputError,
        "group 0 names 'age', but the columns of X have no names\n"
        "  try: their numbers, or X as a data frame",
        of(GroupLasso([["age"]])),
    ),
    (
        InputError,
        "group 1 names column 6, but X has 6 columns\n  try: numbers from 0 to 5",
        of(GroupLasso([[0, 1], [5, 6]])),
    ),
    (
        InputError,
        "group 0 names column -7, but X has 6 columns\n  try: numbers from 0 to 5",
        of(OverlappingGroups([[-7]])),
    ),
    (
        InputError,
        "group 1 names feature 2 twice\n  try: name it once",
        of(OverlappingGroups([[0, 1], [2, 3, 2]])),
    ),
    (
        InputError,
        "group 0 names feature 5 ('ldl') twice\n  try: name it once",
        of(GroupLasso([["ldl", -1]]), FRAME),
    ),
    (
        InputError,
        "feature 4 is in no group\n"
        "  2 of 6 columns are in none\n"
        "  try: rest='alone' makes each of them a group by itself",
        of(GroupLasso(PAIRS[:2])),
    ),
    (
        InputError,
        "feature 1 ('sex') is in no group\n"
        "  4 of 6 columns are in none\n"
        "  try: rest='alone' makes each of them a group by itself",
        of(OverlappingGroups([["age", "bmi"]]), FRAME),
    ),
    (
        InputError,
        "groups has 3 labels, but X has 6 columns\n"
        "  try: a label for every column, or a list of groups",
        of(GroupLasso([0, 0, 1])),
    ),
    (
        InputError,
        "penalty_weight is 1.0 for feature 0 and 2.0 for feature 1, both in group 0\n"
        "  try: one penalty_weight for all columns of a group",
        of(GroupLasso(PAIRS), penalty_weight=WEIGHTS),
    ),
    (
        InputError,
        "penalty_weight is 2.0 for feature 1 ('sex') and 1.0 for feature 2 ('bmi'), both in group "
        "1\n  try: one penalty_weight for all columns of a group",
        of(OverlappingGroups([[0], [1, *LAST_FOUR]]), FRAME, penalty_weight=WEIGHTS),
    ),
    (
        InputError,
        "bounds cannot be kept by groups of columns\n"
        "  try: no bounds, or a penalty of single columns",
        of(GroupLasso(PAIRS), bounds="positive"),
    ),
    (
        InputError,
        "penalty 'sparse_group' and a schedule cannot be used together\n"
        "  a schedule's stages are weighted elastic nets\n"
        "  try: one of the two",
        of(SparseGroupLasso(PAIRS), schedule=Adaptive()),
    ),
    (
        InputError,
        "groups of columns take one output, but y has 2\n"
        "  try: a fit for each column of y; grouped=True groups the outputs of a feature",
        lambda: fit(X, np.column_stack([Y, Y]), 0.1, penalty=GroupLasso(PAIRS)),
    ),
    (
        InputError,
        "groups of columns take one output, but y has 3\n"
        "  try: a fit for each column of y; grouped=True groups the outputs of a feature",
        lambda: fit(
            X, np.eye(3)[np.arange(20) % 3], 0.1, loss="multinomial", penalty=GroupLasso(PAIRS)
        ),
    ),
    (
        InputError,
        "penalty 'group' must say which columns are a group\n  try: penalties.GroupLasso(groups)",
        of("group"),
    ),
    (
        InputError,
        "penalty 'sparse_group' must say which columns are a group\n"
        "  try: penalties.SparseGroupLasso(groups)",
        of("sparse_group"),
    ),
    (
        InputTypeError,
        "penalty is SparseGroupLasso the class, not an object of it\n  try: SparseGroupLasso(...)",
        of(SparseGroupLasso),
    ),
]


@pytest.mark.parametrize(("kind", "text", "call"), PLACED, ids=[r[1][:40] for r in PLACED])
def test_groups_of_a_table(kind: type[Exception], text: str, call: Callable[[], Any]) -> None:
    refused(kind, text, call)


@pytest.mark.parametrize(
    "penalty", [GroupLasso(PAIRS), SparseGroupLasso(PAIRS), OverlappingGroups(PAIRS)]
)
def test_what_is_known_of_single_columns_only(penalty: GroupPenalty) -> None:
    refused(
        InputError,
        f"fit_within takes l1 and elastic penalties only, not {penalty.name!r}\n"
        "  try: fit_path, and the solution of it that keeps within the limits",
        lambda: fit_within(X, Y, n_features=2, penalty=penalty),
    )
    known = "is known for l1, elastic and ridge penalties only\n"
    more = f"  not for penalty {penalty.name!r}\n  try: path.at(alpha), which solves"
    refused(
        InputError,
        f"guarantee {known}{more}",
        lambda: fit_path(X, Y, penalty=penalty, guarantee=1e-3),
    )
    path = fit_path(X, Y, 4, penalty=penalty)
    refused(InputError, f"between {known}{more}", lambda: path.between(float(path.alphas[1])))


def test_certify_refuses_the_same() -> None:
    refused(
        InputError,
        "feature 1 is in groups 0 and 1\n"
        "  try: penalties.OverlappingGroups, or each column in one group",
        lambda: certify(X, Y, np.zeros(6), 0.0, 0.1, penalty=GroupLasso([[0, 1], [1, 2]])),
    )


@pytest.mark.parametrize(
    "labels", [["a", "a", "b", "b", "c", "c"], np.array([2, 2, 0, 0, 1, 1]), pl.Series([7] * 6)]
)
def test_labels_in_every_form(labels: Any) -> None:
    settled = GroupLasso(labels).settled(6, None)
    wanted = ((0, 1), (2, 3), (4, 5)) if len(set(labels)) == 3 else (tuple(range(6)),)
    assert settled.groups == wanted
    assert settled.weights == tuple(np.sqrt([len(one) for one in wanted]))
