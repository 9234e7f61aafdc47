"""The one-page report of a training: its numbers, and the advice for trainings that went wrong in known ways."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators.curves import sparkline, svg
from chainrule.estimators.diagram import svg_diagram, text_diagram

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 4))
Y = (X[:, 0] + 0.5 * rng.normal(size=120) > 0).astype(int)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_numbers_of_the_layers():
    clf = MLPClassifier((6, 3), activation=["relu", "tanh"], alpha=0.3, max_iter=5, random_state=0).fit(X, Y)
    report = clf.explain_training(X, Y)
    first, second, last = report.layers
    assert [layer.parameters for layer in report.layers] == [4 * 6 + 6, 6 * 3 + 3, 3 + 1]
    trace = clf.network_.trace(clf._parameters(), X, Y[:, None].astype(float))
    for layer in report.layers:
        assert layer.gradient_norm == pytest.approx(np.linalg.norm(trace[f"dW{layer.number}"]))
        assert layer.weight_norm == pytest.approx(np.linalg.norm(clf.coefs_[layer.number - 1]))
    assert first.dead == (trace["A1"] == 0).all(axis=0).mean()
    assert second.saturated == pytest.approx((np.abs(trace["A2"]) > 0.98).mean())
    assert first.saturated is second.dead is last.dead is last.saturated is None


def test_as_text_and_as_html():
    clf = MLPClassifier((5,), max_iter=30, random_state=0).fit(X, Y, X_val=X, y_val=Y)
    report = clf.explain_training(X, Y)
    text, page = str(report), report._repr_html_()
    for part in ("4 -> 5 relu -> 1 sigmoid", "31 parameters", "What to try next", "training loss", "held-out score"):
        assert part in text
        assert part.replace("->", "-&gt;") in page
    assert f"best held-out epoch was {clf.history_.best_epoch}" in text
    assert "│ 4 inputs │──▶│ 5 relu │──▶│ 1 sigmoid │" in text
    assert page.count("<svg") == 4
    diagram = ET.fromstring(svg_diagram(clf.network_))  # noqa: S314 - our own
    words = ["4 inputs", "5", "relu", "1", "sigmoid", "4×5", "5×1"]
    assert [node.text for node in diagram.iter("text")] == words
    assert max(map(len, text.splitlines())) < 200


def test_a_deep_network_is_drawn_in_rows():
    clf = MLPClassifier((7,) * 12, max_iter=1, dropout=0.25).fit(X, Y)
    lines = text_diagram(clf.network_)
    assert max(map(len, lines)) <= 103
    assert " ".join(lines).count("│ 7 relu dropout 0.25 │") == 12
    assert " ".join(lines).count("──▶") >= 13


def test_without_data():
    report = MLPClassifier((5,), max_iter=3).fit(X, Y).explain_training()
    assert report.layers[0].gradient_norm is None
    assert "parameters" in str(report)


def test_after_lbfgs():
    text = str(
        MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=2000, alpha=1.0).fit(X, Y).explain_training(X, Y)
    )
    assert "L-BFGS ended" in text


def test_with_many_rows_and_weights_and_sparse_data():
    import scipy.sparse

    wide, labels = np.tile(X, (30, 1)), np.tile(Y, 30)
    clf = MLPClassifier((3,), max_iter=1).fit(wide, labels, sample_weight=np.ones(3600))
    assert clf.explain_training(wide, labels, np.ones(3600)).layers[0].gradient_norm > 0
    assert clf.explain_training(scipy.sparse.csr_matrix(wide), labels).layers[0].dead is not None


def advice(model, *data):
    return " ".join(model.explain_training(*data).advice)


def dead():
    clf = MLPClassifier((8,), max_iter=1).fit(X, Y)
    clf.intercepts_[0][:6] = -100
    return advice(clf, X, Y)


def saturated():
    return advice(MLPClassifier((8,), activation="tanh", max_iter=1, random_state=0).fit(X, Y), 1000 * X, Y)


def diverged():
    model = MLPRegressor(solver="sgd", activation="identity", learning_rate_init=10.0, max_iter=50, random_state=0)
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X, Y)
    return advice(model)


def overfits():
    noise = np.random.default_rng(0).integers(0, 2, 120)
    model = MLPClassifier(
        (200,), learning_rate_init=0.02, max_iter=60, monitor="val_loss", patience=100, random_state=0
    )
    return advice(model.fit(X[:60], noise[:60], X_val=X[60:], y_val=noise[60:]))


ADVICE = {
    "dead": (dead, "75% of the ReLUs of a layer are dead"),
    "saturated": (saturated, "outputs are saturated"),
    "diverged": (diverged, "divide learning_rate_init by 10"),
    "overfits": (overfits, "held-out loss rises"),
    "unscaled": (
        lambda: advice(MLPClassifier(random_state=0, max_iter=1).fit(X, Y), X + 1000, Y),
        "use StandardScaler",
    ),
    "unfinished": (lambda: advice(MLPClassifier(random_state=0, max_iter=30).fit(X, Y)), "still falling"),
    "unwatched": (lambda: advice(MLPClassifier(random_state=0, max_iter=3).fit(X, Y)), "No data were held out"),
    "noisy": (
        lambda: advice(MLPRegressor(random_state=0, learning_rate_init=0.3, batch_size=2, tol=0).fit(X, Y)),
        "up as often as down",
    ),
    "nothing": (
        lambda: advice(MLPClassifier((4,), random_state=0, max_iter=500, tol=1e-3).fit(X, Y, X_val=X, y_val=Y)),
        "Nothing stands out",
    ),
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow if case == "noisy" else ()) for case in ADVICE]
)
def test_advice(case):
    make, expected = ADVICE[case]
    assert expected in make()


def test_good_trainings_are_not_given_the_advice_of_bad_ones():
    said = advice(MLPClassifier((4,), max_iter=500, tol=1e-3, random_state=0).fit(X, Y, X_val=X, y_val=Y), X, Y)
    assert not any(words in said for words in ("dead", "saturated", "diverged", "StandardScaler", "rises"))


def test_small_pictures():
    assert sparkline([1.0, float("nan"), 0.0]) == "█ ▁"
    assert len(sparkline(range(1000))) == 60
    assert svg([1.0, 1.0]).startswith("<svg")
    assert sparkline([float("inf")]) == " "


def test_plot():
    pytest.importorskip("matplotlib")
    figure = MLPClassifier((3,), max_iter=4, early_stopping=True).fit(X, Y).explain_training().plot()
    assert len(figure.axes) == 2
    bars = MLPClassifier((3,), max_iter=4).fit(X, Y).explain_training(X, Y).plot().axes[-1]
    assert len(bars.patches) == 2


def test_not_fitted():
    with pytest.raises(ValueError, match="not fitted"):
        MLPClassifier().explain_training()
