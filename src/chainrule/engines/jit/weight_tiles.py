"""The products of the weights' gradients, and the optimiser's statements between their rounds.

``weight_tile``  dW[k, :] = sum over the samples of A[i, k] D[i, :] for a few rows k of a weight, while the statements
                 of the tile before it run; ``waiting_tile`` runs those of the last.

Adam's root and quotient occupy the divider, the product all else, and neither has to wait for the other. A processor
starts later rounds while a slow instruction runs, but only as far as it has registers to spare, so the statements are
cut after each root and quotient, and the two vectors of a row take turns: what needs a slow result stands two rounds
behind it. (A tile of 11 rows and 64 samples takes 704 cycles of multiply-adds, and 937 with Adam's statements; 1034
where the second vector's pieces follow all of the first's. What Adam issues takes 180 cycles without any waiting.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

from chainrule.engines.jit.emit import Index
from chainrule.engines.jit.layout import Columns, Panels
from chainrule.engines.jit.products import FAR_OPERAND, Fetch, accumulate, fetch_rows, rounds_at_once, rounds_of
from chainrule.engines.jit.stages import WeightProduct
from chainrule.engines.jit.tiles import Environment, TileKernel

__all__ = ["Steps", "steps_of", "waiting_tile", "weight_tile"]


@dataclass(frozen=True)
class Steps:
    """How far apart the numbers of an operand lie: from sample to sample, and from unit to unit in a panel."""

    sample: int
    unit: int


def steps_of(place: Panels | Columns) -> Steps:
    """The steps of a value per sample and unit."""
    return Steps(place.panel, 1) if isinstance(place, Panels) else Steps(1, place.rows)


def weight_tile(
    environment: Environment,
    stage: WeightProduct,
    rows: int,
    valid: Sequence[int],
    row_axis: str,
    vector_axis: str,
    steps: Steps,
    samples: int,
) -> TileKernel:
    """A tile of `rows` rows of a weight's panel, while the statements of the tile before it run.

    Operands ``a`` (steps given), ``b`` (panels), ``samples``, and ``scratch``, where the sums go in the end; until
    then the sums of ``waiting`` rows of the tile before lie in it, from ``first`` on. The places passed are those of
    the tile before; this tile's rows of the same values, ``distance`` numbers on, are fetched into the cache.

    `samples` is the largest batch: of a large one, the rows of ``a`` are asked for some rounds before they are used.

    Between two pieces of the statements on a waiting row stand rounds of the product, where that helps
    (`_rounds_between`) and as long as the samples last.
    """
    operands = [("ptr", "a"), ("ptr", "b"), ("i64", "samples"), ("ptr", "scratch")]
    operands += [("i64", "distance"), ("ptr", "first"), ("i64", "waiting")]
    kernel = TileKernel(environment, stage, operands, stage.result, row_axis, vector_axis, valid)
    f, v, lanes, vectors = kernel.function, kernel.vectors, environment.lanes, len(valid)
    step = {"a_step": steps.sample, "a_row": steps.unit, "b_step": lanes.panel}
    kinds = [lanes.vector] * (rows * vectors) + ["ptr", "ptr"]
    between, gaps = _rounds_between(environment), 0

    def waiting_row(j: Index, state: list[str]) -> list[str]:
        nonlocal gaps
        parts = [_cut_after_slow(f.aside(partial(kernel.finish_vector, j, k, "%first"))) for k in range(vectors)]
        first, *others = [piece for pieces in zip_longest(*parts) for piece in pieces if piece]
        f.lines.extend(first)
        for gap, piece in enumerate(others):
            carried = list(zip(kinds, state, strict=True))
            # The first gap of every row is filled before the second of any. Numbers that LLVM does not know keep it
            # from moving the pieces together.
            before = f.add(f.multiply("%waiting", gap), j)
            filled = f.less(before, f.divide("%samples", between)) if between else "false"
            rounds = f.value(f"select i1 {filled}, i64 {between}, i64 0") if between else 0
            state = f.loop(0, rounds, lambda _, now: rounds_of(v, now, rows, vectors, 1, **step), carried=carried)
            f.lines.extend(piece)
        kernel.fetch_row(j, "%distance")
        gaps = len(others) if between else 0
        return state

    state = ["zeroinitializer"] * (rows * vectors) + ["%a", "%b"]
    *sums, a, b = f.loop(0, "%waiting", waiting_row, carried=list(zip(kinds, state, strict=True)))
    filled = f.minimum(f.multiply("%waiting", gaps), f.divide("%samples", max(between, 1)))
    left = f.subtract("%samples", f.multiply(filled, between))
    at_once = rounds_at_once(lanes, len(sums))
    fetch: Fetch | None = None
    if steps.sample == lanes.panel and samples * lanes.panel * lanes.bytes > FAR_OPERAND:
        fetch = lambda _turn, a, _b: fetch_rows(v, a, at_once, 1, lanes.panel)  # noqa: E731
    sums, _, _ = accumulate(v, sums, rows, vectors, a, b, left, **step, fetch=fetch)
    for number, value in enumerate(sums):
        v.store(value, f.at("%scratch", number * lanes.count, lanes.scalar))
    f.do("ret void")
    return kernel


def _rounds_between(environment: Environment) -> int:
    """How many rounds of a product stand between two pieces of a waiting row's statements; all stand before it if 0.

    With 16 registers the sums would leave none for the statements (AVX2: 10 % slower). In float64 the divider takes
    twice as long for a vector: with two rounds, not one, a step of 64 and 105 inputs takes 5 and 7 % less, not 4 and 6.
    """
    if environment.target.isa != "avx512":
        return 0
    return 1 if environment.lanes.bytes == 4 else 2


def _cut_after_slow(lines: Sequence[str]) -> list[list[str]]:
    """Instructions cut after each quotient and root."""
    pieces: list[list[str]] = [[]]
    for line in lines:
        pieces[-1].append(line)
        if " fdiv " in line or "@llvm.sqrt." in line:
            pieces.append([])
    return pieces


def waiting_tile(
    environment: Environment, stage: WeightProduct, valid: Sequence[int], row_axis: str, vector_axis: str
) -> TileKernel:
    """The last tile's statements; operands ``first`` and ``waiting`` as in `weight_tile`."""
    operands = [("ptr", "first"), ("i64", "waiting")]
    kernel = TileKernel(environment, stage, operands, stage.result, row_axis, vector_axis, valid)
    f = kernel.function

    def row(j: Index, _: object) -> None:
        for vector in range(len(valid)):
            kernel.finish_vector(j, vector, "%first")

    f.loop(0, "%waiting", row)
    f.do("ret void")
    return kernel
