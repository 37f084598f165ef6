"""The rare ways through the command line: displays, browsers, devices, missing parts."""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from cli import Said, _streams, excise

from excise.cli import app, progress
from excise.cli.commands import info
from excise.cli.interrupt import prompt_interrupt
from excise.cli.output import check_writable, write_files
from excise.cli.terminal import Globals, Terminal
from excise.cross_validation import fit_cv
from excise.exceptions import OutputError
from excise.model import build_model
from excise.table import demo_path

DIABETES = str(demo_path("diabetes"))
FIT = ("fit", DIABETES, "progression", "--stability", "0")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "xterm")


def test_long_work_on_a_terminal_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with _streams(tty=True, stdin=b"") as (_, err):
        with progress.Progress(Terminal(Globals(color="never"))) as shown:
            shown.stage("counting sheep")
            deadline = time.monotonic() + 20.0
            while shown._display is None and time.monotonic() < deadline:
                time.sleep(0.01)
            shown.stage("counting goats")
        err.flush()
        text = err.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert "counting" in text and shown._display is not None


def test_short_work_shows_nothing() -> None:
    assert "\x1b[?25l" not in excise(*FIT, tty=True).err


def test_a_display_that_comes_too_late_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with progress.Progress(Terminal(Globals())) as shown:
        pass
    shown._appear()
    assert shown._display is None


def test_open_shows_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert excise(*FIT, "--open", "--no-model").code == 0
    assert opened == [Path("diabetes.report.html").absolute().as_uri()]


def test_info_without_the_core_or_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "excise._core", None)
    monkeypatch.setattr(info, "_LIBRARIES", ("no-such-library",))
    document = excise("info", "--json").json
    assert document["core"].startswith("not built")
    assert document["libraries"] == {"no-such-library": None}
    assert "no-such-library not installed" in excise("info").out


def test_commands_run_in_a_thread_too() -> None:
    said: list[int] = []

    def body() -> None:
        with prompt_interrupt():
            said.append(1)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert said == [1]


def test_folders_and_forbidden_files_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("folder").mkdir()
    with pytest.raises(OutputError, match="cannot write folder: it is a folder"):
        check_writable(Path("folder"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match=r"cannot write new\.csv: permission denied"):
        check_writable(Path("new.csv"))


def test_empty_files_and_our_own_may_be_replaced() -> None:
    path = Path("x.report.html")
    path.touch(mode=0o640)
    check_writable(path)
    write_files({path: '<meta name="generator" content="excise">'})
    check_writable(path)
    assert path.stat().st_mode & 0o777 == 0o640
    write_files({path: "something else"})
    with pytest.raises(OutputError, match="exists and was not written by excise"):
        check_writable(path)
    check_writable(path, force=True)


def test_a_model_made_from_arrays_reads_no_table(rng: np.random.Generator) -> None:
    X = rng.normal(size=(60, 3))
    cv = fit_cv(X, X[:, 0] + rng.normal(size=60), standardize=True)
    build_model(cv, stability=0).save("arrays.excise.json")
    said = excise("predict", "arrays.excise.json", DIABETES)
    assert said.code == 3
    assert said.err == (
        "error: this model was made from arrays, so it cannot read a table\n"
        "  it does not know how columns of a table become its features\n"
        "  try: refit it with 'excise fit', or predict in Python\n"
    )


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("fit", DIABETES, "progression", "--ratio", "0"), "--ratio: '0' is not auto or a number"),
        (("fit", DIABETES, "progression", "--rule", "x=3"), "--rule: 'x=3' is not 1se, min, a n"),
        (("fit", DIABETES, "progression", "--penalty", "elastic:x"), "--penalty: 'elastic:x' is"),
        (("fit", DIABETES, "progression", "--weights", "progression"), "the weights are the targ"),
        (("ledger", "m.json", "--at", "best"), "--at: 'best' is not min, 1se, a number of feat"),
    ],
)
def test_values_that_have_no_meaning(flags: tuple[str, ...], text: str) -> None:
    said = excise(*flags)
    assert said.code == 2 and said.err.startswith(f"error: {text}")


def test_a_penalty_can_be_named_or_given() -> None:
    assert excise(*FIT, "--ratio", "0.01").code == 0
    named, given = (
        excise("ledger", "diabetes.excise.json", "--at", at, "--json").json["penalty"]
        for at in ("lambda=3", "3.0")
    )
    assert named == given and named["alpha"] == 3.0


def test_held_back_groups_stay_whole_and_time_goes_forward() -> None:
    flags = ("--test", "0.3", "--no-model", "--no-report", "--json", "--folds", "5")
    by_time = excise(*FIT, "--time", "age", *flags).json["score"]["test"]
    by_group = excise(*FIT, "--group", "age", *flags).json["score"]["test"]
    assert by_time["rows"] == 133
    assert by_group["rows"] != 133


def test_test_rows_with_gaps_are_filled_and_counted() -> None:
    lines = Path(DIABETES).read_text().splitlines()
    holed = [lines[0], *(line.replace(line.split(",")[2], "", 1) for line in lines[1:40])]
    Path("holes.csv").write_text("\n".join(holed) + "\n")
    said = excise(*FIT, "--test", "holes.csv", "--no-report")
    assert "warning: test rows: " in said.err and "filled as in training" in said.err


@contextmanager
def broken_output(number: int) -> Iterator[None]:
    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(number, os.strerror(number))

    before = sys.stdout
    sys.stdout = Broken()
    try:
        yield
    finally:
        sys.stdout = before


def test_output_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    with broken_output(errno.EPIPE):
        assert app.run(["info"]) == app.PIPE_CLOSED
        assert app.run(["--help"]) == app.PIPE_CLOSED
        assert app.run(["why", "nothing.json", "x", "--json"]) == 3
    with broken_output(errno.ENOSPC):
        assert app.run(["info"]) == 5
    assert "cannot write to standard output: no space left" in capsys.readouterr().err


def test_too_little_memory_is_not_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(app.Command, "invoke", greedy)
    assert excise("info") == Said(3, "", "error: out of memory\n  try: --sample 100000\n")


def test_the_version_is_a_flag_of_the_program_too() -> None:
    assert excise("-v", "--version").out.startswith("excise ")


def test_lines_too_long_for_a_narrow_page_are_broken() -> None:
    assert excise(*FIT).code == 0
    lines = excise("why", "diabetes.excise.json", "glu", "--width", "50").out.splitlines()
    assert max(map(len, lines)) <= 50
