"""Whether a line holds: values of random letters in five regimes, and what a page as a whole shows."""
