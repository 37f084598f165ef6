"""What the command line refuses about survival times, by exact text and exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli import excise
from survival_tables import TABLES


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refused")
    for name, text in TABLES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(autouse=True)
def _inside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)


REFUSED = {
    "fit two.csv months,died": (
        3,
        "error: event 'died' is 2 (line 3); events are 0 or 1, no or yes, false or true\n"
        "  its values: 1 (10), 2 (20)\n"
        "  try: --positive 2, if that says that the event came, or --task number, if both are "
        "responses\n",
    ),
    "fit fate.csv months,fate": (
        3,
        "error: event 'fate' is 'dead' (line 2); events are 0 or 1, no or yes, false or true\n"
        "  its values: alive (20), dead (10)\n"
        "  try: --positive dead, if that says that the event came\n",
    ),
    "fit fate.csv months,fate --positive Dead": (
        3,
        "error: no 'Dead' in event 'fate'\n"
        "  its values: alive (20), dead (10)\n"
        "  try: --positive dead\n",
    ),
    "fit ages.csv months,age --loss cox": (
        3,
        "error: event 'age' is 2 (line 4); events are 0 or 1, no or yes, false or true\n"
        "  its values: 0 (1), 1 (1), 2 (1), 3 (1), 4 (1), ...\n"
        "  try: name another event\n",
    ),
    "fit ok.csv died,months": (
        3,
        "error: event 'months' is 8 (line 3); events are 0 or 1, no or yes, false or true\n"
        "  'died' is all 0 and 1: are the two the other way round?\n"
        "  try: excise fit ok.csv months,died, or --task number, if both are responses\n",
    ),
    "fit zero.csv months,died": (
        3,
        "error: time 'months' is 0 (line 8); times must be > 0\n"
        "  2 of 30 rows have such a value\n"
        "  nobody is at risk before time 0: correct these rows, or leave them out\n",
    ),
    "fit minus.csv months,died": (
        3,
        "error: time 'months' is -2.5 (line 8); times must be > 0\n"
        "  nobody is at risk before time 0: correct these rows, or leave them out\n"
        "  try: --task number, if both are responses\n",
    ),
    "fit hole.csv months,died": (
        3,
        "error: time 'months' is missing in 2 of 30 rows (line 8)\n"
        "  a row counts only with its time and its event\n"
        "  try: --missing drop\n",
    ),
    "fit unsure.csv months,died": (
        3,
        "error: event 'died' is missing in 1 of 30 rows (line 6)\n"
        "  a row counts only with its time and its event\n"
        "  try: --missing drop\n",
    ),
    "fit empty.csv months,died": (3, "error: time 'months' is missing in all 30 rows\n"),
    "fit apart.csv months,died --missing drop": (
        3,
        "error: no row of apart.csv has a 'months' and a 'died'\n",
    ),
    "fit none.csv months,died": (
        3,
        "error: event 'died' is 0 in all 30 rows; there is nothing to learn\n"
        "  check the filter that made none.csv, or name another event\n",
    ),
    "fit single.csv months,died": (
        3,
        "error: event 'died' came in 1 usable row only\n  two events or more are needed\n",
    ),
    "fit text.csv months,died": (
        3,
        "error: time 'months' is not a number but category (line 2: 'a')\n"
        "  try: name another time\n",
    ),
    "fit dates.csv months,died": (
        3,
        "error: time 'months' is not a number but date (line 2: '2020-01-01')\n"
        "  a time is counted from the start of each row, in days, months or years\n"
        "  try: name another time\n",
    ),
    "fit ok.csv mnths,died": (
        3,
        "error: no column named 'mnths' in ok.csv\n"
        "  4 columns; closest: months\n"
        "  try: excise fit ok.csv months,died\n",
    ),
    "fit ok.csv months,dead": (
        3,
        "error: no column named 'dead' in ok.csv\n"
        "  4 columns; closest: died\n"
        "  try: excise fit ok.csv months,died\n",
    ),
    "fit ok.csv months,months": (
        2,
        "error: target 'months,months' names column 'months' twice\n"
        "  try: excise fit ok.csv months\n",
    ),
    "fit ok.csv months --loss cox": (
        2,
        "error: target 'months' is one column; survival needs a time and an event\n"
        "  EVENT is 1 where the event came at that time, 0 where it had not come until then\n"
        "  try: excise fit ok.csv months,EVENT\n",
    ),
    "fit ok.csv months --strata z": (
        2,
        "error: --strata z: target 'months' is one column, not TIME,EVENT\n"
        "  try: excise fit ok.csv months,EVENT\n",
    ),
    "fit ok.csv months,died --loss poisson": (
        3,
        "error: target 'months,died' is a time and its event; the poisson loss needs counts >= 0\n"
        "  try: excise fit ok.csv months,died\n",
    ),
    "fit ok.csv months,died --task class": (
        3,
        "error: target 'months,died' is a time and its event, not a class\n"
        "  try: excise fit ok.csv months,died\n",
    ),
    "fit ok.csv months,died --task class --loss cox": (
        2,
        "error: --loss cox does not fit a class\n"
        "  losses of a class: logistic, squared_hinge, multinomial\n"
        "  try: --task survival\n",
    ),
    "fit ok.csv months,died --loss cox:exact": (
        2,
        "error: unknown ties 'exact'\n  valid: 'breslow', 'efron'\n  try: --loss cox\n",
    ),
    "fit toolate.csv months,died --entry from": (
        3,
        "error: entry 'from' is 3 (line 10), not before its time, 2\n"
        "  5 of 30 rows have such a value\n",
    ),
    "fit ok.csv months,died --weights died": (
        2,
        "error: the weights are the target itself\n  try: another --weights\n",
    ),
    "fit batch.csv months,died --time batch --folds 2": (
        3,
        "error: fold 1 of 2 trains on rows without an event\n"
        "  --time decides which rows train\n"
        "  try: no --time\n",
    ),
    "predict ok.excise.json ok.csv --times soon": (
        2,
        "error: --times: 'soon' is not a list of times >= 0, as in 12,24\n"
        "  try: excise predict --help\n",
    ),
}


@pytest.mark.parametrize("command", REFUSED)
def test_refused_with_these_words(command: str) -> None:
    before = sorted(path.name for path in Path().iterdir())
    said = excise(*command.split())
    assert (said.code, said.err, said.out) == (*REFUSED[command], "")
    assert sorted(path.name for path in Path().iterdir()) == before
