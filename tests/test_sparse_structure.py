"""Sparse tables that other tools die of: a clear error, or the right answer. Threads are named."""

from __future__ import annotations

import pickle
import re
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from excise import _core
from excise.certify import certify
from excise.engine import fit, fit_path
from excise.exceptions import InputError, InputTypeError
from excise.linear_model import Lasso, lasso_path

MAKE = {"csc": sparse.csc_array, "csr": sparse.csr_array}
WIDTHS = [np.int32, np.int64]


def table(form: str, width: Any = np.int32) -> tuple[Any, Any]:
    """A fresh 12 x 8 table whose arrays may be spoiled."""
    rng = np.random.default_rng(3)
    X = MAKE[form](rng.standard_normal((12, 8)) * (rng.random((12, 8)) < 0.5))
    X.indices, X.indptr = X.indices.astype(width), X.indptr.astype(width)
    return X, rng.standard_normal(12)


SPOILED = {
    "index too large": (lambda X, far: X.indices.__setitem__(3, far), "index .* is outside"),
    "index negative": (lambda X, far: X.indices.__setitem__(3, -1), "index -1 .* is outside"),
    "index huge": (
        lambda X, far: X.indices.__setitem__(3, np.iinfo(X.indices.dtype).max),
        "is outside",
    ),
    "indptr begins late": (lambda X, far: X.indptr.__setitem__(0, 1), "indptr begins with 1"),
    "indptr falls": (lambda X, far: X.indptr.__setitem__(2, 0), "indptr falls"),
    "indptr too far": (lambda X, far: X.indptr.__setitem__(-1, 10**6), "indptr reaches 1000000"),
    "indptr negative": (lambda X, far: X.indptr.__setitem__(1, -5), "indptr falls"),
    "indptr short": (lambda X, far: setattr(X, "indptr", X.indptr[:-1]), "indptr has"),
    "values short": (lambda X, far: setattr(X, "data", X.data[:-2]), "values"),
    "indices short": (lambda X, far: setattr(X, "indices", X.indices[:-2]), "indices"),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("form", MAKE)
@pytest.mark.parametrize("spoil", SPOILED)
def test_corrupt_structure_is_refused_by_name(spoil: str, form: str, width: Any) -> None:
    """scipy #8778 #21170 #23784: one out-of-range index kills the process elsewhere."""
    change, message = SPOILED[spoil]
    X, y = table(form, width)
    change(X, 12 if form == "csc" else 8)
    for use in (
        lambda: fit(X, y, 0.1),
        lambda: certify(X, y, np.zeros(8), 0.0, 0.1),
        lambda: Lasso().fit(X, y),
        lambda: lasso_path(X, y),
    ):
        with pytest.raises(InputError, match="corrupt sparse structure") as error:
            use()
        assert re.search(message, str(error.value))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("form", MAKE)
@pytest.mark.parametrize("spoil", SPOILED)
def test_the_core_itself_looks_at_every_index(spoil: str, form: str, width: Any) -> None:
    change, message = SPOILED[spoil]
    X, _ = table(form, width)
    change(X, 12 if form == "csc" else 8)
    with pytest.raises(ValueError, match=message):
        _core.sparse(X.data, X.indices, X.indptr, 12, 8, form == "csr")


@pytest.mark.parametrize("form", MAKE)
def test_the_core_takes_canonical_tables_of_its_types_only(form: str) -> None:
    X, _ = table(form)
    by_rows = form == "csr"
    reversed_, start = X.indices.copy(), int(np.argmax(np.diff(X.indptr)))
    part = slice(X.indptr[start], X.indptr[start + 1])
    reversed_[part] = reversed_[part][::-1].copy()
    with pytest.raises(ValueError, match="not canonical"):
        _core.sparse(X.data, reversed_, X.indptr, 12, 8, by_rows)
    with pytest.raises(ValueError, match="int32 or int64"):
        _core.sparse(X.data, X.indices.astype(np.int16), X.indptr, 12, 8, by_rows)
    with pytest.raises(ValueError, match="float32 or float64"):
        _core.sparse(X.data.astype(int), X.indices, X.indptr, 12, 8, by_rows)
    for n, p in ((-1, 8), (12, -1), (11, 8), (12, 7)):
        with pytest.raises(ValueError, match="corrupt sparse structure"):
            _core.sparse(X.data, X.indices, X.indptr, n, p, by_rows)
    mixed = _core.sparse(X.data, X.indices, X.indptr.astype(np.int64), 12, 8, by_rows)
    assert isinstance(mixed, _core.Design)


@pytest.mark.parametrize("form", ["csc_array", "csr_array", "csc_matrix", "csr_matrix"])
def test_read_only_buffers_and_wide_indices(form: str) -> None:
    """scikit-learn #9545 (segmentation fault), #31073, #14249."""
    X, y = table(form[:3], np.int64)
    X = getattr(sparse, form)(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    expected = Lasso(alpha=0.05).fit(X.toarray(), y)
    for array in (X.data, X.indices, X.indptr):
        array.flags.writeable = False
    found = Lasso(alpha=0.05).fit(X, y)
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-12)
    np.testing.assert_allclose(found.predict(X), expected.predict(X.toarray()), atol=1e-12)
    assert X.indices.dtype == np.int64


@pytest.mark.parametrize("form", MAKE)
def test_memory_mapped_buffers(form: str, tmp_path: Any) -> None:
    X, y = table(form)
    expected = fit_path(X, y, 5)
    for name in ("data", "indices", "indptr"):
        np.save(tmp_path / f"{name}.npy", getattr(X, name))
        setattr(X, name, np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    np.testing.assert_array_equal(fit_path(X, y, 5).columns.data, expected.columns.data)


@pytest.mark.parametrize("weight", [None, 0.0])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e301])
@pytest.mark.parametrize("form", MAKE)
def test_values_that_cannot_be_used_are_named(form: str, value: float, weight: Any) -> None:
    """Also in a row of weight zero."""
    X, y = table(form)
    X.data[5] = value
    row, column = (int(k[0]) for k in np.nonzero(~(np.abs(X.toarray()) < 1e300)))
    weights = None if weight is None else np.where(np.arange(12) == row, weight, 1.0)
    with pytest.raises(InputError, match=rf"row {row}, column {column}"):
        fit(X, y, 0.1, sample_weight=weights)
    with pytest.raises(InputError, match=rf"row {row}, column {column}"):
        Lasso().fit(X, y, sample_weight=weights)


def test_weights_do_not_make_a_sparse_table_be_read_in_dense_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, y = table("csc")
    problem = fit_path(X, y, 4).problem
    monkeypatch.setattr(type(problem.design), "blocks", lambda *_: pytest.fail("dense blocks"))
    fit_path(X, y, 4, sample_weight=np.arange(12.0))


def test_other_kinds_are_refused_and_whole_numbers_converted() -> None:
    X, y = table("csc")
    with pytest.raises(InputTypeError, match="complex"):
        fit(X.astype(complex), y, 0.1)
    for dtype in (bool, np.int8, np.uint32):
        whole = sparse.csr_array((X.toarray() > 0).astype(dtype))
        expected = fit(whole.toarray(), y, 0.01).coef
        np.testing.assert_allclose(fit(whole, y, 0.01).coef, expected, atol=1e-12)


@pytest.mark.parametrize("make", [sparse.csc_array, sparse.csr_matrix, sparse.coo_array])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_empty_tables(make: Any, shape: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"X has no (rows|columns)"):
        fit(make(shape), np.zeros(shape[0]), 0.1)


@pytest.mark.parametrize("form", MAKE)
def test_a_table_that_stores_nothing(form: str) -> None:
    _, y = table(form)
    X = MAKE[form]((12, 8))
    path = fit_path(X, y, 3, standardize=True)
    assert path.coefs.nnz == 0 and path.alpha_max == 0.0
    assert fit(X, y, 0.1).intercept == pytest.approx(y.mean())


def test_coordinates_of_other_formats_are_checked() -> None:
    """scipy #21170: the conversion would follow them."""
    X, y = table("csc")
    entries = X.tocoo()
    entries.row[2] = 10**6
    with pytest.raises(InputError, match="row index 1000000 is outside"):
        fit(entries, y, 0.1)


def test_stale_flags_are_not_believed() -> None:
    """`has_canonical_format` is a cache: an edit in place leaves it wrong."""
    X, y = table("csr")
    assert X.has_canonical_format
    row = int(np.argmax(np.diff(X.indptr)))
    part = slice(X.indptr[row], X.indptr[row + 1])
    X.indices[part], X.data[part] = X.indices[part][::-1].copy(), X.data[part][::-1].copy()
    expected = fit(X.toarray(), y, 0.05)
    np.testing.assert_allclose(fit(X, y, 0.05).coef, expected.coef, atol=1e-12)
    assert X.has_canonical_format  # and it is left alone


def test_what_is_not_x_may_not_be_sparse() -> None:
    X, y = table("csc")
    with pytest.raises(InputTypeError, match="only X may be sparse"):
        fit(X, sparse.csr_array(y[None, :]), 0.1)


def test_a_problem_survives_pickling() -> None:
    X, y = table("csr")
    problem = pickle.loads(pickle.dumps(fit_path(X, y, 4).problem))
    np.testing.assert_array_equal(problem.design.columns(slice(None)), X.toarray())
