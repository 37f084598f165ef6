"""Solve the stages of a schedule, each with the engine and its certificate.

A schedule says what the next weighted problem is; here it is the same `Problem` with other penalty
weights, given to a `Session` that starts from the solution of the stage before. Nothing is solved
or proved in another way than without a schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.alphas import descent
from excise.arguments import check_alpha
from excise.engine import Session
from excise.exceptions import InputError
from excise.initial import first_coefficients
from excise.problem import Problem
from excise.refined import narrowed, refined_paths, shares_of
from excise.results import Event, Floats, Path, Solution, SparseColumns, Status
from excise.schedules.base import Ending, Initial, Schedule, Stages, Start, Wanted, single
from excise.stages import Change, Stage
from excise.standard import ColumnScale

KEPT_SESSIONS = 2
"""Engines that are kept: those of the first stages, whose weights often stay along a path."""

WORK = ("n_factorizations", "n_passes")
"""What a path counts."""

NUMBERS = ("relative_gaps", "kkt_violations", "train_loss")
"""What a path says of every alpha."""

MOST_CELLS = 20_000_000
"""The largest copy of the columns that a stage does not exclude."""


@dataclass(eq=False)
class _Solved:
    """A stage at its solution: with all its verdicts, or as a point of a path.

    `path` makes the path, certified when first asked for, and `k` is the place in it. `numbers`
    are what it says there: the path, and with it the engine, is then let go.
    """

    name: str
    alpha: float
    problem: Problem
    coef: Floats
    coef_std: Floats
    intercept: float
    solution: Solution | None = None
    path: Callable[[], Path] | None = None
    k: int = 0
    passing: bool = False
    work: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WORK, 0))
    numbers: dict[str, float] = field(default_factory=dict)

    @property
    def b(self) -> Floats:
        """Coefficients on the scale the penalty acts on."""
        return self.coef_std if self.problem.standardize else self.coef

    @property
    def relative_gap(self) -> float:
        """Of this stage's convex problem."""
        if self.solution:
            return self.solution.certificate.relative_gap
        return self.of_path("relative_gaps")

    def of_path(self, name: str) -> float:
        """A number that the path has for every alpha."""
        if not self.numbers:
            assert self.path is not None
            path, self.path = self.path(), None
            self.numbers = {key: float(getattr(path, key)[self.k]) for key in NUMBERS}
        return self.numbers[name]


Solve = Callable[[Wanted, "_Engine", float, Any], _Solved]


class _Engine(NamedTuple):
    """A session for the weights of a stage; of its columns alone, where `columns` tells them.

    `free`: what it has found at alpha = 0, which neighbours on a path have in common.
    """

    session: Session
    weight: Floats
    columns: NDArray[np.intp] | None
    free: dict[float, _Solved]


class StagedSession:
    """A problem with its schedule, and the engines of its first stages."""

    def __init__(self, problem: Problem) -> None:
        assert problem.schedule is not None
        self.problem = problem
        self.schedule = single(problem.schedule)
        self._plain = replace(problem, schedule=None)
        self._kept: dict[tuple[int, bool], _Engine] = {}
        self._initials: dict[tuple[Any, ...], tuple[Floats, _Solved | None]] = {}
        self._first: tuple[Wanted, Path] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": {}, "_first": None}

    def with_schedule(self, schedule: Schedule) -> StagedSession:
        """Another schedule on the same problem; what does not depend on it is shared."""
        other = StagedSession(replace(self.problem, schedule=schedule))
        other._kept, other._initials, other._first = self._kept, self._initials, self._first
        return other

    @property
    def columns(self) -> ColumnScale:
        """Centre and spread of the columns."""
        return self._engine(0, self._first_wanted().weight).session.columns

    @property
    def alpha_max(self) -> float:
        """Where the first feature enters with the weights of the first stage."""
        first = self._first_wanted()
        top = self._engine(0, first.weight).session.alpha_max
        return top / first.multiple if first.multiple > 0.0 else top

    def grid(self, alphas: Any = 100, alpha_min_ratio: float | None = None) -> Floats:
        """The falling alphas that `alphas` means: where the first stage's features enter."""
        first = self._first_wanted()
        grid = self._engine(0, first.weight).session.grid(alphas, alpha_min_ratio)
        if not isinstance(alphas, (int, np.integer)):
            return grid
        return grid / first.multiple if first.multiple > 0.0 else grid

    def solve_at(self, alpha: float) -> Solution:
        """The solution of the last stage at `alpha`, with all stages."""
        alpha = check_alpha(alpha)

        solved, ending = self._run(alpha, _with_verdicts)
        last = solved[-1].solution
        assert last is not None
        return replace(
            last,
            alpha=alpha,
            certificate=replace(last.certificate, stationary=ending.settled is not None),
            status=self._status(solved, ending),
            n_factorizations=sum(one.solution.n_factorizations for one in solved if one.solution),
            stages=_stages(solved),
        )

    def path(self, alphas: Floats) -> Path:
        """Certified solutions at falling `alphas`; `Path.at` tells their stages."""
        return paths([self], alphas)[0]

    def start_path(self, alphas: Floats) -> Path:
        """The path of the first stage, unless it is known."""
        first = self._first_wanted()
        steps = alphas * first.multiple
        known = self._first
        if known is None or not (
            np.array_equal(known[0].weight, first.weight) and np.array_equal(known[1].alphas, steps)
        ):
            known = self._first = first, self._engine(0, first.weight).session.path(steps)
        return known[1]

    def points(self, alpha: float) -> list[_Solved]:
        """All stages at `alpha`, as points of a path."""
        solved = self._run(alpha, _as_point)[0]
        _worst(solved)  # reads the numbers that count; then engines may go
        for one in solved:
            one.path = None
        return solved

    @property
    def first_session(self) -> Session:
        """The engine of the first stage."""
        return self._engine(0, self._first_wanted().weight).session

    def mended(self, path: Path) -> Path:
        """The path, its points that fall short of the tolerance solved again stage by stage."""
        own: dict[str, Any] = {"problem": self.problem}
        own |= {"_solve_at": self.solve_at, "_find_events": _no_events}
        short = np.flatnonzero(path.relative_gaps > self.problem.tol).tolist()
        if short:
            own |= self._replaced(path, {k: self.points(float(path.alphas[k])) for k in short})
        return replace(path, **own)

    def _replaced(self, path: Path, runs: dict[int, list[_Solved]]) -> dict[str, Any]:
        """The points of the path with these in place of their own, where they are better."""
        last = {k: run[-1] for k, run in runs.items() if _worst(run) < path.relative_gaps[k]}
        if not last:
            return {}
        made: dict[str, Any] = {}
        for name in ("columns", "columns_std"):
            old, field_ = getattr(path, name), name.replace("columns", "coef")
            columns = [old.column(k) for k in range(len(path))]
            for k, one in last.items():
                columns[k] = getattr(one, field_)
            made[name] = SparseColumns.of(columns)
        for name in ("intercepts", *NUMBERS):
            made[name] = getattr(path, name).copy()
        for k, one in last.items():
            made["intercepts"][k] = one.intercept
            for name in NUMBERS[1:]:
                made[name][k] = one.of_path(name)
            made["relative_gaps"][k] = _worst(runs[k])
        return made

    def joined(self, alphas: Floats, start: Path, runs: list[list[_Solved]]) -> Path:
        """The path of the last stages; `start` is that of the first."""
        first = self._first_wanted()
        steps = alphas * first.multiple
        top = start.alpha_max / first.multiple if first.multiple > 0.0 else np.inf
        shared: dict[str, Any] = {"alphas": alphas, "alpha_max": top, "problem": self.problem}
        shared |= {"_solve_at": self.solve_at, "_find_events": _no_events}
        if all(len(run) == 1 and run[0].name == first.name for run in runs):
            same = np.array_equal(steps, alphas)
            return replace(start, **shared | ({"_find_events": start._find_events} if same else {}))
        last = [run[-1] for run in runs]
        shared |= {"relative_gaps": np.array([_worst(run) for run in runs])}
        for name in NUMBERS[1:]:
            shared[name] = np.array([one.of_path(name) for one in last])
        once = {id(one): one for run in runs for one in run}.values()
        for name in WORK:
            shared[name] = getattr(start, name) + sum(one.work[name] for one in once)
        return replace(
            start,
            columns=SparseColumns.of([one.coef for one in last]),
            columns_std=SparseColumns.of([one.coef_std for one in last]),
            intercepts=np.array([one.intercept for one in last]),
            **shared,
        )

    def _status(self, solved: list[_Solved], ending: Ending) -> Status:
        if _worst(solved) > self.problem.tol:
            return Status.STALLED
        if ending.settled is None:
            return Status.OPTIMAL
        return Status.STATIONARY if ending.settled else Status.UNSETTLED

    def _asked(self, alpha: float) -> Stages:
        p = self._plain
        start = Start(alpha, p.l1_ratio, p.penalty_weight, None, p.feature_names)
        return self.schedule.stages(start)

    def _first_wanted(self) -> Wanted:
        """The first stage, which is the same at every alpha but for its strength."""
        asked = self._asked(1.0)
        ask = next(asked)
        while isinstance(ask, Initial):
            ask = asked.send(self._initial(ask)[0])
        return ask

    def _run(self, alpha: float, solve: Solve) -> tuple[list[_Solved], Ending]:
        """Every stage at `alpha`, the first coefficients of an adaptive one included."""
        asked, solved, count = self._asked(alpha), [], 0
        ask = next(asked)
        try:
            while True:
                if isinstance(ask, Initial):
                    b, initial = self._initial(ask)
                    if initial is not None and solve is _with_verdicts:
                        solved.append(initial)
                else:
                    solved.append(self._solved(count, ask, alpha, solve, solved))
                    b, count = solved[-1].b, count + 1
                ask = asked.send(b)
        except StopIteration as stop:
            return solved, stop.value

    def _solved(
        self, count: int, ask: Wanted, alpha: float, solve: Solve, before: list[_Solved]
    ) -> _Solved:
        """One stage, from the solution of the stage before; anew if that does not end well."""
        at = alpha * ask.multiple
        if count == 0 and solve is _as_point and self._first is not None:
            first, path = self._first
            found = np.flatnonzero(path.alphas == at)
            if len(found) and np.array_equal(first.weight, ask.weight):
                return _at_path(ask, path, int(found[0]))
        engine = self._engine(count, ask.weight, count > 0 and solve is _as_point)
        if solve is _as_point and at in engine.free:
            return engine.free[at]
        start = _start(before[-1], at, ask.weight) if count else None
        made = solve(ask, engine, at, start)
        lazy = solve is _as_point and ask.passing
        if start is not None and not lazy and made.relative_gap > self.problem.tol:
            made = min(made, solve(ask, engine, at, None), key=lambda one: one.relative_gap)
        if solve is _as_point and at == 0.0:
            engine.free[at] = made
        return made

    def _engine(self, count: int, weight: Floats, narrow: bool = False) -> _Engine:
        """An engine for these weights: the one at hand, if they are the same."""
        kept = self._kept.get((count, narrow))
        if kept is not None and np.array_equal(kept.weight, weight):
            return kept
        weighted = replace(self._plain, penalty_weight=weight)
        columns = np.flatnonzero(np.isfinite(weight)) if narrow else None
        if columns is not None and 0 < len(columns) < min(len(weight), MOST_CELLS / weighted.n):
            made = _Engine(Session(narrowed(weighted, columns)), weight, columns, {})
        else:
            made = _Engine(Session(weighted), weight, None, {})
        if count < KEPT_SESSIONS:
            self._kept[count, narrow] = made
        return made

    def _initial(self, ask: Initial) -> tuple[Floats, _Solved | None]:
        """First coefficients, found once, on the scale the penalty acts on; and their stage."""
        key = ask.kind, ask.alpha, ask.weight.tobytes()
        if key not in self._initials:
            weighted = replace(self._plain, penalty_weight=ask.weight)
            b, used, solution = first_coefficients(weighted, ask.kind, ask.alpha)
            stage = None
            if solution is not None:
                stage = _of_solution(f"init {ask.kind}", used, solution)
            self._initials[key] = b, stage
        return self._initials[key]


def paths(sessions: list[StagedSession], alphas: Floats) -> list[Path]:
    """The paths of several schedules of one problem, which share what they have in common."""
    for k in range(1, len(sessions)):
        sessions[k] = sessions[k - 1].with_schedule(sessions[k].schedule)
    if shares_of(sessions[0].problem, [one.schedule for one in sessions]) is not None:
        return _paths_in_core(sessions, alphas)
    starts = [one.start_path(alphas) for one in sessions]
    runs: list[list[list[_Solved]]] = [[] for _ in sessions]
    for alpha in alphas.tolist():
        for one, run in zip(sessions, runs, strict=True):
            run.append(one.points(alpha))
    return [
        one.joined(alphas, start, run)
        for one, start, run in zip(sessions, starts, runs, strict=True)
    ]


def _paths_in_core(sessions: list[StagedSession], alphas: Floats) -> list[Path]:
    """The same where the core refines the path of the first stage."""
    first = sessions[0]
    shares = shares_of(first.problem, [one.schedule for one in sessions])
    assert shares is not None
    _, found = refined_paths(first.first_session, alphas, shares)
    return [one.mended(path) for one, path in zip(sessions, found, strict=True)]


def _with_verdicts(ask: Wanted, engine: _Engine, alpha: float, start: Any) -> _Solved:
    """The whole solution of a stage."""
    found = engine.session.solve_at(alpha, start=start)
    return _of_solution(ask.name, engine.session.problem, found)


def _of_solution(name: str, problem: Problem, found: Solution) -> _Solved:
    return _Solved(
        name, found.alpha, problem, found.coef, found.coef_std, found.intercept, solution=found
    )


def _as_point(ask: Wanted, engine: _Engine, alpha: float, start: Any) -> _Solved:
    """The solution of a stage without its verdicts, which a path has no room for."""
    session, columns = engine.session, engine.columns
    if columns is not None and start is not None:
        start = start[0], np.searchsorted(columns, start[1]).astype(np.int64), start[2]
    steps = np.array([alpha])
    if start is None and session.problem.l1_ratio > 0.0:
        steps = descent(session.engine.grid_top, alpha)
    found = session.run(steps, start)
    k = len(steps) - 1
    part = slice(found["indptr"][k], found["indptr"][k + 1])
    index = found["indices"][part] if columns is None else columns[found["indices"][part]]
    coef, coef_std = np.zeros(len(engine.weight)), np.zeros(len(engine.weight))
    coef[index], coef_std[index] = found["coef"][part], found["coef_std"][part]
    return _Solved(
        ask.name,
        alpha,
        session.problem,
        coef,
        coef_std,
        float(found["intercepts"][k]),
        path=lambda: session.certified(steps, found),
        k=k,
        passing=ask.passing,
        work={"n_factorizations": found["n_solves"], "n_passes": found["n_passes"]},
    )


def _at_path(ask: Wanted, path: Path, k: int) -> _Solved:
    """The first stage, which is solved already, at a point of its path."""
    coef, coef_std = path.coef_at(k), path.columns_std.column(k)
    given = float(path.alphas[k]), path.problem, coef, coef_std, float(path.intercepts[k])
    return _Solved(ask.name, *given, path=lambda: path, k=k)


def _start(before: _Solved, alpha: float, weight: Floats) -> Any:
    """The solution of the stage before, as far as its features are still allowed."""
    if before.problem.l1_ratio == 0.0:
        return None
    index = np.flatnonzero((before.coef_std != 0.0) & np.isfinite(weight)).astype(np.int64)
    return (alpha, index, before.coef_std[index]) if len(index) else None


def _worst(solved: list[_Solved]) -> float:
    """The largest relative gap of the stages: a bad one spoils those after it.

    On a path tangents are judged by their last, which shows that another would change nothing.
    """
    judged = [one for one in solved[:-1] if not one.passing]
    return max(one.relative_gap for one in [*judged, solved[-1]])


def _stages(solved: list[_Solved]) -> tuple[Stage, ...]:
    before: list[_Solved | None] = [None, *solved[:-1]]
    return tuple(_stage(last, one) for last, one in zip(before, solved, strict=True))


def _stage(before: _Solved | None, now: _Solved) -> Stage:
    assert now.solution is not None
    return Stage(
        name=now.name,
        alpha=now.alpha,
        l1_ratio=now.problem.l1_ratio,
        penalty_weight=now.problem.penalty_weight,
        coef=now.coef,
        intercept=now.intercept,
        relative_gap=now.relative_gap,
        earns=now.solution.certificate.verdicts.earns,
        changes=() if before is None else tuple(_changes(before, now)),
    )


def _changes(before: _Solved, now: _Solved) -> list[Change]:
    """Who left and who came back, with what it earns and what it would have to earn."""
    assert now.solution is not None
    verdicts, weight = now.solution.certificate.verdicts, now.problem.penalty_weight
    was, is_in = before.coef_std != 0.0, now.coef_std != 0.0
    found = []
    for j in np.flatnonzero(was != is_in).tolist():
        excluded = bool(np.isinf(weight[j]))
        tax = np.inf if excluded else float(verdicts.tax[j])
        earned = float(verdicts.earns[j])
        if is_in[j]:
            found.append(Change(j, "returned", "earns_more", earned, tax))
        else:
            reason = "excluded" if excluded else "earns_less"
            found.append(Change(j, "dropped", reason, earned, tax))  # type: ignore[arg-type]
    return found


def _no_events() -> tuple[list[Event], Floats]:
    raise InputError(
        "the events of a schedule are not known between its alphas",
        ["who leaves and who comes back from stage to stage: Change of each Stage"],
        "path.at(alpha).stages",
    )
