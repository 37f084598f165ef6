"""Who trains and who is held out: every kind of folds keeps its promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, ShuffleSplit

from excise.exceptions import InputError, InputTypeError
from excise.folds import TEST, TRAIN, UNUSED, make_folds


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 60), k=st.integers(2, 60), repeats=st.integers(1, 3), seed=st.integers(0, 9)
)
def test_every_row_is_held_out_once_per_repeat(n: int, k: int, repeats: int, seed: int) -> None:
    k = min(n, k)
    folds = make_folds(n, k, repeats=repeats, random_state=seed)
    assert len(folds) == k * repeats and folds.repeats == repeats
    assert folds.roles.dtype == np.int8
    assert np.isin(folds.roles, [TRAIN, TEST]).all()
    for part in np.split(folds.roles == TEST, repeats):
        np.testing.assert_array_equal(part.sum(axis=0), 1)
        assert np.ptp(part.sum(axis=1)) <= 1
    assert folds.fold_of_row.shape == (repeats, n)
    assert folds.fold_of_row.min() == 0 and folds.fold_of_row.max() == k - 1


@settings(max_examples=60, deadline=None)
@given(groups=st.lists(st.integers(0, 8), min_size=4, max_size=50), k=st.integers(2, 5))
def test_groups_stay_together(groups: list[int], k: int) -> None:
    if len(set(groups)) < k:
        with pytest.raises(InputError, match=f"cannot fill {k} folds"):
            make_folds(len(groups), k, groups=groups)
        return
    folds = make_folds(len(groups), k, groups=groups)
    names = np.asarray(groups)
    for roles in folds.roles:
        assert not set(names[roles == TRAIN]) & set(names[roles == TEST])
    np.testing.assert_array_equal((folds.roles == TEST).sum(axis=0), 1)


def test_groups_of_any_kind() -> None:
    words = ["b", "a", "b", "c", "a", "d"]
    folds = make_folds(6, 2, groups=words)
    assert folds.fold_of_row[0, 0] == folds.fold_of_row[0, 2]
    assert folds.fold_of_row[0, 1] == folds.fold_of_row[0, 4]


@settings(max_examples=60, deadline=None)
@example(times=[0, 1, 2, 2, 2, 2, 2], k=2)
@example(times=[0, 0, 0, 0, 0, 1, 2], k=2)
@given(times=st.lists(st.integers(0, 30), min_size=6, max_size=60), k=st.integers(2, 5))
def test_time_folds_never_look_ahead(times: list[int], k: int) -> None:
    moments = np.asarray(times)
    if len(set(times)) < k + 1:
        with pytest.raises(InputError, match="distinct times"):
            make_folds(len(times), k, time=times)
        return
    folds = make_folds(len(times), k, time=times)
    assert 1 <= len(folds) <= k
    for roles in folds.roles:
        assert (roles == TRAIN).any() and (roles == TEST).any()
        assert moments[roles == TRAIN].max() < moments[roles == TEST].min()
        later = moments[roles == TEST].max()
        assert np.all(roles[moments > later] == UNUSED)
    held = (folds.roles == TEST).sum(axis=0)
    assert np.all(held <= 1)
    np.testing.assert_array_equal(folds.fold_of_row[0] == -1, held == 0)
    assert np.all(moments[held == 0] < moments[held == 1].min())


def test_time_may_be_dates_in_any_order() -> None:
    days = np.datetime64("2024-01-01") + np.random.default_rng(0).permutation(40)
    folds = make_folds(40, 4, time=days)
    for roles in folds.roles:
        assert days[roles == TRAIN].max() < days[roles == TEST].min()


def test_the_seed_decides_and_repeats_differ() -> None:
    one, same, other = (make_folds(30, 5, random_state=s, repeats=2) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.roles, same.roles)
    assert np.any(one.roles != other.roles)
    assert np.any(one.fold_of_row[0] != one.fold_of_row[1])
    assert make_folds(30, 5, random_state=None).roles.shape == (5, 30)


def test_folds_of_the_user() -> None:
    rows = np.arange(12)
    pairs = [(rows[4:], rows[:4]), (rows[:4], rows[4:8]), (rows[:8], rows[8:])]
    by_index = make_folds(12, pairs)
    masks = [(np.isin(rows, train), np.isin(rows, test)) for train, test in pairs]
    np.testing.assert_array_equal(make_folds(12, masks).roles, by_index.roles)
    np.testing.assert_array_equal(make_folds(12, iter(pairs)).roles, by_index.roles)
    assert by_index.roles[1, 10] == UNUSED
    np.testing.assert_array_equal(by_index.fold_of_row, [[0] * 4 + [1] * 4 + [2] * 4])


def test_labels() -> None:
    folds = make_folds(6, np.array([7, 7, -1, 2, 2, 2]))
    np.testing.assert_array_equal(folds.roles, [[1, 1, 1, 2, 2, 2], [2, 2, 1, 1, 1, 1]])
    np.testing.assert_array_equal(folds.fold_of_row, [[1, 1, -1, 0, 0, 0]])


@pytest.mark.parametrize(
    "splitter", [KFold(4), ShuffleSplit(3, random_state=0), GroupKFold(3), LeaveOneGroupOut()]
)
def test_splitters_of_scikit_learn(splitter: Any) -> None:
    groups = np.arange(20) % 5 if "Group" in type(splitter).__name__ else None
    folds = make_folds(20, splitter, groups=groups)
    wanted = list(splitter.split(np.zeros((20, 1)), None, groups))
    assert len(folds) == len(wanted)
    for roles, (train, test) in zip(folds.roles, wanted, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(roles == TRAIN), np.sort(train))
        np.testing.assert_array_equal(np.flatnonzero(roles == TEST), np.sort(test))


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"cv": 1}, InputError, "cv must be at least 2 folds, got 1"),
        ({"cv": 9}, InputError, "8 usable rows cannot fill 9 folds"),
        ({"cv": True}, InputTypeError, "cv is True"),
        ({"cv": "10"}, InputTypeError, "cv is '10'"),
        ({"cv": 2.5}, InputTypeError, "cv is float"),
        ({"cv": []}, InputError, "cv has no folds"),
        ({"cv": 2, "repeats": 0}, InputError, "repeats must be at least 1, got 0"),
        ({"cv": 2, "groups": range(8), "time": range(8)}, InputError, "groups and time cannot"),
        ({"cv": 2, "groups": [1, 2]}, InputError, "groups has shape (2,), but there are 8 rows"),
        ({"cv": 2, "time": [1, 2]}, InputError, "time has shape (2,), but there are 8 rows"),
        ({"cv": 3, "groups": [1] * 4 + [2] * 4}, InputError, "2 usable groups cannot fill 3"),
        ({"cv": 3, "time": [1, 2, 3, 3] * 2}, InputError, "3 usable distinct times cannot fill 4"),
        ({"cv": [([0], [1])], "groups": range(8)}, InputError, "groups has no effect"),
        ({"cv": [([0], [1])], "time": range(8)}, InputError, "time has no effect"),
        ({"cv": KFold(2), "repeats": 2}, InputError, "repeats has no effect"),
        ({"cv": np.zeros(8, int)}, InputError, "cv labels 1 folds; at least 2 are needed"),
        ({"cv": np.zeros(7, int)}, InputError, "cv has shape (7,), but there are 8 rows"),
        ({"cv": [([0, 1], [8])]}, InputError, "fold 0 of cv names rows outside 0 .. 7"),
        ({"cv": [([0], [1]), ([], [1])]}, InputError, "fold 1 of cv has no training rows"),
        ({"cv": [([0], [])]}, InputError, "fold 0 of cv has no test rows"),
        ({"cv": [([0, 1], [1, 2])]}, InputError, "fold 0 of cv trains on row 1 and holds it out"),
    ],
    ids=str,
)
def test_errors_say_what_is_wrong(arguments: dict[str, Any], error: type, says: str) -> None:
    with pytest.raises(error) as caught:
        make_folds(8, **arguments)
    assert caught.value.fact.startswith(says)
