"""The products: register-tiled kernels for constant sizes, each ending in its stage's statements.

``row_tile``     C[i, :] = A[i, :] B for a few samples i; vectors along B's panels. Forward, and dA on the way back.

Each number of a product is one chain of fused multiply-adds in the order of the reduced axis. Tile sizes, threads and
the width of registers decide which chains run side by side, never their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainrule.engines.jit.emit import Index
from chainrule.engines.jit.lanes import Lanes
from chainrule.engines.jit.layout import Columns, Panels
from chainrule.engines.jit.stages import RowProduct
from chainrule.engines.jit.tiles import Environment, TileKernel
from chainrule.engines.jit.vectors import Vectors
from chainrule.expressions.terms import SAMPLES

__all__ = ["FAR_OPERAND", "accumulate", "fetch_rows", "lane_counts", "rounds_at_once", "rounds_of", "row_tile"]

FAR_OPERAND = 1 << 15
"""Bytes of an operand that is larger than what a first-level cache keeps of it while a tile runs: its lines are asked
for some rounds before they are used. At 1024 inputs a product forward takes 6 % less time, a weight's gradient of 512
samples 6 %; what lies in the first-level cache gains nothing.
"""

_ROUNDS_AHEAD = 16
"""How many rounds before they are used the rows of a panel are asked for; 8 and 32 are worse by less than 1 %."""


Fetch = Callable[[Index, str, str], None]
"""Asks for cache lines in one turn of a product's loop; given the turn's number and the pointers a and b."""


def rounds_at_once(lanes: Lanes, sums: int) -> int:
    """How many rounds of a product are written out: a tile with many accumulators hides the loop's own cost.

    A panel of float64 has half as many rounds, and leaving its loop costs as much: with four rounds at once a step of
    64 or 100 inputs takes 3 % less time than with two.
    """
    return 2 if sums >= 16 and lanes.bytes == 4 else 4


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
    fetch: Fetch | None = None,
) -> tuple[list[str], str, str]:
    """`count` rounds of `_multiply_add`, a and b moving on by their steps; (sums, a, b) afterwards.

    ``fetch`` is called in each turn of the loop, which is `rounds_at_once` rounds.
    """
    kinds = [v.lanes.vector] * len(sums) + ["ptr", "ptr"]
    f, step = v.function, {"a_step": a_step, "a_row": a_row, "b_step": b_step}

    def rounds(turn: Index, state: Sequence[str], number: int) -> list[str]:
        if fetch is not None:
            fetch(turn, state[-2], state[-1])
        return rounds_of(v, state, rows, vectors, number, **step)

    state = [*sums, a, b]
    at_once = rounds_at_once(v.lanes, len(sums))
    whole = f.divide(count, at_once)
    state = f.loop(0, whole, lambda turn, now: rounds(turn, now, at_once), carried=list(zip(kinds, state, strict=True)))
    rest = f.remainder(count, at_once)
    if isinstance(rest, int):
        state = rounds_of(v, state, rows, vectors, rest, **step) if rest else state
    else:
        state = f.loop(
            0,
            rest,
            lambda _, now: rounds_of(v, now, rows, vectors, 1, **step),
            carried=list(zip(kinds, state, strict=True)),
        )
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
        ends, far = -(-reduced // panel) - 1, reduced * panel * lanes.bytes > FAR_OPERAND

        def one_panel(number: Index, state: list[str], count: int = panel) -> list[str]:
            *inner, a, b = state
            following = f.at(a, left.panel_stride, lanes.scalar)
            fetch = None
            if ends:
                first_of_next_tile = f.at("%a", rows * panel, lanes.scalar)
                coming = f.choose(f.less(number, ends), following, first_of_next_tile)
                fetch = _fetch_for_panel(v, rows, vectors, coming, far=far)
            inner, _a, b = accumulate(
                v, inner, rows, vectors, a, b, count, a_step=1, a_row=panel, b_step=panel, fetch=fetch
            )
            return [*inner, following, b]

        state = [*sums, "%a", "%b"]
        state = f.loop(0, reduced // panel, one_panel, carried=list(zip(kinds, state, strict=True)))
        if reduced % panel:
            state = one_panel(ends, state, reduced % panel)
        sums = state[:-2]
    kernel.finish(sums, rows)
    return kernel


def _fetch_for_panel(v: Vectors, rows: int, vectors: int, coming: str, *, far: bool) -> Fetch:
    """Ask for the tile's rows of the panel that comes next, some rows in each turn, and far operands' rows of B.

    The rows of a panel lie together, and far from those of the panel before: no processor foresees that.
    """
    f, lanes, at_once = v.function, v.lanes, rounds_at_once(v.lanes, rows * vectors)
    a_turn = -(-rows * at_once // lanes.panel)

    def fetch(turn: Index, _: str, b: str) -> None:
        begin = f.at(coming, f.multiply(turn, a_turn * lanes.panel), lanes.scalar)
        for vector in range(2 * a_turn):
            f.prefetch(f.at(begin, vector * lanes.count, lanes.scalar))
        if far:
            fetch_rows(v, b, at_once, vectors, lanes.panel)

    return fetch


def fetch_rows(v: Vectors, pointer: str, rounds: int, vectors: int, step: int) -> None:
    """Ask for what a pointer that moves on by `step` will read some rounds later, in as many rounds as given."""
    f, lanes = v.function, v.lanes
    for number in range(_ROUNDS_AHEAD, _ROUNDS_AHEAD + rounds):
        for vector in range(vectors):
            f.prefetch(f.at(pointer, number * step + vector * lanes.count, lanes.scalar))
