"""A stand-alone script of plain NumPy that trains the network: one line for each equation, the equation beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from itertools import pairwise

from chainrule.calculus import Derivation
from chainrule.calculus.equations import Equation, Part
from chainrule.calculus.forward import parameters, prediction
from chainrule.calculus.updates import Memory, optimiser_memory
from chainrule.expressions.lookup import text_of
from chainrule.network import Network
from chainrule.notation.document.python_terms import Coder, definitions, name_of
from chainrule.notation.naming import Symbols
from chainrule.notation.text import to_text
from chainrule.notation.writing import Writer

WIDTH = 110
COMMENT_AT = 52
HEADINGS: dict[Part, str] = {
    "forward": "forward",
    "cost": "cost",
    "backward": "backward: the chain rule, from the cost to every parameter",
    "update": "update: all at once, from the values before the step",
}
GAPS = {
    "erf": ["erf = np.vectorize(math.erf)", "", ""],
    "erfc": ["erfc = np.vectorize(math.erfc)", "", ""],
    "softmax": [
        "def softmax(z):",
        '    """exp(z) over its sum in every row; shifted by the largest, so that nothing overflows."""',
        "    e = np.exp(z - z.max(axis=1, keepdims=True))",
        "    return e / e.sum(axis=1, keepdims=True)",
        "",
        "",
    ],
    "logsumexp": [
        "def logsumexp(z):",
        '    """log of the sum of exp(z) in every row; shifted by the largest, so that nothing overflows."""',
        "    largest = z.max(axis=1, keepdims=True)",
        "    return np.log(np.exp(z - largest).sum(axis=1)) + largest[:, 0]",
        "",
        "",
    ],
}


def to_python(derivation: Derivation) -> str:
    """The script.

    Parameters
    ----------
    derivation : Derivation

    Returns
    -------
    str
        Python that needs NumPy only; it trains on data of its own when it is run, and offers ``predict``, ``step``
        and ``train`` when it is imported.

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> script = to_python(derive(Network.parse("2 -> 3 tanh -> 1 sigmoid", loss="bce")))
    >>> print(next(line for line in script.splitlines() if "Z1 =" in line).strip())
    Z1 = X @ W1 + b1                            # Z₁ = X W₁ + 𝟏 b₁ᵀ
    """
    network = derivation.network
    coder = Coder(dict(derivation.equations.sizes))
    predict = _predict(derivation, coder)
    step = _step(derivation, coder)
    functions, needed = definitions(coder.calls)
    needed |= coder.needed
    gaps = [line for name, lines in GAPS.items() if name in needed for line in lines]
    lines = [
        *_docstring(derivation),
        "",
        *(["import math", ""] if needed & {"erf", "erfc"} else []),
        "import numpy as np",
        "",
        *_constants(derivation),
        "",
        "",
        *gaps,
        *functions,
        *_start(derivation),
        *predict,
        *step,
        *_train(derivation),
        *_main(network),
    ]
    return "\n".join(lines) + "\n"


def _docstring(derivation: Derivation) -> list[str]:
    network = derivation.network
    shapes = ", ".join(f"{name} {shape}" for name, shape in network.parameter_shapes.items())
    return [
        f'"""Backpropagation in plain NumPy: {network}, {text_of(network.loss)}, {derivation.optimiser.name}.',
        "",
        f"Rows are samples: X (n, {network.n_inputs}), Y (n, {network.widths[-1]}).",
        *_wrapped(f"Parameters: {shapes}."),
        "dZ1 is the derivative of the cost J by Z1, and so on. Every line has its equation beside it.",
        '"""',
    ]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH)


def _constants(derivation: Derivation) -> list[str]:
    return [
        f"{name_of(name)} = np.array({list(value)!r})" if isinstance(value, tuple) else f"{name_of(name)} = {value!r}"
        for name, value in derivation.equations.constants
    ]


def _memory(derivation: Derivation) -> list[Memory]:
    return optimiser_memory(derivation.optimiser, parameters(derivation.network))


def _start(derivation: Derivation) -> list[str]:
    network = derivation.network
    lines = [
        "def initial_parameters(rng):",
        '    """Small random weights, biases 0, and what the optimiser remembers."""',
    ]
    lines.append("    p = {}")
    for number, (n_in, n_out) in enumerate(pairwise(network.widths), 1):
        lines.append(f'    p["W{number}"] = rng.normal(size=({n_in}, {n_out})) * np.sqrt(2 / {n_in + n_out})')
        lines.append(f'    p["b{number}"] = np.zeros({n_out})')
    for memory in _memory(derivation):
        of = memory.parameter.name
        value = f'p["{of}"].copy()' if memory.starts_as_parameter else f'np.zeros_like(p["{of}"])'
        lines.append(f'    p["{memory.symbol.name}"] = {value}')
    return [*lines, "    return p", "", ""]


def _unpacked(names: Sequence[str]) -> list[str]:
    keys = ", ".join(f'"{name}"' for name in names)
    one = f"    {', '.join(names)} = (p[name] for name in ({keys}))"
    if len(names) > 1 and len(one) <= WIDTH:
        return [one]
    return [f'    {name} = p["{name}"]' for name in names]


def _predict(derivation: Derivation, coder: Coder) -> list[str]:
    names = list(derivation.network.parameter_shapes)
    equations = derivation.prediction
    return [
        "def predict(X, p):",
        '    """The outputs for every row of X."""',
        *_unpacked(names),
        *_lines(equations, coder, _writer()),
        f"    return {name_of(prediction(derivation.network).name)}",
        "",
        "",
    ]


def _writer() -> Writer:
    return Writer("rows", Symbols())


def _step(derivation: Derivation, coder: Coder) -> list[str]:
    network, equations = derivation.network, derivation.equations
    inputs = {symbol.name for symbol in equations.inputs}
    masks = [symbol for symbol in equations.inputs if symbol.name.startswith("M") and symbol.axes]
    memory = [memory.symbol.name for memory in _memory(derivation)]
    moving = [*network.parameter_shapes, *memory]
    extra = [", w"] * ("w" in inputs) + [", t"] * ("t" in inputs) + [", rng"] * bool(masks)
    lines = [
        f"def step(X, Y, p, eta{''.join(extra)}):",
        '    """One step: the cost J before it, and everything after it."""',
        *_unpacked(moving),
    ]
    body = _lines(equations, coder, _writer())
    if "n" in {word for line in body for word in _words(line.partition("#")[0])}:
        lines.append("    n = len(X)")
    for mask in masks:
        width = dict(equations.sizes)[mask.axes[1]]
        rate = f"p{mask.name[1:]}"
        lines.append(f"    {mask.name} = (rng.random((len(X), {width})) >= {rate}).astype(float)")
    after = ", ".join(f'"{name}": {name_of(f"{name}+")}' for name in moving)
    result = f"    return J, {{{after}}}"
    if len(result) > WIDTH:
        result = "\n".join(
            ["    return J, {", *(f'        "{name}": {name_of(f"{name}+")},' for name in moving), "    }"]
        )
    return [*lines, *body, result, "", ""]


def _words(text: str) -> list[str]:
    return "".join(char if char.isalnum() or char == "_" else " " for char in text).split()


def _lines(equations: Iterable[Equation], coder: Coder, writer: Writer) -> list[str]:
    """One assignment for each equation, under the heading of its part."""
    lines: list[str] = []
    part: Part | None = None
    for equation in equations:
        if equation.part != part:
            part = equation.part
            lines += ["", f"    # {HEADINGS[part]}"]
        code = f"    {name_of(equation.left.name)} = {_value(coder, equation)}"
        comment = f"# {to_text(writer.equation(equation, equation.right))}"
        together = f"{code:<{COMMENT_AT - 4}}{comment}" if len(code) < COMMENT_AT - 4 else f"{code}  {comment}"
        if len(together) <= WIDTH:
            lines.append(together)
        else:
            lines += [f"    {comment}", code]
    return lines


def _value(coder: Coder, equation: Equation) -> str:
    """The right side, made as large as the left where a loss does not depend on a sample."""
    code = coder.right(equation.right, equation.left.axes)
    if equation.left.axes and not equation.right.axes:
        return f"np.full_like(Y, {code})"
    return code


def _train(derivation: Derivation) -> list[str]:
    inputs = {symbol.name for symbol in derivation.equations.inputs}
    masked = any(symbol.name.startswith("M") and symbol.axes for symbol in derivation.equations.inputs)
    weights = ", w" if "w" in inputs else ""
    rng = ", rng" if masked else ""
    t = ", t" if "t" in inputs else ""
    return [
        f"def train(X, Y, p, eta{weights}{rng}, steps=1000):",
        '    """Steps on the whole of X: the costs, and the parameters at the end."""',
        "    costs = []",
        "    for t in range(1, steps + 1):" if t else "    for _ in range(steps):",
        f"        J, p = step(X, Y, p, eta{weights}{t}{rng})",
        "        costs.append(J)",
        "    return costs, p",
        "",
        "",
    ]


def _main(network: Network) -> list[str]:
    width, labels = network.widths[-1], network.loss.labels
    if network.distributions:
        sizes = [part.stop - part.start for part in network.distributions]
        parts = [f"np.eye({k})[np.argmax(X @ rng.normal(size=({network.n_inputs}, {k})), axis=1)]" for k in sizes]
        target = parts[0] if len(parts) == 1 else f"np.hstack([{', '.join(parts)}])"
    elif labels.high == 1:
        target = f"(X @ rng.normal(size=({network.n_inputs}, {width})) > 0).astype(float)"
    elif labels.low == 0:
        target = f"np.exp(0.3 * X @ rng.normal(size=({network.n_inputs}, {width})))"
    else:
        target = f"np.sin(X @ rng.normal(size=({network.n_inputs}, {width})))"
    weights = ", np.ones(len(X))" if network.sample_weights else ""
    rng = ", rng" if network.input_dropout or any(layer.dropout for layer in network.layers) else ""
    rate = "0.01 / len(X)" if network.reduction == "sum" else "0.1"
    return [
        'if __name__ == "__main__":',
        "    rng = np.random.default_rng(0)",
        f"    X = rng.normal(size=(100, {network.n_inputs}))",
        f"    Y = {target}",
        f"    costs, p = train(X, Y, initial_parameters(rng), {rate}{weights}{rng})",
        '    print(f"J = {costs[0]:.4f} at first, {costs[-1]:.4f} after {len(costs)} steps")',
    ]
