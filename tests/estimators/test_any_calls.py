"""Any sequence of valid and invalid calls: no crash, and never an estimator that is half fitted."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sklearn.base import clone

from chainrule import MLPClassifier, MLPRegressor

rng = np.random.default_rng(0)
ROWS = 24
X = rng.normal(size=(ROWS, 3))
READ_ONLY = X.copy()
READ_ONLY.flags.writeable = False

INPUTS = {
    "plain": X,
    "float32": X.astype(np.float32),
    "fewer rows": X[:7],
    "one row": X[:1],
    "four features": np.hstack([X, X[:, :1]]),
    "sparse": scipy.sparse.csr_matrix(X * (X > 0)),
    "every other": np.repeat(X, 2, axis=0)[::2],
    "column-major": np.asfortranarray(X),
    "read-only": READ_ONLY,
    "list": X.tolist(),
    "huge": X * 1e300,
    "NaN": np.where(X > 1, np.nan, X),
    "infinite": np.where(X > 1, np.inf, X),
    "no rows": X[:0],
    "one axis": X[:, 0],
    "words": np.full((ROWS, 3), "a"),
    "objects": np.array([[object()] * 3] * ROWS),
    "none": None,
}
LABELS = {
    "two": np.arange(ROWS) % 2,
    "three": np.arange(ROWS) % 3,
    "words": np.array(["a", "b"])[np.arange(ROWS) % 2],
    "several labels": np.stack([np.arange(ROWS) % 2, np.arange(ROWS) // 2 % 2], axis=1),
    "several targets": np.stack([np.arange(ROWS) % 3, np.arange(ROWS) % 4], axis=1),
    "numbers": rng.normal(size=ROWS),
    "several numbers": rng.normal(size=(ROWS, 2)),
    "constant": np.ones(ROWS),
    "NaN": np.full(ROWS, np.nan),
    "too large": np.full(ROWS, 2**63 - 1, dtype=np.uint64) + np.arange(ROWS, dtype=np.uint64),
    "too few": np.arange(5),
    "none": None,
}
WEIGHTS = {"none": None, "some": rng.uniform(size=ROWS), "zeros": np.zeros(ROWS), "negative": -np.ones(ROWS),
           "too few": np.ones(3), "NaN": np.full(ROWS, np.nan)}  # fmt: skip
SETTINGS = [
    {"hidden_layer_sizes": (4,)}, {"hidden_layer_sizes": (3, 2)}, {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (0,)}, {"activation": "tanh"}, {"activation": ["relu", "tanh"]}, {"activation": "rely"},
    {"solver": "sgd"}, {"solver": "adam"}, {"solver": "lbfgs"}, {"solver": "gauss"}, {"momentum": 1.0},
    {"learning_rate_init": 1e15}, {"learning_rate_init": 1e-3}, {"warm_start": True}, {"warm_start": False},
    {"early_stopping": True}, {"early_stopping": False}, {"dropout": 0.5}, {"dropout": 2.0}, {"dropout": 0.0},
    {"batch_size": 5}, {"batch_size": 10**9}, {"batch_size": "auto"}, {"dtype": "float32"}, {"dtype": None},
    {"loss": "focal"}, {"loss": "log_loss"}, {"loss": "quantile(0.2, 0.8)"}, {"loss": "squared_error"}, {"loss": 3},
    {"average": 0.9}, {"average": None}, {"max_grad_norm": 1.0}, {"max_grad_norm": None}, {"alpha": np.inf},
    {"alpha": 0.1}, {"callbacks": [None]}, {"callbacks": ()}, {"n_threads": 2}, {"n_threads": 1}, {"tol": np.nan},
    {"monitor": "val_loss"}, {"monitor": None}, {"schedule": "cosine"}, {"schedule": lambda step: np.nan},
    {"schedule": None},
]  # fmt: skip
inputs, labels, weights = (st.sampled_from(sorted(table)) for table in (INPUTS, LABELS, WEIGHTS))


class AnyCalls(RuleBasedStateMachine):
    """Calls in any order; what fails leaves everything as it was, but a training that diverged keeps finite weights."""

    @initialize(classifies=st.booleans(), engine=st.sampled_from(["jit", "reference", "auto"]))
    def begin(self, classifies, engine):
        kind = MLPClassifier if classifies else MLPRegressor
        self.model = kind((4,), max_iter=2, random_state=0, engine=engine)
        self.diverged = False

    def call(self, method, *arguments, **named):
        before = dict(vars(self.model))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                return getattr(self.model, method)(*arguments, **named)
            except (ValueError, TypeError, AttributeError) as error:
                self.diverged |= "non-finite parameter weights" in str(error)
                now = vars(self.model)
                assert self.diverged or (now.keys() == before.keys() and all(now[k] is before[k] for k in before))
                return None

    @rule(values=st.sampled_from(SETTINGS))
    def set_params(self, values):
        self.call("set_params", **values)

    @rule(inputs=inputs, labels=labels, weight=weights)
    def fit(self, inputs, labels, weight):
        self.diverged = False
        self.call("fit", INPUTS[inputs], LABELS[labels], WEIGHTS[weight])

    @rule(labels=labels)
    def fit_what_fits(self, labels):
        self.diverged = False
        self.call("fit", X, LABELS[labels])

    @rule(labels=labels, held_out=inputs)
    def fit_with_held_out_data(self, labels, held_out):
        self.call("fit", X, LABELS[labels], X_val=INPUTS[held_out], y_val=LABELS[labels])

    @rule(inputs=inputs, labels=labels)
    def partial_fit(self, inputs, labels):
        named = {"classes": [0, 1, 2]} if isinstance(self.model, MLPClassifier) else {}
        self.call("partial_fit", INPUTS[inputs], LABELS[labels], **named)

    @rule(inputs=inputs)
    def predict(self, inputs):
        self.call("predict", INPUTS[inputs])

    @rule(inputs=inputs, labels=labels, weight=weights)
    def score(self, inputs, labels, weight):
        self.call("score", INPUTS[inputs], LABELS[labels], WEIGHTS[weight])

    @rule(inputs=inputs, labels=labels)
    def explain(self, inputs, labels):
        report = self.call("explain_training", INPUTS[inputs], LABELS[labels])
        assert report is None or "parameters" in str(report)

    @rule()
    def copy(self):
        self.model = pickle.loads(pickle.dumps(self.model)) if not self.has_function else self.model  # noqa: S301

    @rule()
    def begin_anew(self):
        self.model = clone(self.model)

    @property
    def has_function(self):
        return callable(self.model.schedule)

    @invariant()
    @precondition(lambda self: hasattr(self, "model"))
    def whole(self):
        model = self.model
        if not hasattr(model, "coefs_"):
            assert not [name for name in vars(model) if name.endswith("_")]
            return
        assert [W.shape for W in model.coefs_] == [
            model.network_.parameter_shapes[f"W{number}"] for number in range(1, model.n_layers_)
        ]
        assert all(np.isfinite(array).all() for array in [*model.coefs_, *model.intercepts_])
        if self.diverged:  # weights are finite, but may be so large that a prediction is not
            return
        rows = np.zeros((10, model.n_features_in_), model.coefs_[0].dtype)
        assert np.isfinite(model._outputs(rows)).all()
        assert len(model.predict(rows)) == 10


AnyCalls.TestCase.settings = settings(max_examples=200, stateful_step_count=20, deadline=None)
test_any_calls = pytest.mark.slow(AnyCalls.TestCase)
