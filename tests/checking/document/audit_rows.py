"""The rows of audit.json beside the items of our report: matched by line and by what the two sides say."""

from __future__ import annotations

import json
import re

VERDICTS = {"EXACT": "exact", "SCALAR": "scalar", "WRONG": "wrong", "ALGORITHM": "order"}
# The audit leaves out the braces of S0.52 and shortens the matrices of S1.39: these are found by line and left side.
BY_LINE = {"S0.52", "S1.39"}
_DECORATION = re.compile(r"\\quad|\\left|\\right|&|\s|\\text\{[^}]*\}")


def rows(folder, page):
    audit = json.loads((folder / "derivations" / "audit.json").read_text(encoding="utf-8"))
    return [row for row in audit if row["id"].startswith(f"{page}.")]


def matched(rows, items):
    """Each row with its item, or None where we report nothing of it."""
    free = dict(enumerate(items))
    pairs = []
    for row in rows:
        number = next((number for number, item in free.items() if _same(row, item)), None)
        pairs.append((row, free.pop(number) if number is not None else None))
    return pairs


def _same(row, item):
    if row["verdict"] == "ALGORITHM":
        return item.verdict == "order" and item.line == row["line"]
    if item.verdict == "order" or abs(item.line - row["line"]) > 1:
        return False
    left, right = _plain(row["lhs"]), _plain(row["rhs"])
    own_left, own_right = _plain(item.left), _plain(item.right)
    if row["id"] in BY_LINE:
        return left == own_left and ("underbrace" in own_right or "bmatrix" in own_right)
    # A row may hold two links (a = b = c) or write W −= d as W − d; and a chain's left side may be an OCR slip.
    if row["id"] in {"S4.21", "S4.22"} and item.verdict == "given":
        return False  # the inequality of the condition, not the claim under it
    same_right = right == own_right or right.endswith((f"={own_right}", f"-{own_right}"))
    return bool(right) and same_right


def _plain(latex):
    return _DECORATION.sub("", latex).rstrip(".,")
