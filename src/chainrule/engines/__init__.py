"""How equations run: the reference engine (NumPy) and jit (machine code)."""
