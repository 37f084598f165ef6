"""The model file: exact round trip, and a clear refusal of everything else."""

from __future__ import annotations

import json
import os
import pickle
import random
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from fitted import diabetes_model, small_model

import excise.model
from excise.exceptions import ExciseError, InputError, OutputError
from excise.model import Column, Model, load
from excise.model.file import digest, from_json, to_json


def signed(content: dict[str, Any]) -> str:
    """The text of a file whose checksum fits: what a hand that knows the format would write."""
    return json.dumps(content | {"sha256": digest(content)})


def changed(**members: Any) -> str:
    return signed(json.loads(diabetes_model().to_json()) | members)


def test_round_trip(tmp_path: Path) -> None:
    from sklearn.datasets import load_diabetes

    model, file = diabetes_model(), tmp_path / "d.excise.json"
    size = model.save(file)
    again = load(file)
    assert size == file.stat().st_size < 13_000
    assert os.listdir(tmp_path) == ["d.excise.json"]
    assert again.to_json() == model.to_json()
    X = load_diabetes(scaled=False).data
    assert (again.predict(X) == model.predict(X)).all()
    assert again.ledger() == model.ledger() and again.why("glu") == model.why("glu")
    assert again.verdict == model.verdict and again.notes == model.notes
    assert again.at("min").coef.tolist() == model.at("min").coef.tolist()


@pytest.mark.parametrize(
    "settings",
    [
        {"penalty_weight": [0.0, np.inf, 2.0, 1.0, 1.0, 1.0]},
        {"bounds": (-0.1, np.inf), "l1_ratio": 0.5},
        {"fit_intercept": False, "standardize": False},
        {"p": 120, "n": 40},
        {"p": 310, "n": 30},
        {"l1_ratio": 0.0},
    ],
)
def test_round_trip_of_every_kind(settings: dict[str, Any]) -> None:
    model = small_model(**settings)
    again = Model.from_json(model.to_json())
    assert again.to_json() == model.to_json()
    assert again.columns == model.columns and again.penalty == model.penalty
    assert repr(again.ledger().to_dict()) == repr(model.ledger().to_dict())
    alpha = model.alpha * 1.01
    assert (again.at(alpha).coef == model.at(alpha).coef).all()


def test_files_follow_the_published_schema() -> None:
    schema = json.loads((Path(excise.model.__file__).parent / "schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for model in (diabetes_model(), small_model(p=310, n=30), small_model(bounds="positive")):
        jsonschema.validate(json.loads(model.to_json()), schema)
    lacking = json.loads(diabetes_model().to_json())
    assert {*schema["required"], "loss"} == set(lacking)  # files of version 1.0 have no loss


def test_newer_minor_versions_are_read_and_newer_major_ones_refused() -> None:
    newer = changed(version="1.7", something_new={"a": [1]})
    assert from_json(newer).coef.tolist() == diabetes_model().coef.tolist()
    with pytest.raises(InputError) as caught:
        from_json(changed(version="2.0"))
    assert "has format version 2.0; excise" in caught.value.fact
    assert caught.value.remedy == "pip install --upgrade excise"


REFIT = "  try: refit with 'excise fit' to write a .excise.json"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_are_never_read(tmp_path: Path, protocol: int) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "boom"),)

    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Bomb(), protocol=protocol))
    with pytest.raises(InputError) as caught:
        load(tmp_path / "model.pkl")
    assert caught.value.lines() == [
        "model.pkl is a pickle; excise never unpickles files, because that can run code",
        REFIT,
    ]
    assert not (tmp_path / "boom").exists()


@pytest.mark.parametrize(
    ("data", "fact"),
    [
        (b"", "m.json is empty"),
        (b" \n", "m.json is empty"),
        (b"\xff\xfe{}", "m.json is not an excise model"),
        (b"age,bmi\n1,2\n", "m.json is not an excise model"),
        (b"[1, 2]", "m.json is not an excise model"),
        (b'{"a": 1}', "m.json is not an excise model"),
        (b'{"format": "onnx"}', "m.json is not an excise model"),
        (b'{"a": 1, "a": 2}', "m.json is not an excise model"),
        (b'{"a": NaN}', "m.json is not an excise model"),
        (b'{"a": -Infinity}', "m.json is not an excise model"),
        (b'{"a": 1e999}', "m.json is not an excise model"),
        (b'{"a": ' + b"9" * 5000 + b"}", "m.json is not an excise model"),
        (b'{"a":' * 100_000, "m.json is not an excise model"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "m.json is not an excise model"),
        (b'{"format": "excise-model", "version": "1.0"}', "m.json was altered"),
        (b'{"format": "excise-model", "version": 1}', "m.json is damaged"),
        (b'{"format": "excise-model", "version": "1.0", "a": "\\ud800"}', "m.json was altered"),
        (b'{"format": "excise-model", "version": "1.0"; }', "m.json is damaged"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes, fact: str) -> None:
    (tmp_path / "m.json").write_bytes(data)
    with pytest.raises(InputError) as caught:
        load(tmp_path / "m.json")
    assert caught.value.fact.startswith(fact) and caught.value.lines()[-1] == REFIT
    assert len(caught.value.lines()) <= 3


def test_altered_and_truncated_files_say_so(tmp_path: Path) -> None:
    text = diabetes_model().to_json()
    file = tmp_path / "m.json"
    file.write_text(text.replace('"n_rows": 442', '"n_rows": 443'))
    with pytest.raises(InputError) as caught:
        load(file)
    assert caught.value.fact == "m.json was altered: its sha256 does not match its content"
    for end in (100, 5000, len(text) - 3):
        file.write_text(text[:end])
        with pytest.raises(InputError) as caught:
            load(file)
        assert caught.value.fact == "m.json is truncated: it ends in the middle"


def test_unreadable_and_too_large_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (tmp_path / "none.json", tmp_path, "a\0b"):
        with pytest.raises(InputError, match="cannot read"):
            load(path)
    diabetes_model().save(tmp_path / "m.json")
    monkeypatch.setattr("excise.model.file.MOST_BYTES", 1000)
    with pytest.raises(InputError, match=r"m.json is larger than 0 MB"):
        load(tmp_path / "m.json")
    with pytest.raises(InputError, match="the text is larger than"):
        from_json(diabetes_model().to_json())


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    model = diabetes_model()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none" / "m.json", tmp_path / "folder", tmp_path / "a\0b"):
        with pytest.raises(OutputError, match="cannot write"):
            model.save(path)
    assert os.listdir(tmp_path) == ["folder"] and os.listdir(tmp_path / "folder") == []


def test_a_failed_save_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "m.json"
    file.write_text("old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OutputError) as caught:
        diabetes_model().save(file)
    assert caught.value.lines() == [f"cannot write {file}", "  no space left"]
    assert os.listdir(tmp_path) == ["m.json"] and file.read_text() == "old"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"n_rows": 0}, "'n_rows' must be an integer >= 1"),
        ({"n_rows": True}, "'n_rows' must be an integer >= 1"),
        ({"alpha": -1.0}, "'alpha' must be a finite number >= 0"),
        ({"alpha": "5.83"}, "'alpha' must be a finite number >= 0"),
        ({"intercept": 10**400}, "'intercept' must be a finite number"),
        ({"rule": "best"}, "'rule' must be one of 1se, min, alpha, n_features"),
        ({"standardize": 1}, "'standardize' must be true or false"),
        ({"columns": []}, "'columns' must have different names, at least one"),
        ({"columns": [7]}, "'columns[0]' must be an object"),
        ({"columns": {}}, "'columns' must be a list"),
        ({"columns": [{"name": "a", "kind": "x", "mean": 0, "scale": 1}]},
         "'columns[0].kind' must be one of number, yes/no, category, date, missing"),
        ({"columns": [{"name": 7, "kind": "number", "mean": 0, "scale": 1}]},
         "'columns[0].name' must be a text"),
        ({"columns": [{"name": "a", "kind": "number", "mean": 0, "scale": 1, "bounds": [1, 2]}]},
         "'columns[0].bounds' must have 0 between them"),
        ({"columns": [{"name": "a", "kind": "number", "mean": 0, "scale": 1, "bounds": [1]}]},
         "'columns[0].bounds' must be two numbers"),
        ({"columns": [{"name": "a", "kind": "number", "mean": 0, "scale": 1, "bounds": ["a", 1]}]},
         "'columns[0].bounds' must be two finite numbers or null"),
        ({"coef": [0] * 9}, "'coef' must be a list of 10 finite numbers"),
        ({"coef": [1] * 10}, "'coef' and 'coef_std' have different zeros"),
        ({"coef": [1] * 10, "coef_std": [1] * 10},
         "'coef' and its certificate have different zeros"),
        ({"penalty": {"kind": "l1", "l1_ratio": 2}}, "'penalty.l1_ratio' must be at most 1"),
        ({"warnings": [1]}, "'warnings' must be a list of texts"),
        ({"saved": [{}]}, "'saved[0].coef' is missing"),
        ({"settings": None}, "'settings' must be an object"),
        ({"fingerprints": {"y": 1}}, "'fingerprints.y' must be a text"),
        ({"task": "class"}, "'task' must be one of number"),
    ],
)  # fmt: skip
def test_ill_formed_members_are_named(members: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError) as caught:
        from_json(changed(**members))
    fact, where, remedy = caught.value.lines()
    assert fact == "the text is damaged" and where.startswith(f"  {reason}") and remedy == REFIT


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (("path", "indices"), "u1:/w==", "has 1 numbers instead of"),
        (("path", "alphas"), "f8:AAAA", "ends inside a number"),
        (("path", "alphas"), "f8:", "must be at least one"),
        (("path", "alphas"), "f8:AAAAAAAA8D8AAAAAAAAAQA==", "must fall"),
        (("path", "counts"), "f8:AAAAAAAA8D8=", "holds floating-point numbers"),
        (("path", "counts"), "u2:/w==", "ends inside a number"),
        (("path", "coefs_std"), "u1:AA==", "holds integers"),
        (("path", "coefs_std"), "f8:AAA=AAA", "is not an array of numbers"),
        (("path", "coefs_std"), "f8:A", "is not base64"),
        (("path", "coefs_std"), 7, "must be a text"),
        (("cv", "mean"), "f8:AAAAAAAA8H8=", "holds a number that is not finite"),
        (("cv", "mean"), "f4*2^9999:AACAPw==", "holds a number that is not finite"),
        (("certificate", "kinds"), "u1:CQkJCQkJCQkJCQ==", "is out of range"),
        (("certificate", "twins"), [[10]], "must be lists of column positions"),
        (("certificate", "twins"), [3], "must be lists of column positions"),
        (("books", "block"), "u1:AQA=", "must rise"),
        (("stability", "picked"), "u1:", "has 0 numbers instead of"),
        (("decoys", "n_shuffles"), 0, "must be an integer >= 1"),
    ],
)
def test_ill_formed_arrays_are_named(place: tuple[str, str], value: Any, reason: str) -> None:
    content = json.loads(diabetes_model().to_json())
    content[place[0]][place[1]] = value
    with pytest.raises(InputError) as caught:
        from_json(signed(content))
    assert caught.value.where[0].startswith(f"'{'.'.join(place)}' {reason}")


def test_a_class_name_in_a_file_is_only_text() -> None:
    model = from_json(changed(settings={"__class__": "os.system", "py/object": "os.system"}))
    assert model.settings["__class__"] == "os.system"


def test_mutated_bytes_change_no_prediction() -> None:
    data = bytearray(diabetes_model().to_json().encode())
    expected = diabetes_model().coef
    rng = random.Random(0)
    for _ in range(400):
        mutant = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(mutant))
            kind = rng.randrange(4)
            if kind == 0:
                mutant[at] = rng.randrange(256)
            elif kind == 1:
                del mutant[at : at + rng.randint(1, 50)]
            elif kind == 2:
                mutant[at:at] = bytes(rng.choices(b'0123456789-e.,:{}[]"\\n ', k=rng.randint(1, 9)))
            else:
                mutant[at] ^= 1 << rng.randrange(8)
        try:
            found = from_json(mutant.decode("utf-8", errors="surrogateescape"))
        except InputError:
            continue
        assert (found.coef == expected).all()


def mutate(value: Any, rng: random.Random) -> Any:
    """One random change somewhere inside."""
    junk = [None, True, -1, 0, 2**60, 1e308, "", "x", "f8:AAAA", "u1:/w==", [], {}, [[1]], "\ud800"]
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        if rng.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return value | {key: mutate(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return [*value[:at], mutate(value[at], rng), *value[at + 1 :]]
    if isinstance(value, float) and rng.random() < 0.5:
        return value * rng.choice([-1.0, 0.0, 1e-300, 1e10])
    return rng.choice(junk)


def test_mutated_members_with_a_fitting_checksum_never_crash() -> None:
    content = json.loads(diabetes_model().to_json())
    rng = random.Random(1)
    rows = np.ones((2, 10))
    accepted = 0
    for _ in range(400):
        mutant = mutate(content, rng)
        try:
            text = signed(mutant)
        except (AttributeError, ValueError):  # no object, or no text: nothing to sign
            continue
        try:
            model = from_json(text)
            accepted += 1
            assert np.isfinite(model.predict(rows)).all()
            model.ledger(), model.verdict, model.notes, model.equation(), repr(model)
            model.why(model.feature_names[0]).sentences()
        except InputError:
            continue
    assert accepted > 20


def test_errors_are_of_the_package() -> None:
    with pytest.raises(ExciseError):
        from_json("{")


def test_names_of_any_script_survive(tmp_path: Path) -> None:
    from dataclasses import replace

    odd = ["größe", "身長", "</script>", 'a"b', "tab\tnew\nline", "𝛼"]
    model = replace(small_model(), columns=tuple(map(Column, odd)))
    model.save(tmp_path / "m.json")
    assert load(tmp_path / "m.json").feature_names == tuple(odd)


def test_a_column_keeps_all_that_is_known_of_it() -> None:
    from dataclasses import replace

    model = small_model(p=2)
    columns = (
        Column("region=North", "category", "region", ("North",), 0.0, 0.2, 0.4, unit="share"),
        Column("age", "date", "", (), 1.5, 1.0, 2.0, 0.0, -1.0, 3.0),
    )
    again = Model.from_json(replace(model, columns=columns).to_json())
    assert again.columns == columns


def test_saving_is_a_text_of_one_member_a_line() -> None:
    lines = to_json(diabetes_model()).splitlines()
    assert lines[0] == "{" and lines[-1] == "}"
    assert lines[1] == '"format": "excise-model",' and lines[-2].startswith('"sha256": "')
