"""One function of LLVM's intermediate representation, written as text.

Values are strings such as ``%v3``; integers known while generating stay Python integers and fold. Text, because
llvmlite prints its own objects to text and parses that, which takes several times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["Function", "Index"]

Index = int | str
"""An i64: a Python integer where it is known while generating, otherwise the name of a value."""


class Function:
    """A function under construction.

    Parameters
    ----------
    arguments : sequence of (type, name)
    exported : bool
        Whether Python calls it; every other function is internal.
    optimised : bool
        Whether LLVM takes its time over it. The function that only calls kernels gains nothing measurable (1.2 µs per
        step of the smallest network either way), and takes an eighth of the time to compile.

    Examples
    --------
    >>> f = Function([("i64", "n")], exported=True)
    >>> twice = f.multiply("%n", 2)
    >>> f.do("ret void")
    >>> print(f.text("example"))
    define void @example(i64 %n) #0 {
    entry:
      %v0 = mul i64 %n, 2
      ret void
    }
    """

    def __init__(self, arguments: Sequence[tuple[str, str]], *, exported: bool = False, optimised: bool = True) -> None:
        self.arguments = tuple(arguments)
        self.exported, self.optimised = exported, optimised
        self.lines = ["entry:"]
        self.block = "entry"
        self._count = 0
        self._reserved: list[str] = []

    # ---- text ----
    def _fresh(self, prefix: str = "%v") -> str:
        name = f"{prefix}{self._count}"
        self._count += 1
        return name

    def value(self, instruction: str) -> str:
        """Append an instruction that yields a value; give its name."""
        name = self._fresh()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def do(self, instruction: str) -> None:
        """Append an instruction that yields nothing."""
        self.lines.append("  " + instruction)

    def aside(self, body: Callable[[], object]) -> list[str]:
        """The instructions that a body without branches appends, taken out again so that they can be placed."""
        begin = len(self.lines)
        body()
        lines = self.lines[begin:]
        del self.lines[begin:]
        return lines

    def text(self, name: str) -> str:
        """The definition under the given name."""
        arguments = ", ".join(f"{kind} %{argument}" for kind, argument in self.arguments)
        linkage = "" if self.exported else "internal "
        entry, *rest = self.lines
        group = "#0" if self.optimised else "#1"
        return "\n".join([f"define {linkage}void @{name}({arguments}) {group} {{", entry, *self._reserved, *rest, "}"])

    # ---- integers ----
    def _integer(self, operation: str, a: Index, b: Index) -> str:
        return self.value(f"{operation} i64 {a}, {b}")

    def add(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        return b if a == 0 else a if b == 0 else self._integer("add", a, b)

    def subtract(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        return a if b == 0 else self._integer("sub", a, b)

    def multiply(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if a == 0 or b == 0:
            return 0
        return b if a == 1 else a if b == 1 else self._integer("mul", a, b)

    def divide(self, a: Index, b: Index) -> Index:
        """Unsigned quotient."""
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        return a if b == 1 else self._integer("udiv", a, b)

    def remainder(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a % b
        return 0 if b == 1 else self._integer("urem", a, b)

    def minimum(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self.value(f"select i1 {self.less(a, b)}, i64 {a}, i64 {b}")

    def less(self, a: Index, b: Index) -> str:
        return self.value(f"icmp ult i64 {a}, {b}")

    def choose(self, condition: str, a: str, b: str) -> str:
        """One of two addresses."""
        return self.value(f"select i1 {condition}, ptr {a}, ptr {b}")

    # ---- memory ----
    def at(self, pointer: str, offset: Index, kind: str) -> str:
        """The address ``offset`` elements of type ``kind`` further on."""
        return pointer if offset == 0 else self.value(f"getelementptr {kind}, ptr {pointer}, i64 {offset}")

    def load(self, kind: str, pointer: str, align: int) -> str:
        return self.value(f"load {kind}, ptr {pointer}, align {align}")

    def store(self, kind: str, value: str, pointer: str, align: int) -> None:
        self.do(f"store {kind} {value}, ptr {pointer}, align {align}")

    def prefetch(self, pointer: str) -> None:
        """Ask for a cache line that will be needed soon; any address is allowed."""
        self.do(f"call void @llvm.prefetch.p0(ptr {pointer}, i32 0, i32 3, i32 1)")

    def reserve(self, kind: str, count: int, align: int) -> str:
        """Memory of this call on the stack, taken once at the entry."""
        name = self._fresh()
        self._reserved.append(f"  {name} = alloca [{count} x {kind}], align {align}")
        return name

    # ---- control flow ----
    def label(self, name: str) -> None:
        self.lines.append(name + ":")
        self.block = name

    def branch(self, name: str) -> None:
        self.do(f"br label %{name}")

    def new_label(self, prefix: str) -> str:
        return self._fresh(prefix)

    def loop(
        self,
        start: Index,
        stop: Index,
        body: Callable[[Index, list[str]], Sequence[str] | None],
        *,
        step: int = 1,
        carried: Sequence[tuple[str, str]] = (),
        limit: Callable[[], Index] | None = None,
    ) -> list[str]:
        """``for index in range(start, stop, step): carried = body(index, carried)``; the last carried values.

        ``carried`` lists (type, initial value). A loop of one known round is written without a loop. ``limit`` gives
        what takes the place of ``stop`` after each round.
        """
        values = [initial for _, initial in carried]
        if isinstance(start, int) and isinstance(stop, int):
            rounds = len(range(start, stop, step))
            if rounds == 0:
                return values
            if rounds == 1:
                return list(body(start, values) or [])
        return self._counted_loop(start, stop, body, step, carried, limit)

    def _counted_loop(
        self,
        start: Index,
        stop: Index,
        body: Callable[[Index, list[str]], Sequence[str] | None],
        step: int,
        carried: Sequence[tuple[str, str]],
        limit: Callable[[], Index] | None,
    ) -> list[str]:
        before, head, after = self.block, self.new_label("loop"), self.new_label("after")
        guarded = not (isinstance(start, int) and isinstance(stop, int))
        if guarded:
            self.do(f"br i1 {self.less(start, stop)}, label %{head}, label %{after}")
        else:
            self.branch(head)
        self.label(head)
        place = len(self.lines)
        index, inside = self._fresh(), [self._fresh() for _ in carried]
        results = list(body(index, inside) or [])
        following = self.value(f"add nuw nsw i64 {index}, {step}")
        latch = self.block
        bound = stop if limit is None else limit()
        self.do(f"br i1 {self.less(following, bound)}, label %{head}, label %{after}")
        phis = [f"  {index} = phi i64 [ {start}, %{before} ], [ {following}, %{latch} ]"]
        for name, (kind, initial), result in zip(inside, carried, results, strict=True):
            phis.append(f"  {name} = phi {kind} [ {initial}, %{before} ], [ {result}, %{latch} ]")
        self.lines[place:place] = phis
        self.label(after)
        if not guarded:
            return results
        return [
            self.value(f"phi {kind} [ {initial}, %{before} ], [ {result}, %{latch} ]")
            for (kind, initial), result in zip(carried, results, strict=True)
        ]

    def when(self, condition: str, then: Callable[[], object], otherwise: Callable[[], object] | None = None) -> None:
        """``if condition: then() else: otherwise()``; neither yields values."""
        yes, no, after = self.new_label("then"), self.new_label("else"), self.new_label("endif")
        self.do(f"br i1 {condition}, label %{yes}, label %{no if otherwise else after}")
        self.label(yes)
        then()
        self.branch(after)
        if otherwise:
            self.label(no)
            otherwise()
            self.branch(after)
        self.label(after)

    def whole_or_rest(
        self, number: Index, whole: int, for_whole: Callable[[], object], rest: int, for_rest: Callable[[], object]
    ) -> None:
        """for_whole() if `number` is one of the first `whole`; for_rest() for the one after them, if there is one."""
        if not rest:
            for_whole()
        elif not whole:
            for_rest()
        else:
            self.when(self.less(number, whole), for_whole, for_rest)
