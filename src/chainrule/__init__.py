"""Feed-forward neural networks whose every gradient is an equation.

`import chainrule` loads no room and no third-party package: a public name is imported from its room when
it is first used (PEP 562).

To add a public name, add it in the three places below (the import that type checkers read, `__all__`, and
`_HOMES`), then renew the snapshot: `pytest tests/test_public_names.py --update-snapshots`.
`tests/test_public_names.py` fails when the three disagree.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chainrule.calculus import Derivation, derive
    from chainrule.checking import assert_backward_correct, check_backward, check_derivation, check_gradients
    from chainrule.estimators import MLPClassifier, MLPRegressor, cross_validate, fit_many
    from chainrule.estimators.table_models import Model, train_table
    from chainrule.export import ModelFileError, load_model
    from chainrule.expressions.own import activation, loss
    from chainrule.network import SGD, Adam, AdamW, Dense, Network, Penalty

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Dense",
    "Derivation",
    "MLPClassifier",
    "MLPRegressor",
    "Model",
    "ModelFileError",
    "Network",
    "Penalty",
    "__version__",
    "activation",
    "assert_backward_correct",
    "check_backward",
    "check_derivation",
    "check_gradients",
    "cross_validate",
    "derive",
    "fit_many",
    "load_model",
    "loss",
    "train_table",
]

# public name → the module that defines it
_HOMES: Final[dict[str, str]] = {
    "Network": "chainrule.network",
    "Dense": "chainrule.network",
    "Penalty": "chainrule.network",
    "SGD": "chainrule.network",
    "Adam": "chainrule.network",
    "AdamW": "chainrule.network",
    "activation": "chainrule.expressions.own",
    "loss": "chainrule.expressions.own",
    "derive": "chainrule.calculus",
    "Derivation": "chainrule.calculus",
    "MLPClassifier": "chainrule.estimators",
    "MLPRegressor": "chainrule.estimators",
    "fit_many": "chainrule.estimators",
    "cross_validate": "chainrule.estimators",
    "check_gradients": "chainrule.checking",
    "check_backward": "chainrule.checking",
    "check_derivation": "chainrule.checking",
    "assert_backward_correct": "chainrule.checking",
    "Model": "chainrule.estimators.table_models",
    "train_table": "chainrule.estimators.table_models",
    "ModelFileError": "chainrule.export",
    "load_model": "chainrule.export",
}


if not TYPE_CHECKING:  # hidden from type checkers, which would otherwise accept every misspelt name

    def __getattr__(name: str) -> object:
        """Import a public name from its room on first use, and keep it."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
        value = getattr(import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
