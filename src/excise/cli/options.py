"""Flags shared by all commands, and the kinds of values that flags take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from excise.schedules import Schedule

    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType

from excise.catalog import CONCAVE_NAMES, LOSS_NAMES
from excise.cli.terminal import Globals
from excise.exceptions import InputError, UsageError

Decorated = Callable[..., Any]


class Option(click.Option):
    """An option with a section of the help page."""

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        if isinstance(kwargs.get("type"), Value):
            kwargs.setdefault("metavar", kwargs["type"].name)
        if isinstance(kwargs.get("type"), Names):
            kwargs |= {"multiple": True, "callback": _together}
        super().__init__(*args, **kwargs)
        self.section = section

    def get_help_extra(self, ctx: click.Context) -> Any:
        """The default; ranges are said when they are left."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


def _together(_context: Any, _option: Any, given: tuple[tuple[Any, ...], ...]) -> tuple[Any, ...]:
    """All that a flag names, which may be given several times."""
    return tuple(one for some in given for one in some)


class Value(_ParamType):
    """A kind of value whose name stands in the help page as it is."""


class Names(Value):
    r"""``a,b,c`` (a backslash keeps a comma: ``a\,b``)."""

    name = "COL,..."

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Split at commas."""
        marked = str(value).replace("\\,", "\0")
        return tuple(part.strip().replace("\0", ",") for part in marked.split(",") if part.strip())


class Pairs(Names):
    """``a=1,b=2``: names with a value each."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[tuple[str, str], ...]:  # type: ignore[override]
        """Split at commas, then at the last equals sign."""
        pairs = [part.rpartition("=") for part in super().convert(value, param, ctx)]
        for name, equals, worth in pairs:
            if not (name and equals and worth):
                self.fail(f"'{value}' is not of the form {self.name}", param, ctx)
        return tuple((name, worth) for name, _, worth in pairs)


@dataclass(frozen=True)
class Rule:
    """How the penalty is chosen; `value` is the number of features, or the penalty."""

    kind: Literal["1se", "min", "n_features", "alpha"] = "1se"
    value: float = 0.0


class RuleType(Value):
    """``1se``, ``min``, a number of features, or ``lambda=VALUE``."""

    name = "1se|min|N|lambda=VALUE"

    def convert(self, value: Any, param: Any, ctx: Any) -> Rule:
        """Read a rule."""
        text = str(value).strip().lower()
        if text in ("1se", "min"):
            return Rule("1se" if text == "1se" else "min")
        try:
            name, equals, number = text.partition("=")
            if equals and name in ("lambda", "alpha"):
                return Rule("alpha", _positive(float(number)))
            return Rule("n_features", _natural(text.removesuffix("features").strip()))
        except ValueError:
            known = "1se, min, a number of features or lambda=VALUE"
            self.fail(f"'{value}' is not {known}", param, ctx)


class PenaltyType(Value):
    """``l1``, ``elastic:0.5``, ``ridge``, or a concave one with its shape, as in ``mcp:3``."""

    name = "l1|elastic:0.5|ridge|mcp:3|..."

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Check the form; the mixing ratio must lie between 0 and 1."""
        text = str(value).strip().lower()
        kind, colon, ratio = text.partition(":")
        if kind in CONCAVE_NAMES:
            return _concave(kind, text)
        try:
            if (kind in ("l1", "ridge") and not colon) or (
                kind == "elastic" and (not colon or 0.0 < float(ratio) <= 1.0)
            ):
                return text
        except ValueError:
            pass
        concave = ", ".join(f"{name}:{shape}" for name, shape in CONCAVE_NAMES.items())
        known = f"l1, elastic:RATIO (0 to 1), ridge or one of {concave}"
        self.fail(f"'{value}' is not {known}", param, ctx)


def _concave(kind: str, text: str) -> str:
    """The text in full; the penalty's own errors say what is wrong with its shape."""
    from excise.penalties import penalty_of

    try:
        made = penalty_of(text)
    except InputError as error:
        remedy = f"--penalty {kind}:{CONCAVE_NAMES[kind]}"
        raise UsageError(error.fact, error.where, remedy) from None
    return text if made is None else made.spec


class ScheduleType(Value):
    """Stages of penalties, as in ``prune:0`` or ``adaptive:marginal+prune:0``."""

    name = "SPEC"

    def convert(self, value: Any, param: Any, ctx: Any) -> Schedule:
        """Read a schedule; its own errors say what is wrong."""
        from excise.schedules import Schedule, parse

        if isinstance(value, Schedule):
            return value
        try:
            return parse(str(value).strip().lower())
        except InputError as error:
            remedy = error.remedy and "--schedule " + error.remedy.strip("'")
            raise UsageError(error.fact, error.where, remedy) from None


class LossType(Value):
    """The name of a loss, with its parameter after a colon where it has one."""

    name = "NAME[:PARAM]"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Check name and parameter; the spec in full, as in ``tweedie:1.5``."""
        from excise.losses import loss_of

        text = str(value).strip().lower()
        known = [name for names in LOSS_NAMES.values() for name in names]
        if text.partition(":")[0] not in known:
            near = get_close_matches(text.partition(":")[0], known, n=1)
            remedy = f"--loss {near[0]}" if near else ""
            raise UsageError(f"no loss named {text!r}", [f"losses: {', '.join(known)}"], remedy)
        try:
            return loss_of(text).spec
        except InputError as error:
            usual = loss_of(text.partition(":")[0]).spec
            raise UsageError(error.fact, error.where, f"--loss {usual}") from None


class Times(Value):
    """``12,24.5``: times >= 0, each once, in the order given."""

    name = "T,..."

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        """Split at commas."""
        if isinstance(value, tuple):
            return value
        try:
            times = tuple(float(part) for part in str(value).split(",") if part.strip())
        except ValueError:
            times = ()
        if not times or not all(0.0 <= time < float("inf") for time in times):
            self.fail(f"'{value}' is not a list of times >= 0, as in 12,24", param, ctx)
        return tuple(dict.fromkeys(times))


class Auto(Value):
    """A positive number, or ``auto``."""

    name = "auto|number"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | None:
        """None for auto."""
        if value == "auto":
            return None
        try:
            return _positive(float(value))
        except ValueError:
            self.fail(f"'{value}' is not auto or a number above 0", param, ctx)


class At(Value):
    """A penalty to look at: ``min``, ``1se``, a number of features, or a value."""

    name = "L|min|1se|N"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | int | float | None:
        """An int is a number of features, a number with a point or ``lambda=L`` a penalty."""
        text = str(value).strip().lower()
        if text in ("min", "1se"):
            return text
        try:
            name, equals, number = text.partition("=")
            if equals and name in ("lambda", "alpha"):
                return _positive(float(number))
            return int(text) if text.isdecimal() else _positive(float(text))
        except ValueError:
            self.fail(f"'{value}' is not min, 1se, a number of features or a penalty", param, ctx)


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise ValueError
    return int(text)


def _positive(value: float) -> float:
    if not 0.0 < value < float("inf"):
        raise ValueError
    return value


def _store(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    flags = ctx.find_root().ensure_object(Globals)
    source = ctx.get_parameter_source(param.name or "")
    if source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT"):
        setattr(flags, param.name or "", value)


def _flag(*names: str, help: str, hidden: bool, **kwargs: Any) -> Option:
    section = "Everywhere, before or after the command"
    kwargs |= {"expose_value": False, "is_eager": True, "callback": _store}
    return Option(names, help=help, hidden=hidden, section=section, **kwargs)


def global_options(hidden: bool) -> list[click.Parameter]:
    """The flags of `Globals`; commands accept them too, but list them only in the main help."""

    def flag(*names: str, help: str, **kwargs: Any) -> Option:
        return _flag(*names, help=help, hidden=hidden, **kwargs)

    colors = click.Choice(["auto", "always", "never"])
    return [
        flag("-q", "--quiet", is_flag=True, help="Only errors."),
        flag("-v", "--verbose", is_flag=True, help="Timings, solver, all warnings."),
        flag("--debug", is_flag=True, help="Show the traceback of an error."),
        flag("--json", is_flag=True, help="One JSON object instead of text."),
        flag("--color", type=colors, help="Colour (auto: on a terminal)."),
        flag("--width", type=click.IntRange(1), metavar="N", help="Columns of text."),
        flag("--ascii", is_flag=True, help="Bars in plain characters."),
        flag("--threads", type=click.IntRange(1), metavar="N", help="Threads of the solver."),
    ]


def reading_options(function: Decorated) -> Decorated:
    """``--sep``, ``--decimal``, ``--encoding``, ``--na``: how a table is read."""
    for names, metavar, text in reversed(_READING):
        function = click.option(names, metavar=metavar, cls=Option, section="Reading", help=text)(
            function
        )
    return function


_READING = (
    ("--sep", "CHAR", "Separator of values (default: found out)."),
    ("--decimal", "CHAR", "Decimal mark, . or , (default .)."),
    ("--encoding", "NAME", "Of the text (default: utf-8)."),
    ("--na", "WORD,...", "Further words for a missing value."),
)


def sections(parameters: Sequence[click.Parameter]) -> dict[str, list[click.Option]]:
    """Options by section of the help page, in order of appearance."""
    grouped: dict[str, list[click.Option]] = {}
    for parameter in parameters:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            grouped.setdefault(getattr(parameter, "section", "Options"), []).append(parameter)
    return grouped
