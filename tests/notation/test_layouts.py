"""Every layout that a derivation may have is a row of the table of layouts."""

from chainrule.calculus.presentation import LAYOUTS as NAMES
from chainrule.notation.layouts import LAYOUTS


def test_every_layout_has_its_row():
    assert tuple(LAYOUTS) == NAMES
    assert all(row.name == name for name, row in LAYOUTS.items())


def test_axes_stand_as_the_layout_has_them():
    axes = ("i", "u1")
    ordered = {name: row.ordered(axes) for name, row in LAYOUTS.items()}
    assert ordered == {"columns": ("u1", "i"), "rows": ("i", "u1"), "sample": ("u1",), "index": ("u1", "i")}
