"""A page that says how many outputs there are is judged with several."""

import pytest

from chainrule.checking.document.meaning.model import _declared_outputs


@pytest.mark.parametrize(
    ("line", "outputs"),
    [
        ("| $Y$ | (2, n) | labels |", 2),
        ("  Y                 (m, 3)  labels", 3),
        ("$Y$ & $(3, n)$ & labels", 3),
        ("  y  (2,)  labels", 2),
        ("  Y  (n, 1)  labels", 1),
        ("Y has shape (n, 10)", 1),
        ("the labels are y", 1),
        ("X (4, n)", 1),
        ("dY (4, n)", 1),
        ("Y (40, n)", 3),
    ],
)
def test_the_shape_of_the_labels_says_it(line, outputs):
    assert _declared_outputs(["a line before", line]) == outputs
