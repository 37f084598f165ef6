"""The rules of the house that no other tool checks: floors in C++, what may be imported, flags."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import excise

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "excise"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEADERS = ROOT / "cpp" / "include" / "excise"

CPP_FLOORS = {
    "base": 0,
    "design": 1,
    "loss": 1,
    "penalty": 1,
    "certificate": 2,
    "solve": 3,
    "path": 4,
}
USERS_OF_THE_CORE = {"compressed.py", "core_engine.py", "engine.py"}
NETWORK = {"socket", "http", "urllib.request", "requests", "ftplib", "smtplib"}
RUNS_CODE = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_are_allowed(path: Path) -> None:
    used = set(imports(path))
    assert not used & (NETWORK | RUNS_CODE), "no network at run time, no pickles"
    if "excise._core" in used:
        allowed = path.name in USERS_OF_THE_CORE or path.parent.name in ("design", "penalties")
        assert allowed, "only the engine, the storages and the penalties touch the C++ core"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_code_is_made_from_text(path: Path) -> None:
    called = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"eval", "exec", "compile", "__import__"}


@pytest.mark.parametrize("header", sorted(HEADERS.rglob("*.hpp")), ids=name_of)
def test_headers_include_downwards(header: Path) -> None:
    room = header.relative_to(HEADERS).parts[0]
    for other in re.findall(r'#include "excise/(\w+)/', header.read_text()):
        below = CPP_FLOORS[other] < CPP_FLOORS[room]
        assert other == room or below, f"{room} may not look at {other}"


def test_arithmetic_stays_ieee() -> None:
    """numpy #20895: a library built with fast math flushes everybody's denormals to zero."""
    flags = "\n".join(
        line.partition("#")[0] for line in (ROOT / "CMakeLists.txt").read_text().splitlines()
    )
    assert not re.search(r"fast-math|-Ofast|unsafe-math|march=native", flags)
    code = "import excise._core; tiny = 5e-324; assert tiny * 1.0 > 0.0 and 1e-310 / 2 > 0.0"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_costs_nothing() -> None:
    code = (
        "import sys, excise; "
        "heavy = {'numpy', 'scipy', 'polars', 'sklearn', 'click', 'rich'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", excise.__all__)
def test_public_names_are_documented(name: str) -> None:
    value = getattr(excise, name)
    assert name == "__version__" or (value.__doc__ or "").strip()


def test_all_names_are_offered() -> None:
    assert set(excise.__all__) <= set(dir(excise))
    assert sorted(excise.__all__) == sorted(set(excise.__all__))
    with pytest.raises(AttributeError, match="no attribute 'lasso'"):
        excise.lasso  # noqa: B018


def test_the_stub_of_the_core_is_current(tmp_path: Path) -> None:
    fresh = tmp_path / "_core.pyi"
    subprocess.run(
        [sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "excise._core", "-o", str(fresh)],
        check=True,
    )
    assert fresh.read_text() == (PACKAGE / "_core.pyi").read_text(), "run: make stub"


def test_the_package_carries_its_data() -> None:
    spec = find_spec("excise")
    assert spec is not None and spec.origin is not None
    installed = Path(spec.origin).parent
    wanted = [
        path.relative_to(PACKAGE)
        for kind in ("py.typed", "*.csv", "*.css", "*.html", "*.json")
        for path in PACKAGE.rglob(kind)
    ]
    assert wanted
    assert not [path for path in wanted if not (installed / path).exists()]
