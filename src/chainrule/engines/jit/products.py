"""The products: register-tiled kernels for constant sizes, each ending in its stage's statements.

``row_tile``     C[i, :] = A[i, :] B for a few samples i; vectors along B's panels. Forward, and dA on the way back.

Each number of a product is one chain of fused multiply-adds in the order of the reduced axis. Tile sizes, threads and
the width of registers decide which chains run side by side, never their order.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.engines.jit.emit import Index
from chainrule.engines.jit.lanes import Lanes
from chainrule.engines.jit.layout import Columns, Panels
from chainrule.engines.jit.stages import RowProduct
from chainrule.engines.jit.tiles import Environment, TileKernel
from chainrule.engines.jit.vectors import Vectors
from chainrule.expressions.terms import SAMPLES

__all__ = ["accumulate", "lane_counts", "rounds_of", "row_tile"]


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
