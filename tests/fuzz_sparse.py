"""Sparse tables of any structure, sound or broken: a clear error, or the answer of the dense table.

``python tests/fuzz_sparse.py --count 10000`` hunts for long; the suite runs a few hundred.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

import excise
from excise.exceptions import InputError, InputTypeError

WILD = (-1, 0, 1, 7, 2**31 - 1, -(2**31))


def draw(rng: np.random.Generator) -> tuple[Any, Any]:
    """A CSC or CSR matrix whose arrays may have been tampered with, and y."""
    n, p = int(rng.integers(2, 30)), int(rng.integers(1, 20))
    by_rows = bool(rng.integers(2))
    major, minor = (n, p) if by_rows else (p, n)
    X = (csr_matrix if by_rows else csc_matrix)((n, p))
    count = rng.integers(0, minor + 2, major)  # more than fit: some stand twice
    kind = rng.choice([np.int32, np.int64])
    X.indptr = np.concatenate([[0], np.cumsum(count)]).astype(kind)
    X.indices = rng.integers(0, minor, count.sum()).astype(kind)
    X.data = rng.standard_normal(count.sum()).astype(rng.choice([np.float32, np.float64]))
    for _ in range(int(rng.choice([0, 0, 1, 3]))):
        tamper(X, rng)
    return X, rng.standard_normal(n)


def tamper(X: Any, rng: np.random.Generator) -> None:
    """Break something: a value, an offset, or a length."""
    name = str(rng.choice(["data", "indices", "indptr"]))
    array = getattr(X, name)
    if len(array) and rng.integers(2):
        wild = [np.nan, np.inf, 1e308] if name == "data" else WILD
        array[rng.integers(len(array))] = rng.choice(wild)
    else:
        setattr(X, name, array[: int(rng.integers(len(array) + 1))])


def dense(X: Any) -> Any:
    """The table written out entry by entry, or None where that is not possible."""
    n, p = X.shape
    by_rows = X.format == "csr"
    major, minor = (n, p) if by_rows else (p, n)
    start = [int(v) for v in X.indptr]
    sound = len(start) == major + 1 and start[0] == 0 and sorted(start) == start
    if not sound or start[-1] > min(len(X.indices), len(X.data)):
        return None
    out = np.zeros((major, minor))
    for k in range(major):
        for e in range(start[k], start[k + 1]):
            if not 0 <= X.indices[e] < minor:
                return None
            out[k, X.indices[e]] += float(X.data[e])
    return out if by_rows else out.T


def judge(X: Any, y: Any) -> str:
    """What is wrong with how `X` is treated; empty: nothing."""
    table = dense(X)
    before = X.data.tobytes(), X.indices.tobytes(), X.indptr.tobytes()
    finite = table is not None and bool(np.all(np.abs(table) < 1e300))
    try:
        path = excise.fit_path(X, y, 8, n_threads=1)
    except (InputError, InputTypeError) as error:
        return f"refused though sound: {error}" if finite else ""
    if (X.data.tobytes(), X.indices.tobytes(), X.indptr.tobytes()) != before:
        return "written to"
    if not finite:
        return "" if table is not None and np.isfinite(table).all() else "accepted though broken"
    gaps = [
        excise.certify(table, y, path.coefs.toarray()[:, k], b0, alpha).relative_gap
        for k, (alpha, b0) in enumerate(zip(path.alphas, path.intercepts, strict=True))
    ]
    return "" if max(gaps) <= 1e-9 else f"gap {max(gaps):.1e} on the dense table"


def hunt(seed: int, count: int) -> Iterator[tuple[int, str]]:
    """The findings among `count` tables."""
    for k in range(count):
        with np.errstate(all="ignore"):
            X, y = draw(np.random.default_rng([seed, k]))
            finding = judge(X, y)
        if finding:
            yield k, finding


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    found = 0
    for k, finding in hunt(args.seed, args.count):
        found += 1
        print(f"--seed {args.seed}, table {k}: {finding}", flush=True)
    print(f"{args.count} tables; {found} findings", flush=True)


if __name__ == "__main__":
    main()
