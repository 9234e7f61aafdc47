"""The jit engine: equations as machine code, through LLVM."""

from chainrule.engines.jit.program import JitEngine, JitProgram
from chainrule.engines.jit.statements import CompilationUnsupported

__all__ = ["CompilationUnsupported", "JitEngine", "JitProgram"]
