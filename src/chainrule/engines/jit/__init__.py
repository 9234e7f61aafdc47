"""The jit engine: equations as machine code, through LLVM.

In reading order:

* What is computed: ``statements`` flattens equations, ``schedule`` fuses them into ``stages``.
* Where it lies: ``lanes`` (logical vectors), ``layout`` (panels, columns, lines).
* How code is written: ``emit`` (one function), ``vectors`` (arithmetic), ``elementary`` (exp, log, …) with its
  ``coefficients``, ``pointwise`` (terms), ``draws`` (dropout masks), ``module`` (functions, each once).
* The kernels: ``gathering``, ``products``, ``narrow_products``, ``weight_tiles`` and ``bias_sums``, each ending in
  ``tiles`` (a stage's statements on a tile), ``maps``, ``transposition``, ``totals``, ``barrier``.
* One function that runs steps: ``assembly``, with ``row_stages``, ``parameter_stages`` and ``weight_blocks``.
* From text to results: ``target``, ``machine``, ``cache``, ``compilation``, ``tables`` (scalars of every step),
  ``execution``, ``thread_choice``, ``part`` (one system of equations with its memory), and ``program``, which is the
  engine's face.

A product's numbers are single chains of fused multiply-adds, and every sum over lanes, units or tiles has one fixed
order, on logical vectors of 64 bytes whatever the registers' width. So results have the same bits for any number of
threads and on AVX-512, AVX2 and NEON. SSE4 rounds products and sums apart and differs in the last bits.
"""

from chainrule.engines.jit.program import JitEngine, JitProgram
from chainrule.engines.jit.statements import CompilationUnsupported

__all__ = ["CompilationUnsupported", "JitEngine", "JitProgram"]
