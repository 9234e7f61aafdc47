"""From a table to a model: parts, baselines, reproducibility, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
)

import chainrule as cr
from chainrule.estimators.table_models import TableTraining, TrainingSettings
from chainrule.estimators.table_models.baselines import linear_outputs
from chainrule.estimators.table_models.scores import class_scores, number_scores
from chainrule.tables import TableError, read_table
from chainrule.tables.splitting import held_out

BREAST_CANCER, IRIS, DIABETES = "breast_cancer.csv", "iris.csv", "diabetes.csv"


@pytest.fixture(scope="module")
def examples(repository: Path) -> Path:
    return repository / "examples"


def frame(n: int = 60, **columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"x": range(n), "y": [str(k % 2) + "!" for k in range(n)], **columns})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_breast_cancer_is_learnt(examples: Path, seed: int) -> None:
    model = cr.train_table(examples / BREAST_CANCER, "diagnosis", seed=seed)
    scores = model.training.scores
    assert scores["network"]["accuracy"] >= 0.95
    assert scores["network"]["auc"] > 0.98
    assert scores["majority class"]["accuracy"] == pytest.approx(72 / 114)
    assert scores["majority class"]["auc"] == 0.5
    assert scores["linear model"]["accuracy"] >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_diabetes_is_learnt_about_as_well_as_by_a_linear_model(examples: Path, seed: int) -> None:
    scores = cr.train_table(examples / DIABETES, "progression", seed=seed).training.scores
    assert scores["network"]["r2"] > scores["linear model"]["r2"] - 0.04
    assert abs(scores["mean"]["r2"]) < 0.05
    assert scores["network"]["rmse"] < scores["mean"]["rmse"]


@pytest.mark.slow
def test_what_a_line_cannot_learn_is_learnt() -> None:
    rng = np.random.default_rng(0)
    x, z = rng.uniform(-1, 1, 800), rng.uniform(-1, 1, 800)
    data = pl.DataFrame({"x": x, "z": z, "product": 10 * x * z + 500})
    model = cr.train_table(data, "product", epochs=100, learning_rate=0.01)
    scores = model.training.scores
    assert scores["network"]["r2"] > 0.97
    assert scores["linear model"]["r2"] < 0.1
    assert model.predict(pl.DataFrame({"x": [0.9], "z": [-0.9]}))[0] == pytest.approx(500 - 8.1, abs=1)


def test_scores_are_of_the_rows_that_were_held_out(examples: Path) -> None:
    """A model that is scored again on these rows, and on those only, has the same scores."""
    table = read_table(examples / IRIS)
    model = cr.train_table(table, "species", epochs=20)
    split = held_out(table, "species")
    assert model.training.rows == {"training": 102, "validation": 18, "held_out": len(split.test)}
    assert model.score(table.rows(split.test)) == model.training.scores["network"]
    assert model.plan.n_rows == len(split.train)


def test_same_seed_same_model_to_the_bit(examples: Path) -> None:
    first, second, other = (cr.train_table(examples / IRIS, "species", epochs=5, seed=seed) for seed in (1, 1, 2))
    assert first.training == second.training
    assert all((first.parameters[name] == second.parameters[name]).all() for name in first.parameters)
    assert any((first.parameters[name] != other.parameters[name]).any() for name in first.parameters)


def test_engines_agree(examples: Path) -> None:
    table = read_table(examples / IRIS)
    jit, reference = (cr.train_table(table, "species", epochs=5, engine=name) for name in ("jit", "reference"))
    np.testing.assert_allclose(jit.predict_proba(table), reference.predict_proba(table), atol=1e-4)
    assert jit.training.settings["engine"] == "jit"


def test_validation_keeps_the_best_epoch() -> None:
    data = frame(200, noise=np.random.default_rng(0).normal(size=200))
    model = cr.train_table(data, "y", hidden=(64,), epochs=200, learning_rate=0.02, patience=5)
    history = model.training.history
    assert history.stopped == "converged"
    assert history.epochs == history.best_epoch + 6
    assert history.best_epoch == 1 + int(np.argmax(history.validation))


def test_a_small_table_has_no_validation_part() -> None:
    model = cr.train_table(frame(20), "y", epochs=3)
    assert model.training.rows == {"training": 16, "validation": 0, "held_out": 4}
    assert model.training.history.validation == []
    assert "only 4 rows held out: the scores are rough" in model.training.notes


def test_hidden_layers_are_as_asked() -> None:
    model = cr.train_table(frame(), "y", hidden=(7, 3), activation="tanh", epochs=1)
    assert str(model.network) == "1 -> 7 tanh -> 3 tanh -> 1 sigmoid"
    assert str(cr.train_table(frame(), "y", hidden=(), epochs=1).network) == "1 -> 1 sigmoid"
    assert model.training.settings["hidden"] == [7, 3]


def test_columns_are_chosen() -> None:
    data = frame(60, z=range(60), day=range(100, 160))
    assert cr.train_table(data, "y", drop=["x"], epochs=1).plan.feature_names == ("z", "day")
    assert cr.train_table(data, "y", features=["x"], epochs=1).plan.feature_names == ("x",)


def test_numbers_can_be_classes() -> None:
    data = pl.DataFrame({"x": range(90), "y": [k // 30 for k in range(90)]})
    classes = cr.train_table(data, "y", epochs=1)
    assert (classes.task, classes.classes) == ("classification", (0, 1, 2))
    assert any("are taken for classes" in note for note in classes.training.notes)
    numbers = cr.train_table(data, "y", task="regression", epochs=1)
    assert (numbers.task, numbers.classes) == ("regression", ())
    with pytest.raises(ValueError, match="'y' is a number: there are no probabilities"):
        numbers.predict_proba(data)


def test_predictions_are_the_likeliest_classes(examples: Path) -> None:
    table = read_table(examples / IRIS)
    model = cr.train_table(table, "species", epochs=30)
    P = model.predict_proba(table)
    assert P.shape == (150, 3)
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(np.array(model.classes)[P.argmax(axis=1)], model.predict(table))
    two = cr.train_table(frame(), "y", epochs=3).predict_proba(frame())
    np.testing.assert_allclose(two.sum(axis=1), 1)


def test_the_target_is_not_needed_to_predict() -> None:
    model = cr.train_table(frame(), "y", epochs=1)
    np.testing.assert_array_equal(model.predict(frame().drop("y")), model.predict(frame()))


def test_rows_without_a_target_are_passed_over() -> None:
    data = frame(60).with_columns(y=pl.when(pl.col("x") < 50).then("y"))
    model = cr.train_table(data, "y", epochs=1)
    assert sum(model.training.rows.values()) == 50
    assert "10 rows without a target are passed over" in model.training.notes


def test_a_callback_stops() -> None:
    seen: list[int] = []

    def third(history: Any) -> bool:
        seen.append(history.epochs)
        return history.epochs == 3

    history = cr.train_table(frame(), "y", on_epoch=third).training.history
    assert (seen, history.epochs, history.stopped) == ([1, 2, 3], 3, "callback")


def test_what_diverges_keeps_the_last_finite_weights(tmp_path: Path) -> None:
    data = pl.DataFrame({"x": [float(k) for k in range(100)], "y": [float(k * k) for k in range(100)]})
    model = cr.train_table(data, "y", learning_rate=1e30, epochs=20)
    assert model.training.history.stopped == "diverged"
    assert "Lower the learning rate" in model.training.history.message
    assert all(np.isfinite(value).all() for value in model.parameters.values())
    model.save(tmp_path / "m")
    assert cr.load_model(tmp_path / "m").training.history.stopped == "diverged"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"task": "regresion"}, "task='regresion'; accepted are 'classification', 'regression'"),
    ({"hidden": (0,)}, "hidden must be whole numbers of at least 1, got 0"),
    ({"hidden": "64"}, "hidden must be the widths"),
    ({"hidden": 64}, "hidden must be the widths"),
    ({"activation": "rellu"}, "did you mean"),
    ({"activation": "softmax"}, "output layer"),
    ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
    ({"epochs": 2.5}, "epochs must be a whole number"),
    ({"batch_size": 0}, "batch_size must be"),
    ({"learning_rate": 0.0}, "learning_rate must be a number above 0"),
    ({"learning_rate": float("nan")}, "learning_rate must be a number above 0"),
    ({"weight_decay": -1}, "weight_decay must be"),
    ({"test_size": 1}, "test_size must be a share between 0 and 1"),
    ({"seed": -1}, "seed must be"),
    ({"seed": 2**32}, "seed must be below"),
    ({"engine": "jitt"}, "engine must be one of auto, jit, reference.*did you mean 'jit'"),
    ({"drop": ["xx"]}, "no column 'xx'"),
    ({"features": ["y"]}, "target is named among features"),
    ({"target": "z"}, "no column 'z'"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_bad_arguments_are_refused_by_name(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cr.train_table(frame(), **({"target": "y"} | arguments))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (frame().with_columns(y=pl.lit("a")), "one class is nothing to learn"),
        (frame().with_columns(y=pl.lit(None, dtype=pl.String)), "0 rows with a target"),
        (frame().with_columns(y=pl.col("x").cast(pl.String) + "th"), "60 different values in 60 rows"),
        (frame(1), "1 rows with a target"),
        (frame().with_columns(x=pl.lit(1)), "no column is left to learn from"),
        (
            pl.DataFrame({"x": range(4004), "y": [f"class {k % 1001}" for k in range(4004)]}),
            "1001 classes; at most 1000",
        ),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused(data: pl.DataFrame, message: str) -> None:
    with pytest.raises(TableError, match=message):
        cr.train_table(data, "y")


def test_models_whose_parts_do_not_fit_cannot_be_made() -> None:
    model = cr.train_table(frame(), "y", hidden=(4,), epochs=1)
    wide = cr.Network.parse("2 -> 4 relu -> 1 sigmoid", loss="bce")
    with pytest.raises(ValueError, match="plan prepares 1 inputs, but network has 2"):
        cr.Model(wide, model.parameters, model.plan, model.training)
    with pytest.raises(ValueError, match="W1 should have shape"):
        cr.Model(model.network, {**model.parameters, "W1": np.zeros((2, 4), np.float32)}, model.plan, model.training)


def test_a_model_cannot_be_changed_through_its_parameters() -> None:
    model = cr.train_table(frame(), "y", epochs=1)
    with pytest.raises(TypeError):
        model.parameters["W1"] = np.zeros(1)  # type: ignore[index]


def test_scores_of_classes_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    P, y = rng.dirichlet(np.ones(4), 50), rng.integers(0, 4, 50)
    scores = class_scores(y, P)
    assert scores["accuracy"] == pytest.approx(accuracy_score(y, P.argmax(1)))
    assert scores["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(y, P.argmax(1)))
    assert scores["log_loss"] == pytest.approx(log_loss(y, P, labels=range(4)))
    assert scores["auc"] == pytest.approx(roc_auc_score(y, P, multi_class="ovr"))
    two = class_scores((y > 1).astype(int), P[:, :2] / P[:, :2].sum(axis=1, keepdims=True))
    assert two["auc"] == pytest.approx(roc_auc_score(y > 1, P[:, 1] / P[:, :2].sum(axis=1)))
    assert "auc" not in class_scores(np.minimum(y, 2), P)


def test_a_class_unknown_in_training_counts_as_wrong() -> None:
    scores = class_scores([0, 1, -1, -1], [[0.9, 0.1], [0.2, 0.8], [0.9, 0.1], [0.1, 0.9]])
    assert scores["accuracy"] == 0.5
    assert scores["log_loss"] == pytest.approx(-(np.log(0.9) + np.log(0.8)) / 2)


def test_scores_of_numbers_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    y, predicted = rng.normal(size=50), rng.normal(size=50)
    scores = number_scores(y, predicted)
    assert scores["r2"] == pytest.approx(r2_score(y, predicted))
    assert scores["mae"] == pytest.approx(mean_absolute_error(y, predicted))
    assert "r2" not in number_scores([1.0, 1.0], [1.0, 2.0])


def test_the_linear_model_learns_from_a_part_when_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.estimators.table_models.baselines._LINEAR_NUMBERS", 1)
    X = np.arange(3000.0)[:, None] / 3000
    outputs, n_rows = linear_outputs(X, 2 * X[:, 0], None, X[:5], seed=0)
    assert n_rows == 1000
    np.testing.assert_allclose(outputs, 2 * X[:5, 0], atol=0.05)
    probabilities, _ = linear_outputs(X, np.where(X[:, 0] > 0.5, 2, 0), 3, X[[0, 2999]], seed=0)
    assert probabilities.argmax(axis=1).tolist() == [0, 2]
    assert probabilities[:, 1].tolist() == [0, 0]


def test_what_is_decided_is_known_before_training(examples: Path) -> None:
    training = TableTraining.prepare(examples / DIABETES, "progression", settings=TrainingSettings(hidden=(16,)))
    assert str(training.network) == "10 -> 16 relu -> 1 identity"
    assert sum(training.rows.values()) == 442
    assert training.batch_size == 16
