"""From a file or a text to statements: which parts of a page are formulas, each side of them read as a tree."""
