"""A fit that was cut off goes on from its checkpoint as if it had never stopped, to the bit."""

import itertools
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from chainrule import MLPClassifier, MLPRegressor
from chainrule.training.callbacks import Callback, Checkpoints

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
Y = X @ rng.normal(size=(4, 3)) + 0.2 * rng.normal(size=(60, 3))
CLASSES = Y.argmax(axis=1)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class StopAt(Callback):
    """Ends the process of training as a crash would: by an exception."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, training):
        if training.epoch == self.epoch:
            raise RuntimeError("crash")


def same_fit(one, other):
    assert one.loss_curve_ == other.loss_curve_
    assert one.history_ == other.history_
    assert (one.n_iter_, one.t_, one.loss_) == (other.n_iter_, other.t_, other.loss_)
    for W, V in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert W.tobytes() == V.tobytes()


CASES = {
    "adam": (MLPClassifier, {}),
    "early stopping": (MLPClassifier, {"early_stopping": True, "validation_fraction": 0.3}),
    "sgd, adaptive, dropout": (
        MLPRegressor,
        {"solver": "sgd", "learning_rate": "adaptive", "dropout": 0.3, "tol": 0.05, "n_iter_no_change": 1},
    ),
    "averaged, cosine": (MLPRegressor, {"average": 0.9, "schedule": "cosine", "solver": "adamw"}),
    "no seed": (MLPClassifier, {"random_state": None, "early_stopping": True}),
    "sparse": (MLPClassifier, {"batch_size": 7}),
}


@pytest.mark.parametrize(
    ("engine", "dtype"),
    [
        ("reference", "float64"),
        ("jit", "float32"),
        pytest.param("reference", "float32", marks=pytest.mark.slow),
        pytest.param("jit", "float64", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("case", CASES)
def test_after_a_crash(tmp_path, case, dtype, engine):
    Estimator, more = CASES[case]
    more = more | {"dtype": dtype, "engine": engine}
    path = tmp_path / "fit.checkpoint"
    parameters = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 3, "learning_rate_init": 0.01} | more
    data = scipy.sparse.csr_matrix(X * (X > 0)) if case == "sparse" else X
    y = CLASSES if Estimator is MLPClassifier else Y
    crashing = Estimator(**parameters, callbacks=[StopAt(5), Checkpoints(path)])
    with pytest.raises(RuntimeError, match="crash"):
        crashing.fit(data, y)
    assert not hasattr(crashing, "coefs_")
    resumed = Estimator(**parameters).fit(data, y, resume=path)
    again = Estimator(**parameters).fit(data, y, resume=path)
    same_fit(resumed, again)
    if parameters["random_state"] is not None:
        same_fit(resumed, Estimator(**parameters).fit(data, y))


def test_a_checkpoint_of_a_finished_fit_gives_the_fit(tmp_path):
    path = tmp_path / "fit.checkpoint"
    parameters = {"max_iter": 4, "random_state": 0, "hidden_layer_sizes": (5,)}
    whole = MLPClassifier(**parameters, callbacks=[Checkpoints(path)]).fit(X, CLASSES)
    same_fit(MLPClassifier(**parameters).fit(X, CLASSES, resume=path), whole)


def test_a_fit_may_be_lengthened(tmp_path):
    path = tmp_path / "fit.checkpoint"
    parameters = {"random_state": 0, "hidden_layer_sizes": (5,)}
    MLPClassifier(**parameters, max_iter=4, callbacks=[Checkpoints(path)]).fit(X, CLASSES)
    longer = MLPClassifier(**parameters, max_iter=9).fit(X, CLASSES, resume=path)
    same_fit(longer, MLPClassifier(**parameters, max_iter=9).fit(X, CLASSES))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"hidden_layer_sizes": (7,)}, "network"),
        ({"solver": "adamw"}, "optimiser, solver"),
        ({"learning_rate_init": 0.5}, "schedule"),
        ({"batch_size": 10}, "batch_size"),
        ({"alpha": 0.7}, "network"),
    ],
)
def test_another_training_is_refused(tmp_path, change, named):
    path = tmp_path / "fit.checkpoint"
    parameters = {"random_state": 0, "hidden_layer_sizes": (5,), "max_iter": 2}
    MLPClassifier(**parameters, callbacks=[Checkpoints(path)]).fit(X, CLASSES)
    with pytest.raises(ValueError, match=f"these differ: {named}"):
        MLPClassifier(**(parameters | change)).fit(X, CLASSES, resume=path)
    with pytest.raises(ValueError, match="these differ: data"):
        MLPClassifier(**parameters).fit(X + 1e-9, CLASSES, resume=path)


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "text").write_text("hello", encoding="utf-8")
    with pytest.raises(ValueError, match="is not a checkpoint"):
        MLPClassifier().fit(X, CLASSES, resume=tmp_path / "text")


KILLED = """
import sys, warnings
import numpy as np
from chainrule import MLPClassifier
from chainrule.training.callbacks import Checkpoints
warnings.simplefilter("ignore")
path, resume = sys.argv[1], sys.argv[2] == "resume"
rng = np.random.default_rng(5)
X = rng.normal(size=(400, 8))
y = (X @ rng.normal(size=(8, 3))).argmax(axis=1)
clf = MLPClassifier((20, 10), max_iter=150, random_state=2, tol=0.0, n_iter_no_change=1000, early_stopping=True,
                    dropout=0.1, learning_rate_init=0.003, batch_size=50, engine=sys.argv[3], dtype=sys.argv[4],
                    verbose=True, callbacks=[Checkpoints(path), lambda history: sys.stdin.readline() is None])
clf.fit(X, y, resume=path if resume else None)
np.savez(path + ".npz", *clf.coefs_, *clf.intercepts_, np.array(clf.loss_curve_), np.array(clf.validation_scores_))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "dtype"), [("reference", "float64"), ("jit", "float64"), ("jit", "float32")])
def test_killed_at_ten_random_moments(tmp_path, engine, dtype):
    moments = np.random.default_rng(0)

    def run(name, epochs_to_see=None):
        """Run or resume until it ends; or kill it at some moment after so many epochs. Whether it ended.

        After every epoch it waits for a line, of which it is given one more than epochs that are to be seen: however
        late the signal comes on a busy machine, it has not ended.
        """
        path = tmp_path / name
        arguments = [sys.executable, "-u", "-c", KILLED, str(path), "resume" if path.exists() else "begin"]
        arguments += [engine, dtype]
        with subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL if epochs_to_see is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        ) as process:
            if epochs_to_see is not None:
                process.stdin.write(b"go on\n" * (epochs_to_see + 1))
                process.stdin.flush()
            seen = sum(1 for _ in itertools.islice(process.stdout, epochs_to_see))
            if epochs_to_see is not None:
                assert seen == epochs_to_see
                time.sleep(moments.uniform(0.0, 0.02))  # anywhere in an epoch, or in the writing of a checkpoint
                process.kill()
            process.stdout.read()
        return process.returncode == 0

    assert run("uninterrupted")
    for _ in range(10):
        assert not run("killed", epochs_to_see=int(moments.integers(1, 13)))
    assert run("killed")
    one, other = (np.load(tmp_path / f"{name}.npz") for name in ("uninterrupted", "killed"))
    assert one.files == other.files
    assert all(one[name].tobytes() == other[name].tobytes() for name in one.files)


def test_what_a_callback_ended_goes_on(tmp_path):
    """A time limit, say: whoever resumes wants more."""
    options = {"hidden_layer_sizes": (5,), "max_iter": 12, "random_state": 0, "tol": 0.0}
    whole = MLPClassifier(**options, callbacks=[Checkpoints(tmp_path / "whole")]).fit(X, CLASSES)
    stop = [Checkpoints(tmp_path / "cut"), lambda history: len(history.loss) == 4]
    cut = MLPClassifier(**options, callbacks=stop).fit(X, CLASSES)
    assert (cut.n_iter_, cut.history_.stopped) == (4, "callback")
    same_fit(whole, MLPClassifier(**options).fit(X, CLASSES, resume=tmp_path / "cut"))


def test_partial_fit_calls_no_callbacks(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        clf = MLPClassifier(callbacks=[Checkpoints(tmp_path / "x")])
        clf.partial_fit(X, CLASSES, classes=[0, 1, 2])
    assert not (tmp_path / "x").exists()


def test_lbfgs_cannot_resume(tmp_path):
    path = tmp_path / "fit.checkpoint"
    MLPClassifier(max_iter=1, callbacks=[Checkpoints(path)]).fit(X, CLASSES)
    with pytest.raises(ValueError, match="resume needs a stochastic solver"):
        MLPClassifier(solver="lbfgs").fit(X, CLASSES, resume=path)
