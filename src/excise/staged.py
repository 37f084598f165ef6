"""Solve the stages of a schedule, each with the engine and its certificate.

A schedule says what the next weighted problem is; here it is the same `Problem` with other penalty
weights, given to a `Session` that starts from the solution of the stage before. Nothing is solved
or proved in another way than without a schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from excise.engine import Session, descent
from excise.exceptions import InputError
from excise.initial import first_coefficients
from excise.problem import Problem, check_alpha
from excise.results import Event, Floats, Path, Solution, SparseColumns, Status
from excise.schedules.base import Ending, Initial, Schedule, Stages, Start, Wanted, single
from excise.stages import Change, Stage

KEPT_SESSIONS = 2
"""Engines that are kept: those of the first stages, whose weights often stay along a path."""


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    """A stage at its solution: with all its verdicts, or as a point of a path."""

    name: str
    alpha: float
    problem: Problem
    solution: Solution | None
    path: Path | None = None
    k: int = 0

    @property
    def coef(self) -> Floats:
        return self.solution.coef if self.solution else self._path.coef_at(self.k)

    @property
    def coef_std(self) -> Floats:
        return self.solution.coef_std if self.solution else self._path.columns_std.column(self.k)

    @property
    def intercept(self) -> float:
        return float(self.solution.intercept if self.solution else self._path.intercepts[self.k])

    @property
    def relative_gap(self) -> float:
        if self.solution:
            return self.solution.certificate.relative_gap
        return float(self._path.relative_gaps[self.k])

    @property
    def b(self) -> Floats:
        """Coefficients on the scale the penalty acts on."""
        return self.coef_std if self.problem.standardize else self.coef

    @property
    def _path(self) -> Path:
        assert self.path is not None
        return self.path


Solve = Callable[[Session, float, Any], tuple[Solution | None, Path | None, int]]


class StagedSession:
    """A problem with its schedule, and the engines of its first stages."""

    def __init__(self, problem: Problem, schedule: Schedule | None = None) -> None:
        wanted = schedule or problem.schedule
        assert wanted is not None
        self.problem = problem
        self.schedule = single(wanted)
        self._plain = replace(problem, schedule=None)
        self._kept: dict[int, Session] = {}
        self._initials: dict[tuple[Any, ...], tuple[Floats, _Solved | None]] = {}
        self._first: tuple[Wanted, Path] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": {}, "_first": None}

    def with_schedule(self, schedule: Schedule) -> StagedSession:
        """Another schedule on the same problem; what does not depend on it is shared."""
        other = StagedSession(self.problem, schedule)
        other._kept, other._initials, other._first = dict(self._kept), self._initials, self._first
        return other

    def grid(self, alphas: Any = 100, alpha_min_ratio: float | None = None) -> Floats:
        """The falling alphas that `alphas` means: where the first stage's features enter."""
        first = self._first_wanted()
        grid = self._session(0, first.weight).grid(alphas, alpha_min_ratio)
        if not isinstance(alphas, (int, np.integer)):
            return grid
        return grid / first.multiple if first.multiple > 0.0 else grid

    def solve_at(self, alpha: float) -> Solution:
        """The solution of the last stage at `alpha`, with all stages."""
        alpha = check_alpha(alpha)

        def solve(session: Session, at: float, start: Any) -> tuple[Solution, None, int]:
            return session.solve_at(at, start), None, 0

        solved, ending = self._run(alpha, solve)
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
        first = self._first_wanted()
        session = self._session(0, first.weight)
        if self._first is None or not np.array_equal(self._first[1].alphas / first.multiple, alphas):
            self._first = first, session.path(alphas * first.multiple)
        runs = [self._run(alpha, _as_path)[0] for alpha in alphas.tolist()]
        start = self._first[1]
        top = start.alpha_max / first.multiple if first.multiple > 0.0 else np.inf
        shared: dict[str, Any] = {"alphas": alphas, "alpha_max": top, "problem": self.problem}
        shared |= {"_solve_at": self.solve_at, "_find_events": _no_events}
        if all(len(run) == 1 and run[0].path is start for run in runs):
            return replace(start, **shared | {"_find_events": self._events(alphas, start)})
        last = [run[-1] for run in runs]
        shared |= {"relative_gaps": np.array([_worst(run) for run in runs])}
        for name in ("kkt_violations", "train_loss"):
            shared[name] = np.array([getattr(one._path, name)[one.k] for one in last])
        paths = {id(one.path): one._path for run in runs for one in run}.values()
        return replace(
            start,
            columns=_sparse([one.coef for one in last]),
            columns_std=_sparse([one.coef_std for one in last]),
            intercepts=np.array([one.intercept for one in last]),
            n_factorizations=sum(path.n_factorizations for path in paths),
            n_passes=sum(path.n_passes for path in paths),
            **shared,
        )

    def _events(
        self, alphas: Floats, start: Path
    ) -> Callable[[], tuple[list[Event], Floats]]:
        """Those of the only stage, where its weights are the same at all alphas."""
        same = np.array_equal(start.alphas, alphas)
        return start._find_events if same and start._find_events is not None else _no_events

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
                    if initial is not None and solve is not _as_path:
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
        session = self._session(count, ask.weight)
        if count == 0 and solve is _as_path and self._first is not None:
            first, path = self._first
            found = np.flatnonzero(path.alphas == at)
            if len(found) and np.array_equal(first.weight, ask.weight):
                return _Solved(ask.name, at, session.problem, None, path, int(found[0]))
        start = _start(before[-1], at, ask.weight) if count else None
        made = _Solved(ask.name, at, session.problem, *solve(session, at, start))
        if start is None or made.relative_gap <= self.problem.tol:
            return made
        again = _Solved(ask.name, at, session.problem, *solve(session, at, None))
        return min(made, again, key=lambda one: one.relative_gap)

    def _session(self, count: int, weight: Floats) -> Session:
        """An engine for these weights: the one at hand, if they are the same."""
        kept = self._kept.get(count)
        if kept is not None and np.array_equal(kept.problem.penalty_weight, weight):
            return kept
        made = Session(replace(self._plain, penalty_weight=weight))
        if count < KEPT_SESSIONS:
            self._kept[count] = made
        return made

    def _initial(self, ask: Initial) -> tuple[Floats, _Solved | None]:
        """First coefficients, found once, on the scale the penalty acts on; and their stage."""
        key = ask.kind, ask.alpha, ask.weight.tobytes()
        if key not in self._initials:
            weighted = replace(self._plain, penalty_weight=ask.weight)
            b, used, solution = first_coefficients(weighted, ask.kind, ask.alpha)
            stage = None
            if solution is not None:
                stage = _Solved(f"init {ask.kind}", solution.alpha, used, solution)
            self._initials[key] = b, stage
        return self._initials[key]


def _as_path(session: Session, alpha: float, start: Any) -> tuple[None, Path, int]:
    """A point without its verdicts, which a path has no room for."""
    steps = np.array([alpha])
    if start is None and session.problem.l1_ratio > 0.0:
        steps = descent(session.engine.grid_top, alpha)
    return None, session.path(steps, start), len(steps) - 1


def _start(before: _Solved, alpha: float, weight: Floats) -> Any:
    """The solution of the stage before, as far as its features are still allowed."""
    if before.problem.l1_ratio == 0.0:
        return None
    index = np.flatnonzero((before.coef_std != 0.0) & np.isfinite(weight)).astype(np.int64)
    return (alpha, index, before.coef_std[index]) if len(index) else None


def _worst(solved: list[_Solved]) -> float:
    """The largest relative gap of the stages: a bad one spoils those after it."""
    return max(one.relative_gap for one in solved)


def _stages(solved: list[_Solved]) -> tuple[Stage, ...]:
    before: list[_Solved | None] = [None, *solved[:-1]]
    return tuple(
        Stage(
            name=one.name,
            alpha=one.alpha,
            l1_ratio=one.problem.l1_ratio,
            penalty_weight=one.problem.penalty_weight,
            coef=one.coef,
            intercept=one.intercept,
            relative_gap=one.relative_gap,
            changes=() if last is None else tuple(_changes(last, one)),
        )
        for last, one in zip(before, solved, strict=True)
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


def _sparse(columns: list[Floats]) -> SparseColumns:
    """Dense columns, compressed."""
    indices = [np.flatnonzero(column) for column in columns]
    indptr = np.concatenate([[0], np.cumsum([len(index) for index in indices])])
    data = [column[index] for column, index in zip(columns, indices, strict=True)]
    return SparseColumns(
        indptr.astype(np.int64),
        np.concatenate(indices).astype(np.int64),
        np.concatenate(data),
        len(columns[0]),
    )


def _no_events() -> tuple[list[Event], Floats]:
    raise InputError(
        "the events of a schedule are not known between its alphas",
        ["who leaves and who comes back from stage to stage: Change of each Stage"],
        "path.at(alpha).stages",
    )
