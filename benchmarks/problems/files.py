"""Problems as files, so that others rerun the same numbers; the README here has the format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from benchmarks.problems.base import Problem, Table

FORMAT = "excise benchmark problem, version 1"
ABOUT = ("name", "title", "alpha_min_ratio", "n_alphas")


def save(problem: Problem, folder: Path) -> Path:
    """Write `problem` as NAME.json and NAME.npz into `folder`; return the path of the former."""
    folder.mkdir(parents=True, exist_ok=True)
    X = problem.X
    if problem.sparse:
        arrays = {"data": X.data, "indices": X.indices, "indptr": X.indptr, "shape": X.shape}
    else:
        arrays = {"X": X}
    np.savez(folder / f"{problem.name}.npz", y=problem.y, **arrays)
    about = {"format": FORMAT} | {key: getattr(problem, key) for key in ABOUT}
    about |= {"loss": problem.loss, "penalty": problem.penalty}
    about["arrays"] = f"{problem.name}.npz"
    file = folder / f"{problem.name}.json"
    file.write_text(json.dumps(about, indent=1) + "\n")
    return file


def read(file: Path) -> Problem:
    """Read what `save` wrote."""
    try:
        about = json.loads(file.read_text())
        version = about["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{file} is not a problem: {error}") from None
    if version != FORMAT:
        raise SystemExit(f"{file} has format {version!r}, not {FORMAT!r}")
    with np.load(file.with_name(about["arrays"]), allow_pickle=False) as arrays:
        X: Table
        if "X" in arrays:
            X = np.asfortranarray(arrays["X"], dtype=np.float64)
        else:
            parts = arrays["data"], arrays["indices"], arrays["indptr"]
            X = sp.csc_matrix(parts, shape=tuple(arrays["shape"]))
        more = {"loss": about.get("loss", "squared"), "penalty": about.get("penalty", "l1")}
        return Problem(X=X, y=arrays["y"], **more, **{key: about[key] for key in ABOUT})
