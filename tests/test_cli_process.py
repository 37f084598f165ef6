"""What only a process of its own can show: start-up, pipes, signals, entry points."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import excise
from excise.table import demo_path

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(excise.__file__).parents[1])}
MODULE = [sys.executable, "-m", "excise"]
SCRIPT = [sys.executable, "-c", "import sys; from excise.__main__ import main; sys.exit(main())"]


def run(*command: object, **kwargs: object) -> subprocess.CompletedProcess[str]:
    line = [str(word) for word in command]
    return subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, **kwargs)  # type: ignore[call-overload,no-any-return]


def test_module_and_script_are_the_same() -> None:
    module, script = (run(*way, "fitt") for way in (MODULE, SCRIPT))
    assert (module.returncode, module.stdout, module.stderr) == (
        script.returncode, script.stdout, script.stderr,
    )  # fmt: skip
    assert module.returncode == 2
    version = run(*MODULE, "--version")
    assert version.stdout == f"excise {excise.__version__}\n" and version.returncode == 0


def imported(*arguments: object, cwd: Path) -> set[str]:
    """Top-level names and subpackages that a command imports."""
    said = run(sys.executable, "-X", "importtime", "-m", "excise", *arguments, cwd=cwd)
    assert said.returncode == 0, said.stderr[-500:]
    lines = (line for line in said.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


HEAVY = {"numpy", "polars", "rich", "scipy", "jinja2", "sklearn", "pandas", "matplotlib"}


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--version"], HEAVY | {"click", "excise.cli.app"}),
        (["--help"], HEAVY),
        (["fit", "--help"], HEAVY),
        (
            ["fit", demo_path("diabetes"), "progression"],
            {"rich", "sklearn", "pandas", "matplotlib", "pyarrow", "scipy.stats", "scipy.sparse"},
        ),
    ],
    ids=["version", "help", "fit help", "fit"],
)
def test_nothing_is_imported_that_is_not_used(
    arguments: list[str], absent: set[str], tmp_path: Path
) -> None:
    assert not imported(*arguments, cwd=tmp_path) & absent


def test_a_closed_pipe_is_silent(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*MODULE, "completion", "bash"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_full_standard_output_ends_with_5() -> None:
    with open("/dev/full", "w") as full:
        said = subprocess.run(
            [*MODULE, "info"], env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert said.returncode == 5
    assert said.stderr == "error: cannot write to standard output: no space left on device\n"


def test_an_encoding_without_bars_gets_plain_characters(tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    said = subprocess.run(
        [*MODULE, "fit", demo_path("diabetes"), "progression"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
    )
    assert said.returncode == 0
    assert b"====####" in said.stdout and said.stdout.isascii()


STUBBORN = """
import sys, time, ctypes
from pathlib import Path
from excise.cli import interrupt, output
from excise.exceptions import ExciseError

def slow(path):
    path.write_text("half")
    print("ready", flush=True)
    {wait}

with interrupt.prompt_interrupt():
    output.write_files({{Path("big.csv"): slow}})
"""
WAITS = {
    "python": "time.sleep(20)",
    "library": "ctypes.PyDLL(None).usleep; ctypes.CDLL(None).sleep(20)",
}


@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c_is_answered_at_once_and_leaves_nothing(wait: str, tmp_path: Path) -> None:
    """A call into a library that does not poll for signals is ended as well."""
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN.format(wait=WAITS[wait])],
        env=ENVIRONMENT,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    began = time.perf_counter()
    process.send_signal(signal.SIGINT)
    process.wait(timeout=10)
    took = time.perf_counter() - began
    process.stdout.close()
    assert process.returncode in (130, -signal.SIGINT)
    assert took < 2.0, "0.2 s on a quiet machine"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_in_a_fit_ends_with_130(tmp_path: Path) -> None:
    """Interrupted while it waits for its table: nothing is written, the code is 130."""
    process = subprocess.Popen(
        [*MODULE, "fit", "-", "y"],
        env=ENVIRONMENT,
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stderr is not None
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    process.stdin.close()
    process.wait(timeout=10)
    process.stderr.close()
    assert process.returncode == 130
    assert said.strip() == b"interrupted; no file is half-written"
    assert list(tmp_path.iterdir()) == []
