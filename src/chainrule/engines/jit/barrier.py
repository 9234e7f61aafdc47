"""The barrier between the parts of a step, and which piece of work is whose.

A thread that arrives adds one to a counter and waits until it has reached the number that all threads make. It spins
about two hundred times, then gives the processor away at each look: with a core busy elsewhere, spinning alone costs
the other threads whole time slices.
"""

from __future__ import annotations

from chainrule.engines.jit.emit import Function
from chainrule.engines.jit.target import Target

__all__ = ["emit_barrier"]

_SPINS = 200


def emit_barrier(f: Function, target: Target, arrived: str) -> str:
    """Wait for all threads; gives the number of arrivals to wait for next time.

    The function has the arguments ``counter`` (pointer to an i64 that starts at 0), ``give_way`` (pointer to a function
    without arguments that lets another thread run) and ``threads``.
    """
    before, alone = f.block, f.new_label("alone")
    meet, look, rest, pause, give = (f.new_label(name) for name in ("meet", "look", "rest", "pause", "give"))
    single = f.value("icmp eq i64 %threads, 1")
    f.do(f"br i1 {single}, label %{alone}, label %{meet}")
    f.label(meet)
    goal = f.value(f"add i64 {arrived}, %threads")
    f.do("atomicrmw add ptr %counter, i64 1 acq_rel")
    f.branch(look)
    f.label(look)
    looks, more = f.new_label("%looks"), f.new_label("%more")
    f.do(f"{looks} = phi i64 [ 0, %{meet} ], [ {more}, %{pause} ], [ {more}, %{give} ]")
    f.do(f"{more} = add i64 {looks}, 1")
    seen = f.value("load atomic i64, ptr %counter acquire, align 8")
    there = f.value(f"icmp uge i64 {seen}, {goal}")
    f.do(f"br i1 {there}, label %{alone}, label %{rest}")
    f.label(rest)
    patient = f.value(f"icmp ult i64 {looks}, {_SPINS}")
    f.do(f"br i1 {patient}, label %{pause}, label %{give}")
    f.label(pause)
    if target.is_x86:
        f.do("call void @llvm.x86.sse2.pause()")
    else:
        f.do("call void @llvm.aarch64.hint(i32 1)")  # yield
    f.branch(look)
    f.label(give)
    f.do("call void %give_way()")
    f.branch(look)
    f.label(alone)
    return f.value(f"phi i64 [ {arrived}, %{before} ], [ {goal}, %{look} ]")
