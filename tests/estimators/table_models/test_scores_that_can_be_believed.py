"""Which rows the scores are of: a test table, the latest rows, whole groups, folds; and what is said about them."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule.estimators.table_models import TableTraining, TrainingSettings
from chainrule.estimators.table_models.assessment import Assessment, pooled
from chainrule.estimators.table_models.calibration import calibration_error, reliability
from chainrule.tables import TableError

QUICK = TrainingSettings(epochs=2, hidden=(4,))


def patients(n: int = 120) -> pl.DataFrame:
    """Rows of 12 patients over time; x tells the class but for every tenth row."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    sick = np.where(np.arange(n) % 10 == 0, x < 0, x > 0)
    return pl.DataFrame({"x": x, "patient": np.arange(n) % 12, "day": rng.permutation(n), "sick": sick})


def prepared(data: Any = None, **asked: Any) -> TableTraining:
    return TableTraining.prepare(patients() if data is None else data, "sick", settings=QUICK, **asked)


def test_a_test_table_is_all_that_is_scored() -> None:
    data = patients()
    training = prepared(data[:80], test=data[80:])
    assert training.rows == {"training": 68, "validation": 12, "held_out": 40}
    assert training.plan.n_rows == 80
    model = training.run()
    assert model.training.scores["network"] == model.score(data[80:])
    assert model.training.settings["scored_on"] == "40 rows of the data frame"


def test_a_test_file_is_read(tmp_path: Path) -> None:
    data = patients()
    data[80:].write_csv(tmp_path / "later.csv")
    data[:80].write_csv(tmp_path / "now.csv")
    model = cr.train_table(tmp_path / "now.csv", "sick", test=tmp_path / "later.csv", epochs=1)
    assert model.training.settings["test"].endswith("later.csv")
    assert model.training.rows["held_out"] == 40


def test_in_time_the_later_rows_are_held_out_and_stop_the_training() -> None:
    training = prepared(time="day")
    days = [part.frame["day"] for part in (training.learning, training.validation, training.held_out) if part]
    assert days[0].max() < days[1].min()
    assert days[1].max() < days[2].min()
    assert training.scoring.described(24) == "the latest 24 rows by 'day'"


def test_groups_stay_together_and_are_no_input() -> None:
    training = prepared(group="patient")
    parts = [set(part.frame["patient"]) for part in (training.learning, training.validation, training.held_out) if part]
    assert len(parts) == 3
    assert sum(map(len, parts)) == len(set.union(*parts)) == 12
    assert training.plan.feature_names == ("x", "day")
    assert "patient: left out, because the groups to come are others" in training.notes
    assert "patient" in prepared(group="patient", features=["x", "patient"]).plan.feature_names


def test_two_groups_are_enough() -> None:
    """One to learn from, one to score; the validation part is drawn at random."""
    data = patients().with_columns(patient=pl.int_range(120) // 60)
    training = prepared(data, group="patient")
    assert training.rows == {"training": 51, "validation": 9, "held_out": 60}


def test_cross_validation_scores_every_row_once_by_models_that_have_not_seen_it() -> None:
    training = prepared(cv=4)
    model, assessment = training.run_and_assess()
    assert sorted(assessment.rows) == list(range(120))
    np.testing.assert_array_equal(assessment.truth, patients()["sick"].to_numpy()[assessment.rows])
    assert len(model.training.folds) == 4
    assert model.training.rows == {"training": 102, "validation": 18, "held_out": 120}
    accuracies = [fold["accuracy"] for fold in model.training.folds]
    assert np.mean(accuracies) == pytest.approx(model.training.scores["network"]["accuracy"])
    assert model.plan.n_rows == 120
    first = training.folds[0]
    alone = prepared(patients()[first.train.tolist()], test=patients()[first.test.tolist()]).run()
    assert alone.training.scores["network"]["accuracy"] == pytest.approx(accuracies[0])


def test_who_ends_a_fold_ends_it_all_and_who_ends_the_last_training_keeps_it() -> None:
    def at(number: int) -> Any:
        """Ctrl-C in the training of that number."""
        begun = 0

        def on_epoch(history: Any) -> None:
            nonlocal begun
            begun += history.epochs == 1
            if begun == number:
                raise KeyboardInterrupt

        return on_epoch

    with pytest.raises(KeyboardInterrupt):
        prepared(cv=2).run(at(2))
    model = prepared(cv=2).run(at(3))
    assert model.training.history.stopped == "interrupted"
    assert len(model.training.folds) == 2


def test_folds_travel_with_the_model(tmp_path: Path) -> None:
    model = prepared(cv=2).run()
    model.save(tmp_path / "m")
    assert cr.load_model(tmp_path / "m").training == model.training


def test_folds_in_time_and_of_groups() -> None:
    data = patients()
    in_time = prepared(data, cv=3, time="day")
    assert all(data["day"][f.train.tolist()].max() < data["day"][f.test.tolist()].min() for f in in_time.folds)
    grouped = prepared(data, cv=3, group="patient")
    assert all(
        not set(data["patient"][f.train.tolist()]) & set(data["patient"][f.test.tolist()]) for f in grouped.folds
    )
    assert grouped.scoring.described(120) == "120 rows, each held out once in 3 folds by 'patient'"


def test_a_number_is_scored_over_folds_in_its_own_unit() -> None:
    data = pl.DataFrame({"x": np.arange(100.0), "y": 1000 + 5 * np.arange(100.0)})
    model, assessment = TableTraining.prepare(data, "y", cv=2, settings=TrainingSettings(epochs=1)).run_and_assess()
    assert sorted(assessment.truth) == data["y"].to_list()
    assert model.training.scores["linear model"]["r2"] > 0.99


def test_a_class_that_a_fold_lacks_has_no_probability_there() -> None:
    part = Assessment(np.array([0]), np.array([1]), {"network": np.array([[0.3, 0.7]])}, ("a", "c"))
    whole = pooled([part], np.array([2]), ("a", "b", "c"))
    assert whole.outputs["network"].tolist() == [[0.3, 0.0, 0.7]]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"time": "day", "group": "patient"}, "time and group cannot both"),
        ({"test": patients(), "cv": 3}, "test and cv cannot both"),
        ({"cv": 1}, "cv must be a whole number of at least 2, got 1"),
        ({"cv": 2.5}, "cv must be a whole number"),
        ({"cv": 500}, "folds of 120 rows"),
        ({"time": "dya"}, "no column 'dya'.*did you mean 'day'"),
        ({"group": "ward"}, "no column 'ward'"),
        ({"time": "sick"}, "sick"),
        ({"test": patients().drop("sick")}, "no column 'sick'"),
        ({"test": patients().with_columns(sick=None)}, "no row has a target"),
    ],
)
def test_what_cannot_be_scored_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        prepared(**asked)


def test_a_test_table_that_lacks_an_input_is_refused() -> None:
    with pytest.raises(TableError, match="missing column 'x'"):
        prepared(test=patients().drop("x")).run()


def test_a_class_that_only_the_test_table_has_is_wrong() -> None:
    data = patients().with_columns(sick=pl.when("sick").then(pl.lit("yes")).otherwise(pl.lit("no")))
    other = data[:10].with_columns(sick=pl.lit("maybe"))
    model, assessment = prepared(data, test=other).run_and_assess()
    assert model.training.scores["network"]["accuracy"] == 0
    assert assessment.confusion.sum() == 0
    assert "log_loss" not in model.training.scores["network"]


def test_what_should_be_noticed_is_said() -> None:
    data = patients(200)
    data = data.with_columns(copy=pl.when("sick").then(pl.lit("s")).otherwise(pl.lit("h")))
    notes = " | ".join(prepared(data).notes)
    assert "copy: tells the target exactly (a copy of it?)" in notes
    rare = pl.DataFrame({"x": range(300), "sick": [k % 30 == 0 for k in range(300)]})
    assert "the classes are uneven" in " | ".join(prepared(rare).notes)
    gaps = data.with_columns(sick=pl.when(pl.col("x") > -1).then("sick"))
    assert "rows without a target are passed over" in " | ".join(prepared(gaps).notes)
    numbers = pl.DataFrame({"x": np.random.default_rng(0).normal(size=60)}).with_columns(sick=3 * pl.col("x") + 1)
    assert "x: tells the target exactly" in " | ".join(prepared(numbers).notes)


def test_confusion_counts_true_by_predicted() -> None:
    said = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.3, 0.7]])
    found = Assessment(np.arange(4), np.array([0, 0, 1, -1]), {"network": said}, ("no", "yes"))
    assert found.confusion.tolist() == [[1, 1], [1, 0]]
    assert found.worst(3).tolist() == [3, 2, 1]


def test_the_worst_numbers_are_furthest_from_the_truth() -> None:
    found = Assessment(np.arange(3), np.array([1.0, 2.0, 3.0]), {"network": np.array([1.5, 2.0, 0.0])})
    assert found.worst(2).tolist() == [2, 0]


def test_calibration_of_what_is_known() -> None:
    """Probabilities that hold have no error; all the same and wrong, they are off by the difference."""
    rng = np.random.default_rng(0)
    p = rng.uniform(size=20_000)
    y = (rng.uniform(size=20_000) < p).astype(int)
    assert calibration_error(y, np.column_stack([1 - p, p])) < 0.02
    overconfident = np.where(p > 0.5, 0.99, 0.01)
    assert calibration_error(y, np.column_stack([1 - overconfident, overconfident])) == pytest.approx(0.24, abs=0.02)
    points = reliability(y, np.column_stack([1 - p, p]))
    assert len(points) == 10
    assert sum(point.n_rows for point in points) == 20_000
    np.testing.assert_allclose([point.predicted for point in points], np.arange(0.05, 1, 0.1), atol=0.01)


def test_calibration_of_more_classes_is_that_of_the_likeliest() -> None:
    P = np.array([[0.6, 0.3, 0.1], [0.6, 0.2, 0.2]])
    assert calibration_error([0, 1], P) == pytest.approx(0.1)
