"""Terms over named axes, the table of functions, and the rules of differentiation."""
