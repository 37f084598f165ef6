"""The measuring machinery itself, on problems cut down to fractions of a second."""

from __future__ import annotations

import importlib.util
import os
import sys
import types
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import excise
from benchmarks import measure, problems, run, verify
from benchmarks.peers import PEERS, Peer
from benchmarks.peers.base import PathAnswer
from benchmarks.problems import files, simulated
from benchmarks.show import goals, growth, picture, summary, tables
from benchmarks.show.__main__ import between
from benchmarks.tasks import cv, many, map, path, scaling, threads
from benchmarks.tasks.base import Settings
from benchmarks.tasks.registry import TASKS

OURS = PEERS[0]
SCIKIT_LEARN = next(peer for peer in PEERS if peer.name == "scikit-learn")
SETTINGS = Settings((OURS, SCIKIT_LEARN), budget=0.2, ladder=("diabetes-quick",), quick=True)


@pytest.fixture(scope="module")
def problem() -> problems.Problem:
    return problems.load("diabetes", quick=True)


@pytest.fixture(scope="module")
def measured(problem: problems.Problem) -> dict:
    return path.measure(problem, SETTINGS)


def test_problems_are_standardised(problem: problems.Problem) -> None:
    np.testing.assert_allclose(problem.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(problem.X.std(axis=0), 1)
    assert problem.X.flags.f_contiguous
    assert abs(problem.y.mean()) < 1e-10


@pytest.fixture(scope="module")
def words() -> problems.Problem:
    return simulated.sparse_text(n=200, p=400, density=0.05, n_true=5)


def test_sparse_problems_are_scaled_and_stay_sparse(words: problems.Problem) -> None:
    assert words.sparse
    assert words.size == words.X.nnz < 0.1 * words.X.shape[0] * words.X.shape[1]
    np.testing.assert_allclose(words.X.power(2).mean(axis=0), 1)
    assert words.X.data.min() > 0
    assert abs(words.y.mean()) < 1e-10
    counts = np.sort(np.diff(words.X.indptr))[::-1]
    assert counts[0] > 4 * counts[len(counts) // 2]
    assert words.cut(50, 60).alpha_max > 0


def test_problems_in_files_are_the_same_numbers(
    problem: problems.Problem, words: problems.Problem, tmp_path: Path
) -> None:
    for one in (problem, words):
        found = problems.load(str(files.save(one, tmp_path)))
        assert found.facts == one.facts
        assert found.sparse == one.sparse
        np.testing.assert_array_equal(found.alphas, one.alphas)
        assert abs(found.X - one.X).max() == 0
    strange = tmp_path / "strange.json"
    strange.write_text('{"format": "another"}')
    with pytest.raises(SystemExit, match="has format 'another'"):
        problems.load(str(strange))
    with pytest.raises(SystemExit, match=r"no problem called 'nothing'; give a \.json file or one"):
        problems.load("nothing")


def test_who_cannot_take_part_says_why(words: problems.Problem) -> None:
    wide = problems.Problem("wide", "wide", np.zeros((2, 3000)), np.zeros(2))
    able, absent = path.sorted_out(PEERS, wide)
    assert {peer.name for peer in PEERS} == {peer.name for peer in able} | absent.keys()
    assert absent == {"glum": "not asked above 2,500 columns"}
    _, absent = path.sorted_out(PEERS, words)
    try:
        excise.fit_path(sp.identity(4, format="csc"), np.arange(4.0), alphas=2)
        assert absent == {}
    except excise.InputTypeError as error:
        assert absent == {"excise": str(error).splitlines()[0]}


def test_sparse_paths_agree_with_dense_ones(words: problems.Problem) -> None:
    result = path.measure(words, SETTINGS)
    theirs = result["rows"][-1]
    assert theirs["peer"] == "scikit-learn"
    job = SCIKIT_LEARN.path(words, 1e-10)
    job.run()
    dense = problems.Problem("dense", "dense", words.X.toarray(order="F"), words.y)
    assert verify.worst_gap(dense, job.answer()) < 1e-6
    assert "sparse text" in tables.describe(result)


def test_everybody_is_certified_by_one_verifier(measured: dict) -> None:
    ours, theirs = measured["rows"]
    assert ours["peer"] == "excise"
    assert ours["worst_gap"] <= 1e-10 < theirs["worst_gap"] <= 1e-3


def test_the_verifier_sees_a_wrong_path(problem: problems.Problem) -> None:
    nothing = np.zeros((problem.X.shape[1], problem.n_alphas))
    assert verify.worst_gap(problem, PathAnswer(nothing)) > 0.1


LOSSES = {
    "logistic": lambda: simulated.classes(120, 8)(),
    "poisson": lambda: simulated.counts(120, 8)(),
    "quantile": lambda: simulated.medians(121, 8, n_alphas=10)(),
    "cox": lambda: simulated.survival(120, 8)(),
    "gamma": lambda: simulated.amounts(120, 8)(),
    "tweedie": lambda: simulated.claims(120, 8)(),
}


@pytest.mark.parametrize("family", LOSSES)
def test_problems_of_other_losses(family: str, tmp_path: Path) -> None:
    one = LOSSES[family]()
    assert one.family == family
    assert one.fit_intercept == (family != "cox")
    assert abs(one.earned.sum()) < 1e-10
    ours = excise.fit_path(one.X, one.y, alphas=2, loss=one.loss)
    assert one.alpha_max == pytest.approx(ours.alpha_max, rel=1e-12)
    found = problems.load(str(files.save(one, tmp_path)))
    assert found.facts == one.facts
    np.testing.assert_array_equal(found.y, one.y)
    np.testing.assert_array_equal(found.alphas, one.alphas)
    assert one.cut(60, 5).loss == one.loss
    assert set(np.unique(one.cut(60, 5).y)) <= set(np.unique(one.y))


@pytest.mark.parametrize("name", path.LOSSES)
def test_whoever_has_no_such_loss_says_so(name: str) -> None:
    one = LOSSES[name.split("-")[0]]() if name.split("-")[0] in LOSSES else LOSSES["logistic"]()
    able, absent = path.sorted_out(PEERS, replace(one, name=name))
    assert able[0] is OURS
    assert len(able) > 1
    assert absent["celer"]
    assert absent.keys() | {peer.name for peer in able} == {peer.name for peer in PEERS}


ABLE = {
    f"{peer.name}, {family}": (peer, family)
    for peer in PEERS
    for family in LOSSES
    if family in peer.losses and family not in peer.without
}


@pytest.mark.parametrize(("peer", "family"), ABLE.values(), ids=ABLE)
def test_everybody_solves_our_problem_of_the_loss(peer: Peer, family: str) -> None:
    """A strength or a sign converted wrongly would leave a gap of about 1."""
    one = replace(LOSSES[family](), n_alphas=10)
    if not peer.available():
        pytest.skip(f"{peer.name} is not installed")
    job = peer.path(one, 1e-12 if peer.name in {"adelie", "R glmnet"} else 1e-8)
    try:
        job.run()
        answer = job.answer()
    finally:
        job.close()
    assert verify.worst(one, answer)["worst_gap"] < 1e-2
    assert np.any(answer.intercepts) == one.fit_intercept
    shifted = PathAnswer(answer.coefs + 0.5, answer.intercepts + 1.0 * one.fit_intercept)
    assert verify.worst(one, shifted)["worst_gap"] > 0.05


def test_no_number_is_no_answer(problem: problems.Problem) -> None:
    nothing = np.full((problem.X.shape[1], problem.n_alphas), np.nan)
    found = verify.worst(problem, PathAnswer(nothing))
    assert found == {"worst_gap": np.inf, "worst_kkt": np.inf}


@pytest.mark.parametrize("family", LOSSES)
def test_paths_of_other_losses_are_shown(family: str) -> None:
    result = path.measure(LOSSES[family](), SETTINGS)
    ours = result["rows"][0]
    assert ours["worst_gap"] <= 1e-10
    assert ours["worst_kkt"] <= 1e-9
    shown = tables.describe(result)
    assert "worst KKT violation" in shown
    lengths = {line.count("|") for line in shown.splitlines() if line.startswith("|")}
    assert lengths == {7}
    assert result["loss"] in shown or family in shown


GROUPED = {
    f"{peer.name}, {kind}": (peer, kind)
    for peer in PEERS
    for kind in ("group", "sparse_group")
    if kind in peer.penalties
}


@pytest.mark.parametrize(("peer", "kind"), GROUPED.values(), ids=GROUPED)
def test_everybody_solves_our_problem_of_groups(peer: Peer, kind: str, tmp_path: Path) -> None:
    one = replace(simulated.grouped(kind, 4, 60, 40, 0.1)(), n_alphas=10)
    assert one.alpha_max == pytest.approx(
        excise.fit_path(one.X, one.y, alphas=2, penalty=one.tax).alpha_max, rel=1e-12
    )
    assert problems.load(str(files.save(one, tmp_path))).facts == one.facts
    if not peer.available():
        pytest.skip(f"{peer.name} is not installed")
    ours, job = OURS.path(one, 1e-10), peer.path(one, 1e-12 if peer.name == "adelie" else 1e-8)
    ours.run()
    job.run()
    assert abs(verify.worst_excess(one, job.answer(), ours.answer())) < 1e-6
    nothing = PathAnswer(np.zeros((40, 10)))
    assert verify.worst_excess(one, nothing, ours.answer()) > 0.05


def test_paths_of_groups_are_measured_at_two_tolerances() -> None:
    one = replace(simulated.grouped("group", 4, 60, 40, 0.1)(), n_alphas=5)
    able, absent = path.sorted_out(PEERS, one)
    assert {peer.name for peer in able} == {"excise", "skglm", "adelie"}
    assert absent["celer"] == "has no group lasso"
    assert [len(peer.tolerances(one)) for peer in able] == [1, 2, 2]
    result = path.measure(one, SETTINGS)
    assert result["rows"][0]["worst_excess"] == 0.0
    shown = tables.describe(result)
    lengths = {line.count("|") for line in shown.splitlines() if line.startswith("|")}
    assert lengths == {7}
    rival = result["rows"][0] | {"peer": "adelie", "worst_excess": 1e-6}
    assert goals.fastest_equal(result | {"rows": [*result["rows"], rival]}) is None
    rival["worst_excess"] = 1e-9
    assert goals.fastest_equal(result | {"rows": [*result["rows"], rival]}) is not None


def test_goals_of_other_losses_want_a_proof() -> None:
    rows = [{"peer": "excise", "seconds": 1.0, "worst_gap": 0.0, "worst_kkt": 1e-12}]
    rows += [{"peer": "adelie", "seconds": 5.0, "worst_gap": 1e-3, "worst_kkt": 1e-3}]
    result = {"task": "path", "problem": "logistic-20000x300", "rows": rows}
    result |= {"title": "a", "n": 2, "p": 3}
    assert "| a 2x3, path | adelie, 5.0 s, to 1e-03 | 5.0x | 4.0x | reached |" in goals.goals(
        [result]
    )
    rows[0]["worst_kkt"] = 1e-5
    assert "violates the optimality conditions by 1e-05 | 0.0x | 4.0x | **missed** |" in (
        goals.goals([result])
    )


def test_the_readme_shows_what_we_lose() -> None:
    rows = [{"peer": "excise", "seconds": 1.0}, {"peer": "adelie", "seconds": 5.0}]
    result = {"task": "path", "problem": "khan-classes", "rows": rows}
    assert not summary.shown(result)
    rows[1]["seconds"] = 0.5
    assert summary.shown(result)
    assert not summary.shown({"task": "memory", "share_of_X": {}})


def test_other_tasks_leave_other_losses_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = files.save(LOSSES["logistic"](), tmp_path)
    run.main(["--problem", str(file), "--peer", "nobody", "--quick", "--task", "cv", "threads"])
    assert capsys.readouterr().out.count("only the squared loss is measured") == 2


def test_cross_validation_compares_curves(problem: problems.Problem) -> None:
    result = cv.measure(problem, SETTINGS, n_folds=5)
    assert [row["peer"] for row in result["rows"]] == ["excise", "scikit-learn"]
    assert result["rows"][1]["curve_difference"] < 1e-3
    assert "5-fold CV" in tables.describe(result)


def test_many_small_problems() -> None:
    result = many.measure(SETTINGS)
    ours, theirs = result["rows"]
    assert result["count"] == 5
    assert ours["worst_gap"] <= 1e-10 < theirs["worst_gap"] <= 1e-2
    assert "R glmnet" not in tables.describe(result)


def test_threads_do_not_change_a_bit(problem: problems.Problem) -> None:
    result = threads.measure(problem, SETTINGS)
    assert [row["same_bits"] for row in result["rows"]] == [True, True]
    assert "same to the last bit" in tables.describe(result)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells, others do not")
def test_what_a_memory_map_takes(tmp_path: Path) -> None:
    file = tmp_path / "X.npy"
    map.write(file, n=40)
    assert map.read_once(file) > 0
    told = map.told(file, "fit_path")
    assert told["peak_bytes"] > 0
    assert told["passes_told"] > 0


def growing(exponent: float) -> dict:
    sizes = [10, 20, 40]
    seconds = [1e-3 * size**exponent for size in sizes]
    series = {
        "title": "rows <n>",
        "sizes": sizes,
        "kept": [1, 2, 3],
        "seconds": seconds,
        "floors": {"X'y": [1e-4, 2e-4, 4e-4]},
        "peak_bytes": [1e6, 1e6, 1e6],
        "data_bytes": [2e6, 4e6, 8e6],
        "exponent": scaling.slope(sizes, seconds),
        "peak_exponent": None,
    }
    return {"task": "scaling", "series": [series]}


def test_growth_is_the_exponent_of_a_power_law() -> None:
    result = growing(1.5)
    assert result["series"][0]["exponent"] == pytest.approx(1.5)
    assert "**1.50**" in tables.describe(result)
    assert ElementTree.fromstring(growth.draw(result, "a <machine>")).tag.endswith("svg")
    for series in scaling.SERIES.values():
        assert series.sizes[-1] == 16 * series.sizes[0]


def test_goals_are_reached_or_missed_or_not_measured() -> None:
    rows = [{"peer": "excise", "seconds": 1.0, "worst_gap": 0.0}]
    rows += [{"peer": "celer", "seconds": 4.0, "worst_gap": 1e-3}]
    base = {"task": "path", "rows": rows, "title": "a", "n": 2, "p": 3}
    curve = [{"tol": 1e-9, "seconds": 9.0, "worst_gap": 1e-9}]
    wide = base | {"problem": "ar5-1000x20000", "curves": {"celer": curve}, "floors": {}}
    tall = base | {"problem": "ar5-20000x500", "curves": {}, "floors": {"dsyrk": 0.5}}
    lines = goals.goals([wide, tall]).splitlines()
    assert "| a 2x3, path | celer, 4.0 s, to 1e-03 | 4.0x | 3.0x | reached |" in lines
    assert "| a 2x3, path | celer, 9.0 s, to 1e-09 | 9.0x | 8.0x | reached |" in lines
    assert any("2.0x | at most 1.5x | **missed** |" in line for line in lines)
    assert any("not measured" in line for line in lines)
    assert len(lines) == 2 + len(goals.GOALS)


def test_results_are_kept_and_resumed(
    problem: problems.Problem, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = files.save(problem, tmp_path)
    asked = ["--task", "path", "--problem", str(file), "--peer", "nobody", "--budget", "0.1"]
    asked += ["--ladder", "--results", str(tmp_path / "results"), "--resume"]
    run.main(asked)
    assert (tmp_path / "results/path-diabetes-quick.json").exists()
    assert "worst relative gap" in capsys.readouterr().out
    run.main(asked)
    assert "measured already" in capsys.readouterr().out


def test_every_task_can_be_shown() -> None:
    assert list(TASKS) == list(tables.TABLES)


def test_the_solver_for_benchopt(
    problem: problems.Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    benchopt = types.ModuleType("benchopt")
    benchopt.BaseSolver = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "benchopt", benchopt)
    file = Path(run.__file__).with_name("benchopt") / "solvers/excise.py"
    spec = importlib.util.spec_from_file_location("solver", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    solver, n = module.Solver(), len(problem.y)
    lmbd = problem.alpha_max * n / 10
    told = {"X": problem.X, "y": problem.y + 5.0, "lmbd": lmbd, "fit_intercept": True}
    assert solver.skip(**told) == (False, None)
    assert solver.skip(**told | {"X": object()})[0]
    solver.set_objective(**told)
    solver.run(None)
    beta = solver.get_result()["beta"]
    certificate = excise.certify(problem.X, told["y"], beta[:-1], beta[-1], lmbd / n)
    assert certificate.relative_gap < 1e-10


def test_rounds_take_turns() -> None:
    order = []

    def work(name: str) -> float:
        order.append(name)
        return 1.0 if name == "slow" else 0.04

    names = ("a", "b", "slow")
    runs = measure.interleaved(
        {name: lambda name=name: work(name) for name in names}, budget=2.0, most=3
    )
    assert order == ["a", "b", "slow", "slow", "a", "b", "b", "a", "a", "b"]
    assert [len(runs[name].seconds) for name in names] == [3, 3, 1]


def test_what_is_shown(measured: dict, tmp_path: Path) -> None:
    drawing = picture.draw([measured], "a machine <of some kind>")
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
    shown = summary.sentences([measured], "a machine")
    assert "scikit-learn" in shown
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- x: generated -->\nold\n<!-- x: end -->\nafter\n")
    between(page, "x", shown)
    between(page, "x", "new")
    expected = "before\n<!-- x: generated -->\nnew\n<!-- x: end -->\nafter\n"
    assert page.read_text() == expected
    with pytest.raises(SystemExit, match="no place for y"):
        between(page, "y", "")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.00000123, "1.2 us"),
        (0.000532, "532 us"),
        (0.0071, "7.1 ms"),
        (1.44, "1.4 s"),
        (200, "200 s"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert tables.duration(seconds) == words


@pytest.mark.skipif(measure.CORES is None, reason="this system binds no threads")
def test_a_tool_that_binds_the_thread_slows_nobody_else() -> None:
    """adelie binds its caller to one core when it is imported."""
    assert measure.CORES is not None
    seen = []

    def rude() -> float:
        os.sched_setaffinity(0, {min(measure.CORES)})
        return 0.01

    def other() -> float:
        seen.append(os.sched_getaffinity(0))
        return 0.01

    try:
        measure.interleaved({"rude": rude, "other": other}, budget=0.0, most=2, least=1)
    finally:
        os.sched_setaffinity(0, measure.CORES)
    assert seen and all(cores == measure.CORES for cores in seen)
