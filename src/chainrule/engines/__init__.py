"""How equations run: the reference engine (NumPy), jit (machine code) and, optionally, jax."""
