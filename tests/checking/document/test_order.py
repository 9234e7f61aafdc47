"""What uses a weight that has just been changed: wrong in code and in loops, a caution among listed updates."""

from __future__ import annotations

import pytest

from chainrule.checking.document.derivation import check_derivation

CODE = """
```python
Z1 = X @ W1 + b1
A1 = np.tanh(Z1)
Z2 = A1 @ W2 + b2
J = np.sum((Z2 - Y)**2) / (2*m)
dZ2 = (Z2 - Y) / m
dW2 = A1.T @ dZ2
{early}dA1 = dZ2 @ W2.T
dZ1 = dA1 * (1 - A1**2)
dW1 = X.T @ dZ1
W1 -= lr * dW1
{late}Z2 = A1 @ W2 + b2
```
"""
UPDATE = "W2 -= lr * dW2\n"


def test_code_that_updates_a_weight_before_it_goes_back_through_it():
    late = check_derivation(CODE.format(early="", late=UPDATE))
    assert (late.ok, late.count("order")) == (True, 0)
    early = check_derivation(CODE.format(early=UPDATE, late=""))
    [item] = [item for item in early.items if item.verdict == "order"]
    assert (item.line, item.slip) == (10, "w2 is updated before it is used")
    assert item.reason == "line 9 has changed w2; line 10 uses the new value"


LISTED = r"""
$Z_1 = W_1 X + b_1$, $A_1 = \tanh(Z_1)$, $Z_2 = W_2 A_1 + b_2$, $J = \frac{1}{2m} \|Z_2 - Y\|^2$

UPDATES
"""
FIRST = r"$$W_1 SIGN W_1 - \frac{\alpha}{m} [W_2^T (Z_2 - Y) \odot (1 - A_1 \odot A_1)] X^T$$"
SECOND = r"$$W_2 SIGN W_2 - \frac{\alpha}{m} (Z_2 - Y) A_1^T$$"


@pytest.mark.parametrize("sign", ["=", ":=", r"\leftarrow"])
def test_listed_updates_are_made_at_once_with_a_caution_where_it_matters(sign):
    in_order = check_derivation(LISTED.replace("UPDATES", f"{FIRST}\n\n{SECOND}").replace("SIGN", sign))
    assert in_order.notes == ()
    swapped = check_derivation(LISTED.replace("UPDATES", f"{SECOND}\n\n{FIRST}").replace("SIGN", sign))
    assert [item.verdict for item in swapped.items[4:]] == ["exact", "exact"]
    [note] = swapped.notes
    assert note.startswith("line 6 uses w2, which line 4 updates")
