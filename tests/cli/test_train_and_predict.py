"""From a table to a model file to predictions, as a user types it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule.estimators.table_models import TrainingSettings
from tests.cli.conftest import Command

IRIS = ("--target", "species", "--epochs", "5")


def test_training_says_what_it_did_and_writes_a_model(chainrule: Command, examples: Path, tmp_path: Path) -> None:
    ran = chainrule("train", examples / "iris.csv", *IRIS, "--model", "iris.chainrule")
    assert ran.status == 0, ran.err
    for words in (
        "iris.csv: 150 rows, 5 columns",
        "petal_width_cm    number",
        "3 classes: 'setosa'",
        "102 rows to learn from, 18 to decide when to stop, 30 held out",
        "4 -> 32 relu -> 3 softmax  (259 parameters)",
        "⣿ training   ○ validation",
        "epoch 5\n",
        "after 5 epochs: the limit of 5 epochs was reached",
        "scores on 30 held-out rows",
        "majority class      33.3%",
        "model     iris.chainrule",
        "chainrule predict iris.chainrule TABLE.csv",
    ):
        assert words in ran.out, words
    assert [line.split("  ")[0] for line in ran.err.splitlines()] == [
        "epoch 1 of 5 at most",
        "epoch 2 of 5 at most",
        "epoch 5 of 5 at most",
    ]
    assert max(map(len, ran.out.splitlines())) <= 80
    assert cr.load_model(tmp_path / "iris.chainrule").training.scores["network"]["accuracy"] > 1 / 3


def test_regression_is_reported_in_the_targets_unit(chainrule: Command, examples: Path) -> None:
    ran = chainrule("train", examples / "diabetes.csv", "-t", "progression", "--epochs", 3)
    assert ran.status == 0, ran.err
    header, _, *rows = ran.out[ran.out.index("scores on") :].splitlines()[1:6]
    assert header.split() == ["R²", "RMSE", "MAE"]
    assert [row.split("  ")[0].strip() for row in rows] == ["network", "linear model", "mean"]
    assert float(rows[2].split()[2]) == pytest.approx(71.66, abs=0.01)
    assert "diabetes.chainrule" in ran.out


def test_json_says_the_same(chainrule: Command, examples: Path, tmp_path: Path) -> None:
    report = json.loads(chainrule("train", examples / "iris.csv", *IRIS, "--json").out)
    model = cr.load_model(tmp_path / report["model"])
    assert report["scores"] == model.training.scores
    assert report["rows"] == model.training.rows
    assert report["history"]["loss"] == model.training.history.loss
    assert (report["target"], report["task"]) == ("species", "classification")
    assert report["classes"] == ["setosa", "versicolor", "virginica"]
    assert report["network"] == "4 -> 32 relu -> 3 softmax"
    assert report["columns"][0]["kind"] == "number"
    assert report["settings"]["epochs"] == 5


def test_options_reach_the_training(chainrule: Command, examples: Path) -> None:
    options = {
        "--hidden": "7,3",
        "--activation": "tanh",
        "--epochs": "2",
        "--batch-size": "10",
        "--learning-rate": "0.5",
        "--seed": "4",
        "--test-size": "0.5",
        "--engine": "reference",
        "--drop": "sepal_width_cm",
    }
    flat = [word for pair in options.items() for word in pair]
    report = json.loads(chainrule("train", examples / "iris.csv", "-t", "species", *flat, "--json").out)
    assert report["network"] == "3 -> 7 tanh -> 3 tanh -> 3 softmax"
    assert report["rows"]["held_out"] == 75
    settings = {"batch_size": 10, "learning_rate": 0.5, "seed": 4, "test_size": 0.5, "engine": "reference", "epochs": 2}
    assert {name: report["settings"][name] for name in settings} == settings


def test_help_states_the_defaults_that_hold(chainrule: Command) -> None:
    said = " ".join(chainrule("train", "--help").out.replace("│", " ").split())
    defaults = TrainingSettings()
    for name in ("activation", "epochs", "learning_rate", "test_size", "seed", "engine"):
        part = said[said.index(f"--{name.replace('_', '-')} ") :]
        assert part[part.index("[default:") :].startswith(f"[default: ({getattr(defaults, name)})]"), name


@pytest.mark.parametrize(
    ("options", "used"),
    [
        (["--features", "petal_width_cm,sepal_width_cm"], ["sepal_width_cm", "petal_width_cm"]),
        (["--features", "petal_width_cm", "--features", "sepal_width_cm"], ["sepal_width_cm", "petal_width_cm"]),
        (["--drop", "sepal_width_cm, petal_width_cm"], ["sepal_length_cm", "petal_length_cm"]),
    ],
)
def test_columns_are_chosen(chainrule: Command, examples: Path, options: list[str], used: list[str]) -> None:
    report = json.loads(chainrule("train", examples / "iris.csv", *IRIS, *options, "--json").out)
    kept = [column["column"] for column in report["columns"] if column["kind"] == "number"]
    assert kept == used


def test_a_name_with_a_comma_is_quoted(chainrule: Command, tmp_path: Path) -> None:
    frame = pl.DataFrame({"a,b": range(60), "c": range(0, 600, 10), "y": ["p", "q"] * 30})
    frame.write_csv(tmp_path / "t.csv")
    report = json.loads(chainrule("train", "t.csv", "-t", "y", "--epochs", 1, "--drop", '"a,b"', "--json").out)
    assert [column["kind"] for column in report["columns"] if column["column"] == "a,b"] == ["left out"]


def test_many_columns_are_grouped_unless_asked_for(chainrule: Command, examples: Path) -> None:
    arguments = ("train", examples / "breast_cancer.csv", "-t", "diagnosis", "--epochs", 1)
    short, full = chainrule(*arguments).out, chainrule(*arguments, "--columns").out
    assert "worst_area" not in short
    assert "and 24 more" in " ".join(short.split())
    assert "worst_area" in full


def test_what_was_noticed_is_said(chainrule: Command, tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": range(40), "same": [1] * 40, "y": [k % 2 for k in range(40)]})
    frame.with_columns(y=pl.when(pl.col("x") > 3).then("y")).write_csv(tmp_path / "t.csv")
    ran = chainrule("train", "t.csv", "-t", "y", "--epochs", 1)
    assert "note: 4 rows without a target are passed over" in ran.out
    assert re.search("only 8 rows .*held out: the scores are rough", ran.out)
    assert "every cell is 1" in ran.out


def test_the_same_command_writes_the_same_file(chainrule: Command, examples: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        chainrule("train", examples / "iris.csv", *IRIS, "--model", name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_diverged_training_writes_no_model_and_says_no(chainrule: Command, tmp_path: Path) -> None:
    pl.DataFrame({"x": range(100), "y": [k * k for k in range(100)]}).write_csv(tmp_path / "t.csv")
    ran = chainrule("train", "t.csv", "-t", "y", "--learning-rate", "1e30", "--task", "regression")
    assert ran.status == 1
    assert "training diverged in epoch 1" in " ".join(ran.out.split())
    assert "Lower the learning rate" in " ".join(ran.out.split())
    assert "no model file was written" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.fixture
def trained(chainrule: Command, examples: Path, tmp_path: Path) -> cr.Model:
    assert chainrule("train", examples / "iris.csv", *IRIS, "--model", "iris.chainrule").status == 0
    return cr.load_model(tmp_path / "iris.chainrule")


READERS: dict[str, Callable[..., Any]] = {"csv": pl.read_csv, "parquet": pl.read_parquet}


@pytest.mark.parametrize("ending", READERS)
def test_predictions_stand_beside_the_rows_in_order(
    chainrule: Command, trained: cr.Model, examples: Path, tmp_path: Path, ending: str
) -> None:
    ran = chainrule("predict", "iris.chainrule", examples / "iris.csv", "--out", f"out.{ending}")
    assert (ran.status, ran.out) == (0, "")
    assert f"out.{ending}: 150 rows with predictions" in ran.err
    written = READERS[ending](tmp_path / f"out.{ending}")
    table = pl.read_csv(examples / "iris.csv")
    assert written.columns[:6] == [*table.columns, "prediction"]
    assert written["species"].to_list() == table["species"].to_list()
    assert written["prediction"].to_list() == trained.predict(table).tolist()
    probabilities = written.select(f"probability of {name}" for name in trained.classes).to_numpy()
    np.testing.assert_allclose(probabilities, trained.predict_proba(table), rtol=1e-12)


@pytest.mark.usefixtures("trained")
def test_without_a_file_predictions_go_to_standard_output(chainrule: Command, examples: Path, tmp_path: Path) -> None:
    ran = chainrule("predict", "iris.chainrule", examples / "iris.csv")
    assert (ran.status, ran.err) == (0, "")
    chainrule("predict", "iris.chainrule", examples / "iris.csv", "--out", "out.csv")
    assert ran.out == (tmp_path / "out.csv").read_text(encoding="utf-8")


@pytest.mark.usefixtures("trained")
def test_batches_are_as_the_whole(
    chainrule: Command, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = chainrule("predict", "iris.chainrule", examples / "iris.csv").out
    from chainrule import tables

    stream = tables.stream_table
    monkeypatch.setattr(tables, "stream_table", lambda path: stream(path, batch_rows=7))
    assert chainrule("predict", "iris.chainrule", examples / "iris.csv").out == whole
    chainrule("predict", "iris.chainrule", examples / "iris.csv", "-o", "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == whole


def test_other_columns_are_carried_along_and_said(
    chainrule: Command, trained: cr.Model, examples: Path, tmp_path: Path
) -> None:
    table = pl.read_csv(examples / "iris.csv").drop("species")
    table.select(pl.lit("=1+1").alias("note"), *reversed(table.columns)).write_csv(tmp_path / "new.csv")
    ran = chainrule("predict", "iris.chainrule", "new.csv", "--out", "out.csv")
    assert "note: not used: 1 column unknown in training: 'note'" in ran.err
    assert "150 cells could be formulas and got an apostrophe in front" in ran.err
    written = pl.read_csv(tmp_path / "out.csv")
    assert written["prediction"].to_list() == trained.predict(table).tolist()
    assert written["note"][0] == "'=1+1"


def test_a_renamed_column_is_taken_and_a_missing_one_named(
    chainrule: Command, trained: cr.Model, examples: Path, tmp_path: Path
) -> None:
    table = pl.read_csv(examples / "iris.csv").drop("species")
    table.rename({"petal_width_cm": "Petal width (cm)"}).write_csv(tmp_path / "new.csv")
    ran = chainrule("predict", "iris.chainrule", "new.csv", "--out", "out.csv")
    assert "note: column 'petal_width_cm' is called 'Petal width (cm)' here" in ran.err
    assert pl.read_csv(tmp_path / "out.csv")["prediction"].to_list() == trained.predict(table).tolist()
    table.drop("petal_width_cm").write_csv(tmp_path / "short.csv")
    ran = chainrule("predict", "iris.chainrule", "short.csv", "--out", "none.csv")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "chainrule: short.csv: missing column 'petal_width_cm'\n"
    assert not (tmp_path / "none.csv").exists()


def test_numbers_are_predicted_in_the_targets_unit(chainrule: Command, examples: Path, tmp_path: Path) -> None:
    chainrule("train", examples / "diabetes.csv", "-t", "progression", "--epochs", 5, "-m", "m")
    chainrule("predict", "m", examples / "diabetes.csv", "-o", "out.csv")
    written = pl.read_csv(tmp_path / "out.csv")
    assert written.columns[-1] == "prediction"
    assert 100 < written["prediction"].mean() < 200  # type: ignore[operator]


def visits(path: Path, n: int = 80) -> Path:
    """Rows of ten patients, one a day."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    pl.DataFrame({"patient": np.arange(n) % 10, "day": np.arange(n), "x": x, "ill": x > 0}).write_csv(path)
    return path


@pytest.mark.parametrize(
    ("options", "rows", "scored_on"),
    [
        ((), (54, 10, 16), "16 held-out rows"),
        (("--test", "test.csv"), (68, 12, 20), "20 rows of test.csv"),
        (("--time", "day"), (54, 10, 16), "the latest 16 rows by 'day'"),
        (("--group", "patient"), (48, 16, 16), "16 held-out rows, whole groups by 'patient'"),
        (("--cv", 2), (68, 12, 80), "80 rows, each held out once in 2 folds"),
    ],
)
def test_what_is_held_out_is_chosen(
    chainrule: Command, tmp_path: Path, options: tuple[object, ...], rows: tuple[int, int, int], scored_on: str
) -> None:
    visits(tmp_path / "test.csv", 20)
    ran = chainrule("train", visits(tmp_path / "t.csv"), "-t", "ill", "--epochs", 1, "--json", *options)
    report = json.loads(ran.out)
    assert tuple(report["rows"].values()) == rows
    assert report["settings"]["scored_on"] == scored_on
    assert sum(map(sum, report["confusion"])) == rows[2]
    assert len(report["folds"]) == (2 if "--cv" in options else 0)


def test_folds_are_told_apart(chainrule: Command, tmp_path: Path) -> None:
    ran = chainrule("train", visits(tmp_path / "t.csv"), "-t", "ill", "--epochs", 1, "--cv", 2)
    assert [line.split(",")[0] for line in ran.err.splitlines()] == ["fold 1 of 2", "fold 2 of 2", "all rows"]
    assert "t.csv: 80 rows" in ran.out
    assert "80 held out once for the scores, in 2 folds" in " ".join(ran.out.split())
    assert "± over folds" in ran.out


def test_a_report_is_written(chainrule: Command, tmp_path: Path) -> None:
    ran = chainrule("train", visits(tmp_path / "t.csv"), "-t", "ill", "--epochs", 2, "--report", "r.html")
    assert ran.status == 0, ran.err
    assert "report    r.html" in ran.out
    assert "ill from t.csv" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--time", "day", "--group", "patient"), "time and group cannot both"),
        (("--cv", 1), "cv must be a whole number of at least 2, got 1"),
        (("--cv", 2, "--test", "t.csv"), "test and cv cannot both"),
        (("--cv", 81), "accepted are 2 to the number of rows"),
        (("--time", "dya"), "did you mean 'day'?"),
        (("--test", "none.csv"), "none.csv"),
        (("--report", "t.csv"), "this is the table itself"),
        (("--report", "t.chainrule"), "the model goes there"),
        (("--report", "none/r.html"), "there is no folder"),
    ],
)
def test_what_cannot_be_held_out_or_reported_is_refused(
    chainrule: Command, tmp_path: Path, options: tuple[object, ...], message: str
) -> None:
    visits(tmp_path / "t.csv")
    ran = chainrule("train", "t.csv", "-t", "ill", "--epochs", 1, *options)
    assert ran.status == 2
    assert message in " ".join(ran.err.replace("│", " ").split())
    assert "bug" not in ran.err
    assert not (tmp_path / "t.chainrule").exists()
