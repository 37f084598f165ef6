"""What the documents show is what happens: Python sessions and commands in fences are run."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.FAIL_FAST
ROUNDING = re.compile(r"\de-1[3-9]")


def settled(text: str) -> str:
    """Make figures of the size of rounding alike: they differ between processors."""
    return ROUNDING.sub("1e-16", text)


class Checker(doctest.OutputChecker):
    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(settled(want), settled(got), optionflags)


def fences(page: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(page.read_text()) if kind == language]


def with_fence(language: str) -> list[Path]:
    return [page for page in PAGES if fences(page, language)]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", with_fence("pycon"), ids=name_of)
def test_python_sessions(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = "\n".join(fences(page, "pycon"))
    test = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    assert test.examples
    doctest.DebugRunner(checker=Checker(), optionflags=FLAGS).run(test)


@pytest.mark.parametrize("page", with_fence("console"), ids=name_of)
def test_commands(page: Path, tmp_path: Path) -> None:
    """``$ excise ...`` prints what stands under it; lines about files and time may differ."""
    first = [sys.executable, "-m", "excise"]
    for body in fences(page, "console"):
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            words = shlex.split(command)
            if words[0] != "excise":
                continue
            done = subprocess.run(
                [*first, *words[1:]], cwd=tmp_path, capture_output=True, text=True, check=True
            )
            shown, printed = (
                [line.rstrip() for line in settled(text).splitlines() if not passing(line)]
                for text in (expected, done.stdout)
            )
            if shown:
                assert printed == shown


def passing(line: str) -> bool:
    """Whether the line is about this run and not about the model."""
    return not line.strip() or line.startswith(("wrote ", "next: "))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} points at {target}"


BRIEF = {
    "plot_schedules.py": ["--features=40", "--picture=it.svg"],
    "plot_phase_transition.py": ["--trials=1", "--picture=it.svg"],
}
"""What makes a simulation short."""


@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=name_of)
def test_examples_run(script: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), *BRIEF.get(script.name, [])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert script.name not in BRIEF or (tmp_path / "it.svg").exists()
