"""The products: register-tiled kernels for constant sizes, each ending in its stage's statements.

``row_tile``     C[i, :] = A[i, :] B for a few samples i; vectors along B's panels. Forward, and dA on the way back.
``dot_tile``     the same for a narrow result; vectors along the reduced axis, then sums of lanes.
``bias_tile``    sums of D[i, :] over the samples; ``bias_columns`` the same for a narrow layer.

Each number of a product is one chain of fused multiply-adds in the order of the reduced axis. Tile sizes, threads and
the width of registers decide which chains run side by side, never their order.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import Lanes
from chainrule.engines.jit.layout import Columns, Panels
from chainrule.engines.jit.stages import BiasSum, RowProduct
from chainrule.engines.jit.tiles import Environment, TileKernel
from chainrule.engines.jit.vectors import Vectors
from chainrule.expressions.terms import SAMPLES

__all__ = [
    "accumulate",
    "bias_columns",
    "bias_tile",
    "dot_tile",
    "lane_counts",
    "rounds_of",
    "row_tile",
]


def _at_once(sums: int) -> int:
    """How many rounds of a product are written out: a tile with many accumulators hides the loop's own cost."""
    return 2 if sums >= 16 else 4


def lane_counts(lanes: Lanes, width: int) -> tuple[int, ...]:
    """Valid lanes of each vector of a panel that holds `width` columns."""
    return tuple(min(lanes.count, width - begin) for begin in range(0, min(width, lanes.panel), lanes.count))


def _multiply_add(v: Vectors, sums: Sequence[str], rows: int, a: str, a_step: int, b: str, vectors: int) -> list[str]:
    """sums[r][k] += a[r * a_step] * b[k], for one index of the reduced axis."""
    f, lanes = v.function, v.lanes
    loaded = [v.load(f.at(b, k * lanes.count, lanes.scalar)) for k in range(vectors)]
    result = list(sums)
    for r in range(rows):
        factor = v.load_splat(f.at(a, r * a_step, lanes.scalar))
        for k in range(vectors):
            result[r * vectors + k] = v.fma(factor, loaded[k], result[r * vectors + k])
    return result


def rounds_of(
    v: Vectors, state: Sequence[str], rows: int, vectors: int, number: int, *, a_step: int, a_row: int, b_step: int
) -> list[str]:
    """`number` rounds of `_multiply_add` on a state of sums and the pointers a and b, which move on by their steps."""
    f, scalar = v.function, v.lanes.scalar
    *sums, a, b = state
    for u in range(number):
        sums = _multiply_add(v, sums, rows, f.at(a, u * a_step, scalar), a_row, f.at(b, u * b_step, scalar), vectors)
    return [*sums, f.at(a, number * a_step, scalar), f.at(b, number * b_step, scalar)]


def accumulate(
    v: Vectors,
    sums: Sequence[str],
    rows: int,
    vectors: int,
    a: str,
    b: str,
    count: Index,
    *,
    a_step: int,
    a_row: int,
    b_step: int,
) -> tuple[list[str], str, str]:
    """`count` rounds of `_multiply_add`, a and b moving on by their steps; (sums, a, b) afterwards."""
    kinds = [v.lanes.vector] * len(sums) + ["ptr", "ptr"]
    f, step = v.function, {"a_step": a_step, "a_row": a_row, "b_step": b_step}

    def rounds(state: Sequence[str], number: int) -> list[str]:
        return rounds_of(v, state, rows, vectors, number, **step)

    state = [*sums, a, b]
    at_once = _at_once(len(sums))
    whole = f.divide(count, at_once)
    state = f.loop(0, whole, lambda _, now: rounds(now, at_once), carried=list(zip(kinds, state, strict=True)))
    rest = f.remainder(count, at_once)
    if isinstance(rest, int):
        state = rounds(state, rest) if rest else state
    else:
        state = f.loop(0, rest, lambda _, now: rounds(now, 1), carried=list(zip(kinds, state, strict=True)))
    return state[:-2], state[-2], state[-1]


def row_tile(
    environment: Environment, stage: RowProduct, rows: int, valid: Sequence[int], reduced: int, left: Panels | Columns
) -> TileKernel:
    """A tile of `rows` samples by one panel of the result; operands ``a`` and ``b``."""
    kernel = TileKernel(
        environment, stage, [("ptr", "a"), ("ptr", "b")], stage.result, SAMPLES, stage.axis, valid
    )  # fmt: skip
    f, v, lanes = kernel.function, kernel.vectors, environment.lanes
    vectors, panel = len(valid), lanes.panel
    sums: list[str] = ["zeroinitializer"] * (rows * vectors)
    if isinstance(left, Columns):
        sums, _, _ = accumulate(v, sums, rows, vectors, "%a", "%b", reduced, a_step=left.rows, a_row=1, b_step=panel)
    else:
        kinds = [lanes.vector] * len(sums) + ["ptr", "ptr"]

        def one_panel(_: Index, state: list[str], count: int = panel) -> list[str]:
            *inner, a, b = state
            inner, _a, b = accumulate(v, inner, rows, vectors, a, b, count, a_step=1, a_row=panel, b_step=panel)
            return [*inner, f.at(a, left.panel_stride, lanes.scalar), b]

        state = [*sums, "%a", "%b"]
        state = f.loop(0, reduced // panel, one_panel, carried=list(zip(kinds, state, strict=True)))
        if reduced % panel:
            state = one_panel(0, state, reduced % panel)
        sums = state[:-2]
    kernel.finish(sums, rows)
    return kernel


def bias_tile(environment: Environment, stage: BiasSum, valid: Sequence[int]) -> TileKernel:
    """One panel of a bias; operands ``b`` and ``samples``."""
    kernel = TileKernel(environment, stage, [("ptr", "b"), ("i64", "samples")], stage.result, "", stage.axes[0], valid)
    f, v, lanes = kernel.function, kernel.vectors, environment.lanes
    zero = [(lanes.vector, "zeroinitializer")] * len(valid)

    def add_row(i: Index, sums: list[str]) -> list[str]:
        row = f.at("%b", f.multiply(i, lanes.panel), lanes.scalar)
        return [v.add(s, v.load(f.at(row, k * lanes.count, lanes.scalar))) for k, s in enumerate(sums)]

    kernel.finish(f.loop(0, "%samples", add_row, carried=zero), 1)
    return kernel


def bias_columns(environment: Environment, stage: BiasSum, place: Columns) -> TileKernel:
    """The bias of a narrow layer; operands ``b`` and ``samples``."""
    operands = [("ptr", "b"), ("i64", "samples")]
    kernel = TileKernel(environment, stage, operands, stage.result, "", stage.axes[0], (place.width,))
    f, v, lanes = kernel.function, kernel.vectors, environment.lanes

    def columns(i: Index) -> list[str]:
        align = lanes.bytes * lanes.count
        return [v.load(f.at("%b", f.add(i, u * place.rows), lanes.scalar), align) for u in range(place.width)]

    zero = [(lanes.vector, "zeroinitializer")] * place.width
    whole = f.multiply(f.divide("%samples", lanes.count), lanes.count)
    sums = f.loop(
        0, whole, lambda i, now: [v.add(s, c) for s, c in zip(now, columns(i), strict=True)],
        step=lanes.count, carried=zero,
    )  # fmt: skip
    inside = v.lanes_below(f.subtract("%samples", whole))
    sums = [v.add(s, v.select(inside, c, v.constant(0.0))) for s, c in zip(sums, columns(whole), strict=True)]
    result = "zeroinitializer"
    for u, total in enumerate(sums):
        result = f.value(f"insertelement {lanes.vector} {result}, {lanes.scalar} {v.sum_lanes(total)}, i64 {u}")
    kernel.finish([result], 1)
    return kernel


def dot_tile(environment: Environment, rows: int, reduced: int, left: Panels, result: Columns) -> Function:
    """Products of `rows` samples for a narrow layer, without statements; arguments ``a``, ``b``, ``c``.

    The weight lies in panels along the reduced axis, one row per output, padded with zeros.
    """
    f = Function([("ptr", "a"), ("ptr", "b"), ("ptr", "c")])
    v, lanes, width = Vectors(f, environment.lanes, environment.target), environment.lanes, result.width

    def vectors(sums: Sequence[str], a: str, b: str, count: int) -> list[str]:
        now = list(sums)
        for k in range(count):
            weights = [v.load(f.at(b, u * lanes.panel + k * lanes.count, lanes.scalar)) for u in range(width)]
            for r in range(rows):
                x = v.load(f.at(a, r * lanes.panel + k * lanes.count, lanes.scalar))
                for u in range(width):
                    now[u * rows + r] = v.fma(x, weights[u], now[u * rows + r])
        return now

    def panel(_: Index, state: list[str]) -> list[str]:
        *sums, a, b = state
        now = vectors(sums, a, b, 2)
        return [*now, f.at(a, left.panel_stride, lanes.scalar), f.at(b, width * lanes.panel, lanes.scalar)]

    kinds = [lanes.vector] * (rows * width) + ["ptr", "ptr"]
    state = ["zeroinitializer"] * (rows * width) + ["%a", "%b"]
    state = f.loop(0, reduced // lanes.panel, panel, carried=list(zip(kinds, state, strict=True)))
    if rest := reduced % lanes.panel:
        state[:-2] = vectors(state[:-2], state[-2], state[-1], -(-rest // lanes.count))
    _store_sums(v, state[:-2], rows, result)
    f.do("ret void")
    return f


def _store_sums(v: Vectors, sums: Sequence[str], rows: int, result: Columns) -> None:
    """The sum of the lanes of each vector, `rows` samples of one unit after the other."""
    f, lanes = v.function, v.lanes
    packed, width = v.sum_each(sums)
    for u in range(result.width):
        kind = f"<{rows} x {lanes.scalar}>"
        order = ", ".join(f"i32 {u * rows + r}" for r in range(rows))
        full = f"<{width} x {lanes.scalar}>"
        part = f.value(f"shufflevector {full} {packed}, {full} poison, <{rows} x i32> <{order}>")
        f.store(kind, part, f.at("%c", u * result.rows, lanes.scalar), lanes.bytes)
