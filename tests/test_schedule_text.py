"""Schedules as text: what is written is read back, and what cannot be read is said exactly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise import InputError, InputTypeError, fit
from excise.problem import make_problem
from excise.schedules import (
    Adaptive,
    Annealed,
    LocalLinear,
    PruneThenRefine,
    Reweighted,
    Schedule,
    Static,
    parse,
)

VALID = "valid: static, prune, adaptive, reweighted, mcp, scad, log, lq; + puts one after another"
WRITTEN: list[tuple[str, Schedule]] = [
    ("static", Static()),
    ("prune", PruneThenRefine(0.0)),
    ("prune:0", PruneThenRefine(0)),
    ("prune:0,0.25,0.5,1", PruneThenRefine((0.0, 0.25, 0.5, 1.0))),
    ("adaptive", Adaptive()),
    ("adaptive:ridge:1", Adaptive(1.0, "ridge")),
    ("adaptive:lasso::0.1", Adaptive(1.0, "lasso", 0.1)),
    ("reweighted:4:0.1", Reweighted(4, 0.1)),
    ("mcp:3", LocalLinear("mcp", 3)),
    ("mcp::20", LocalLinear("mcp", None, 20)),
    ("scad:3.7", LocalLinear("scad", 3.7)),
    ("log", LocalLinear("log")),
    ("lq:0.5", LocalLinear("lq", 0.5)),
    (" adaptive:marginal + prune:0 ", Adaptive(init="marginal").then(PruneThenRefine(0.0))),
]
positive = st.floats(1e-300, 1e300)
share = st.floats(0.0, 1.0)
ONE = st.one_of(
    st.just(Static()),
    st.builds(PruneThenRefine, share | st.lists(share, min_size=2, max_size=5)),
    st.builds(
        Adaptive,
        st.floats(0.0, 1e300),
        st.sampled_from(["ridge", "lasso"]),
        st.none() | st.floats(0.0, 1e300),
    ),
    st.builds(Adaptive, st.floats(0.0, 9.0), st.just("marginal")),
    st.builds(Reweighted, st.integers(1, 10**6), st.none() | positive),
    st.builds(LocalLinear, st.just("mcp"), st.none() | st.floats(1.01, 1e300), st.integers(1, 200)),
    st.builds(LocalLinear, st.just("lq"), st.none() | st.floats(0.01, 0.99)),
    st.builds(LocalLinear, st.just("log"), st.none() | positive),
)


@pytest.mark.parametrize(("text", "schedule"), WRITTEN, ids=lambda x: str(x))
def test_the_grammar(text: str, schedule: Schedule) -> None:
    assert parse(text) == schedule
    assert parse(str(schedule)) == schedule


@given(st.lists(ONE, min_size=1, max_size=4))
def test_a_schedule_is_read_back_from_its_text(parts: list[Schedule]) -> None:
    schedule = parts[0]
    for part in parts[1:]:
        schedule = schedule.then(part)
    assert parse(str(schedule)) == schedule


def test_compositions_are_the_same_however_they_are_put_together() -> None:
    a, b, c = Adaptive(init="marginal"), Reweighted(2), PruneThenRefine(0.5)
    assert a.then(b).then(c) == a.then(b.then(c)) == parse(f"{a}+{b}+{c}")


def test_a_text_is_taken_wherever_a_schedule_is() -> None:
    X, y = [[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0]
    assert make_problem(X, y, schedule="prune:0.5").schedule == PruneThenRefine(0.5)
    assert [stage.name for stage in fit(X, y, 0.1, schedule="prune:0").stages] == [
        "prune",
        "refine",
    ]


def test_rules_of_ones_own_have_no_text() -> None:
    said = str(Annealed([(0.5, None), (1.0, None)]))
    assert said == "annealed in 2 stages"
    with pytest.raises(InputError, match="no schedule is called 'annealed in 2 stages'"):
        parse(said)


REFUSED: list[tuple[Any, str]] = [
    ("", f"a schedule needs at least one stage\n  {VALID}\n  try: 'prune:0'"),
    (" ", f"a schedule needs at least one stage\n  {VALID}\n  try: 'prune:0'"),
    ("prun:0.5", f"no schedule is called 'prun'\n  {VALID}\n  try: 'prune:0.5'"),
    ("zzz", f"no schedule is called 'zzz'\n  {VALID}"),
    ("prune:0+", f"a stage of the schedule 'prune:0+' has no name\n  {VALID}"),
    (
        "prune:2",
        "schedule 'prune:2': refine is 2.0; it must lie in [0, 1]\n"
        "  form: prune:REFINE[,REFINE...]",
    ),
    (
        "prune:0,-0.5",
        "schedule 'prune:0,-0.5': refine is -0.5; it must lie in [0, 1]\n"
        "  form: prune:REFINE[,REFINE...]",
    ),
    (
        "static+prune:half",
        "schedule 'prune:half': refine must be a number, not 'half'\n"
        "  form: prune:REFINE[,REFINE...]",
    ),
    ("static:1", "schedule 'static:1': static takes no settings\n  form: static"),
    (
        "prune:0:1",
        "schedule 'prune:0:1': prune takes one setting\n  form: prune:REFINE[,REFINE...]",
    ),
    ("mcp:3:4:5", "schedule 'mcp:3:4:5': mcp takes 2 settings\n  form: mcp:GAMMA:STEPS"),
    (
        "mcp:0.5",
        "schedule 'mcp:0.5': shape is 0.5; of penalty 'mcp' it must be > 1\n"
        "  form: mcp:GAMMA:STEPS",
    ),
    (
        "reweighted:2.5",
        "schedule 'reweighted:2.5': steps must be a whole number, not '2.5'\n"
        "  form: reweighted:STEPS:EPSILON",
    ),
    (
        "adaptive:ols",
        "schedule 'adaptive:ols': unknown init 'ols'\n  valid: 'ridge', 'lasso', 'marginal'\n"
        "  form: adaptive:INIT:POWER:INIT_ALPHA",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        make_problem([[1.0], [2.0]], [1.0, 2.0], schedule=text)
    assert str(caught.value) == message


def test_what_is_no_schedule() -> None:
    with pytest.raises(InputTypeError, match="schedule must be None or a schedule of"):
        make_problem([[1.0], [2.0]], [1.0, 2.0], schedule=3)  # type: ignore[arg-type]
