"""Schedules as text: ``prune:0``, ``adaptive:ridge:1``, ``adaptive:marginal+prune:0``.

A stage's kind stands before the first colon, its settings after it, in the order of the table; a
setting that is left out, or empty, has its default. ``+`` puts one schedule after another. What
``str`` makes of a schedule is read back here as the same schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from excise.exceptions import InputError, InputTypeError
from excise.schedules.adaptive import Adaptive
from excise.schedules.base import Schedule, Static, check_schedule
from excise.schedules.concave import LocalLinear, Reweighted
from excise.schedules.prune import PruneThenRefine


def schedule_of(schedule: Any) -> Schedule | None:
    """None, a schedule, or what a text says.

    Raises
    ------
    InputError
        A text that says no schedule, or a setting that its kind does not take.
    InputTypeError
        Something else.
    """
    if isinstance(schedule, str):
        return parse(schedule)
    return None if schedule is None else check_schedule(schedule)


def parse(text: str) -> Schedule:
    """The schedule that a text says."""
    if not text.strip():
        raise InputError("a schedule needs at least one stage", [_valid()], "'prune:0'")
    first, *others = (_part(part.strip(), text) for part in text.split("+"))
    for other in others:
        first = first.then(other)
    return first


class _Kind(NamedTuple):
    """What a kind makes of its settings, how each is read, and how they are written in help."""

    make: Callable[..., Schedule]
    settings: tuple[tuple[str, Callable[[str], Any]], ...]
    form: str


def _shares(text: str) -> float | tuple[float, ...]:
    several = tuple(float(part) for part in text.split(","))
    return several if len(several) > 1 else several[0]


def _tangents(penalty: str) -> Callable[..., Schedule]:
    def make(**settings: Any) -> Schedule:
        return LocalLinear(penalty, **settings)

    return make


_CONCAVE = (("shape", float), ("steps", int))
KINDS: dict[str, _Kind] = {
    "static": _Kind(Static, (), "static"),
    "prune": _Kind(PruneThenRefine, (("refine", _shares),), "prune:REFINE[,REFINE...]"),
    "adaptive": _Kind(
        Adaptive,
        (("init", str), ("power", float), ("init_alpha", float)),
        "adaptive:INIT:POWER:INIT_ALPHA",
    ),
    "reweighted": _Kind(
        Reweighted, (("steps", int), ("epsilon", float)), "reweighted:STEPS:EPSILON"
    ),
    "mcp": _Kind(_tangents("mcp"), _CONCAVE, "mcp:GAMMA:STEPS"),
    "scad": _Kind(_tangents("scad"), _CONCAVE, "scad:A:STEPS"),
    "log": _Kind(_tangents("log"), _CONCAVE, "log:EPSILON:STEPS"),
    "lq": _Kind(_tangents("lq"), _CONCAVE, "lq:Q:STEPS"),
}
"""By name; `excise.schedules` has their meaning."""


def _valid() -> str:
    return f"valid: {', '.join(KINDS)}; + puts one after another"


def _part(part: str, whole: str) -> Schedule:
    """One schedule of a composition."""
    name, *given = (word.strip() for word in part.split(":"))
    kind = KINDS.get(name)
    if kind is None:
        near = get_close_matches(name, KINDS, n=1)
        remedy = repr(":".join([*near, *given])) if near else ""
        if not name:
            raise InputError(f"a stage of the schedule {whole!r} has no name", [_valid()])
        raise InputError(f"no schedule is called {name!r}", [_valid()], remedy)
    if len(given) > len(kind.settings):
        takes = f"{len(kind.settings)} settings" if kind.settings else "no settings"
        if len(kind.settings) == 1:
            takes = "one setting"
        raise InputError(f"schedule {part!r}: {name} takes {takes}", [f"form: {kind.form}"])
    settings = {}
    for (setting, read), value in zip(kind.settings, given, strict=False):
        if value:
            settings[setting] = _read(read, value, setting, part, kind.form)
    try:
        return kind.make(**settings)
    except (InputError, InputTypeError) as error:
        fact = f"schedule {part!r}: {error.fact}"
        raise InputError(fact, [*error.where, f"form: {kind.form}"]) from None


def _read(read: Callable[[str], Any], value: str, setting: str, part: str, form: str) -> Any:
    try:
        return read(value)
    except ValueError:
        what = "a whole number" if read is int else "a number"
        fact = f"schedule {part!r}: {setting} must be {what}, not {value!r}"
        raise InputError(fact, [f"form: {form}"]) from None


def forms() -> Sequence[str]:
    """How each kind is written."""
    return [kind.form for kind in KINDS.values()]
