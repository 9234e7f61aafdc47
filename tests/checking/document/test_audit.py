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


# Every WRONG row of the audit that is a root, with our name for its kind; S2.53 is read only after repair, see below.
ROOTS = {
    "S0.21": "wrong sign",
    "S1.42": "missing factor W^{[2]}ᵀ",
    "S2.24": "stray differential",
    "S2.35": "stray differential",
    "S2.43": "half of what is right",
    "S2.50": "one factor x too many",
    "S2.54": "y instead of a₁",
    "S3.39": "the derivative of Y instead of ℒ; differentiated by W₂ instead of z₂",
    "S3.43": "A₂ instead of w₂; f′ at A₁ instead of z₁",
    "S3.61": "f′ at A₁ instead of z₁",
    "S3.68": "w is updated before it is used",
    "S4.8": "differentiated by A instead of Z",
    "S4.18": "wrong sign",
}


def test_every_root_is_found_with_its_kind_of_slip(judged):
    wrong = {row["id"]: item for page in PAGES for row, item in judged[page] if row["slip_origin"] == "root"}
    assert set(wrong) - UNREAD == set(ROOTS)
    found = {row_id: (item.slip, item.origin) for row_id, item in wrong.items() if row_id not in UNREAD}
    assert found == {row_id: (slip, "root") for row_id, slip in ROOTS.items()}


def test_what_follows_from_an_earlier_slip_is_inherited(judged):
    inherited = {row["id"]: item for page in PAGES for row, item in judged[page] if row["slip_origin"] == "inherited"}
    assert len(inherited) == 12
    assert {item.origin for item in inherited.values()} == {"inherited"}


# Damage by OCR: what is offered, and the verdict that the audit gives the repaired line.
OFFERS = {
    "S1.33": "a lost square",
    "S1.44": "(i) for [1]",
    "S2.2": "2 for α",
    "S2.3": "2 for α",
    "S2.53": "× for X",
    "S3.16": "γ for y",
    "S3.17": "γ for y",
    "S3.18": "γ for y",
    "S3.19": "γ for y",
    "S3.35": "dz₂ for dz₁",
    "S3.45": "∂Y for ∂ℒ",
    "S3.48": "∂Y for ∂ℒ",
}


@pytest.mark.parametrize("row_id", OFFERS)
def test_damage_is_offered_a_repair_with_its_verdict(judged, row_id):
    row, item = next((row, item) for row, item in judged[row_id[:2]] if row["id"] == row_id)
    assert item.offer.damage == OFFERS[row_id]
    assert item.verdict in {"wrong", "unread"}  # offered, never applied
    repaired = row["verdict_if_repaired"] or row["verdict"]
    assert item.offer.verdict == {**VERDICTS, "NOT-EQ": "given"}[repaired]
    assert item.offer.slip == ("y instead of a₁" if row_id == "S2.53" else "")


@pytest.mark.parametrize("page", PAGES)
def test_no_line_that_is_right_is_offered_a_repair(judged, page):
    assert not [row["id"] for row, item in judged[page] if item is not None and item.offer and row["id"] not in OFFERS]


# Scalar lines of the audit for which no matrix form is shown: full Jacobians by weights, which have three axes.
WITHOUT_FORM = {"S0.62", "S0.64"}


@pytest.mark.parametrize("page", PAGES)
def test_scalar_lines_are_shown_the_matrix_form_that_they_want(judged, page):
    for row, item in judged[page]:
        if row["verdict"] == "SCALAR" and row["id"] not in UNREAD | WITHOUT_FORM:
            assert item.correct, row["id"]
            assert item.correct != item.right
            assert "it wants" in item.reason


@pytest.mark.parametrize(
    ("row_id", "form"),
    [
        ("S0.34", r"\operatorname{diag}(g(z_3) \odot [1 - g(z_3)]) \frac{\partial z_3}{\partial w_3}"),
        ("S0.39", r"(\hat{y} - y) a_2^\top"),
        ("S0.41", r"(a_3 - y) \mathbf{1}"),
        ("S0.60", r"\operatorname{diag}(g'(z_2))"),
        ("S0.66", r"[w_3^\top (a_3 - y) \odot g'(z_2)] a_1^\top"),
        ("S0.70", r"[w_2^\top [w_3^\top (a_3 - y) \odot g'(z_2)] \odot g'(z_1)] x^\top"),
        ("S1.43", r"\frac{1}{m} [W^{[2]\top} (T - Y) \odot \operatorname{ReLU}'(z^{[1]})] x^\top"),
        ("S3.66", r"\eta dZ \mathbf{1}"),
        ("S4.40", r"W^\top \frac{\partial L}{\partial Z}"),
    ],
)
def test_the_matrix_form_is_that_of_the_audit(judged, row_id, form):
    assert next(item for row, item in judged[row_id[:2]] if row["id"] == row_id).correct == form


@pytest.mark.parametrize("page", PAGES)
def test_the_largest_regime_in_which_a_line_holds_is_that_of_the_audit(judged, page):
    for row, item in judged[page]:
        if item is not None and item.verdict == "scalar" and row["verdict"] == "SCALAR":
            assert item.scope == row["scope"], row["id"]


@pytest.mark.parametrize("row_id", ["S0.22", "S1.34", "S1.43", "S3.40", "S4.9", "S4.19"])
def test_a_right_line_behind_a_wrong_one_does_not_follow(judged, row_id):
    row, item = next((row, item) for row, item in judged[row_id[:2]] if row["id"] == row_id)
    assert row["link_ok"] is False
    assert item.follows is False
    assert item.verdict in {"exact", "scalar"}
