"""Five people's derivations: our verdicts against those that were reached by hand and by automatic differentiation."""

from __future__ import annotations

import pytest

from chainrule.checking.document.derivation import check_derivation
from tests.checking.document.audit_rows import VERDICTS, matched, rows

PAGES = ("S0", "S1", "S2", "S3", "S4")
# What isn't read, and why: an abbreviated 3-column matrix; a line that ends in ×; two claims under a condition.
UNREAD = {"S1.39", "S2.53", "S4.21", "S4.22"}


@pytest.fixture(scope="module")
def judged(shared):
    found = {}
    for page in PAGES:
        text = (shared / "derivations" / f"{page}.txt").read_text(encoding="utf-8")
        found[page] = matched(rows(shared, page), check_derivation(text).items)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_line_that_is_read_has_the_verdict_of_the_audit(judged, page):
    for row, item in judged[page]:
        if row["verdict"] in VERDICTS and row["id"] not in UNREAD:
            assert item is not None, row["id"]
            assert item.verdict == VERDICTS[row["verdict"]], (row["id"], item)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_not_read_says_so(judged, page):
    for row, item in judged[page]:
        if row["id"] in UNREAD:
            assert item is not None, row["id"]
            assert item.verdict == "unread"
            assert item.reason


def test_at_least_95_percent_of_the_judged_rows_are_read(judged):
    known = [item for page in PAGES for row, item in judged[page] if row["verdict"] in VERDICTS]
    read = [item for item in known if item is not None and item.verdict != "unread"]
    assert len(known) == 183
    assert len(read) >= 0.95 * len(known)


@pytest.mark.parametrize("page", PAGES)
def test_definitions_are_given(judged, page):
    for row, item in judged[page]:
        if row["verdict"] == "NOT-EQ" and item is not None:
            assert item.verdict == "given", (row["id"], item)


@pytest.mark.parametrize(
    ("row_id", "slip"),
    [
        ("S0.21", "sign"),
        ("S1.42", "missing factor w2"),
        ("S2.24", "stray differential"),
        ("S2.31", "a factor of 0.5"),
        ("S2.50", "stray factor x"),
        ("S3.61", "argument: f is taken at a1, not at z1"),
        ("S3.68", "w is updated before it is used"),
        ("S4.8", "variable: differentiated by a, not by z"),
        ("S4.18", "sign"),
    ],
)
def test_the_slip_is_named(judged, row_id, slip):
    item = next(item for row, item in judged[row_id[:2]] if row["id"] == row_id)
    assert (item.slip, item.origin) == (slip, "root")


@pytest.mark.parametrize("row_id", ["S2.25", "S2.32", "S2.33", "S2.38", "S2.40", "S2.48", "S2.49", "S3.67"])
def test_what_follows_from_an_earlier_slip_is_inherited(judged, row_id):
    item = next(item for row, item in judged[row_id[:2]] if row["id"] == row_id)
    assert item.origin == "inherited"


@pytest.mark.parametrize("row_id", ["S0.22", "S1.34", "S3.41", "S4.9", "S4.19"])
def test_a_right_line_behind_a_wrong_one_does_not_follow(judged, row_id):
    row, item = next((row, item) for row, item in judged[row_id[:2]] if row["id"] == row_id)
    if row["link_ok"] is False:
        assert item.follows is False
    assert item.verdict in {"exact", "scalar"}
