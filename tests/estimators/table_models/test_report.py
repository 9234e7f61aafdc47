"""The report: one page that loads nothing, holds what it should, and cannot be broken by what stands in a table."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import chainrule as cr
from chainrule.estimators.table_models.report.axes import Scale, scale_x
from chainrule.estimators.table_models.report.figures import loss_figure
from chainrule.estimators.table_models.report.markup import Markup, element
from chainrule.tables import TableError
from chainrule.training import History

VOID = {"meta", "br"}


class Balance(HTMLParser):
    """Tags that are open, and all that were met."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.met: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def report(tmp_path: Path, data: Any, target: str, **asked: Any) -> str:
    path = tmp_path / "report.html"
    cr.train_table(data, target, report=path, **({"epochs": 3, "hidden": (4,)} | asked))
    page = path.read_text(encoding="utf-8")
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in balance.met}
    assert not {"src", "href", "onload", "onclick"} & {name for _, attributes in balance.met for name in attributes}
    drawn = re.findall(r' (?:c?[xy][12]?|r|d)="([^"]*)"', page)
    assert drawn
    assert not any("nan" in place or "inf" in place for place in drawn)
    return page


def test_classes(tmp_path: Path, repository: Path) -> None:
    page = report(tmp_path, repository / "examples" / "iris.csv", "species")
    for part in (
        "species from iris.csv",
        "balanced accuracy",
        "majority class",
        "linear model",
        "true ↓<br>predicted →",
    ):
        assert part in page
    for part in ("4 -&gt; 4 relu -&gt; 3 softmax", "Reliability", "The worst predictions", "sepal", "∂J/∂W₁"):
        assert part in page
    assert page.count("<svg") == 3
    assert str(repository) not in page


def test_numbers(tmp_path: Path, repository: Path) -> None:
    page = report(tmp_path, repository / "examples" / "diabetes.csv", "progression")
    for part in ("R²", "RMSE", "true progression", "off by", "kept: epoch"):
        assert part in page
    assert page.count("<svg") == 3


def test_folds(tmp_path: Path, repository: Path) -> None:
    page = report(tmp_path, repository / "examples" / "iris.csv", "species", cv=3)
    assert "150 rows, each held out once in 3 folds" in page
    assert "network, ± over folds" in page


def test_a_cell_cannot_be_markup(tmp_path: Path) -> None:
    evil = '<script>alert("1")</script>'
    data = pl.DataFrame({evil: [evil, "b & c"] * 30, "x": range(60), "y": [f"{evil}{k % 2}" for k in range(60)]})
    page = report(tmp_path, data, "y")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_table_of_few_rows_and_one_epoch(tmp_path: Path) -> None:
    data = pl.DataFrame({"x": range(6), "y": [1.0, 2, 4, 8, 16, 33]})
    page = report(tmp_path, data, "y", epochs=1, hidden=())
    assert "only 2 rows held out" in page


@pytest.mark.slow
def test_many_columns_and_classes(tmp_path: Path) -> None:
    data = pl.DataFrame({f"c{k}": [(r * (k + 3)) % 17 + 0.5 * r for r in range(200)] for k in range(300)})
    page = report(tmp_path, data.with_columns(y=pl.Series([f"class {k % 40}" for k in range(200)])), "y")
    assert "and 100 more columns" in page
    assert "true ↓" not in page
    assert "Most often taken for another" in page


def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    data = pl.DataFrame({"x": range(60), "y": range(60)})
    with pytest.raises(TableError, match="cannot be written"):
        cr.train_table(data, "y", epochs=1, report=tmp_path / "none" / "report.html")


def test_what_is_between_tags_is_escaped_once() -> None:
    assert element("p", "<b>", element("i", "&"), _class='"') == '<p class="&quot;">&lt;b&gt;<i>&amp;</i></p>'
    assert isinstance(element("p"), Markup)


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Scale(0, 1, 0, 100), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (Scale(-3, 12, 0, 100), [0, 5, 10]),
        (Scale(0.004, 0.3, 0, 100, logarithmic=True), [0.01, 0.1]),
        (Scale(0.04, 0.3, 0, 100, logarithmic=True), [0.05, 0.1, 0.2]),
        (Scale(1, 3, 0, 100), [1, 1.5, 2, 2.5, 3]),
    ],
)
def test_ticks_are_round(scale: Scale, ticks: list[float]) -> None:
    assert scale.ticks == pytest.approx(ticks)


def test_scales_end_at_their_ends() -> None:
    across = scale_x(5, 25)
    assert (across(5), across(25)) == (across.start, across.end)
    high = Scale(0.01, 1, 100, 0, logarithmic=True)
    assert high(0.1) == pytest.approx(50)
    assert scale_x(3, 3)(3) == scale_x(3, 3).start


def test_a_loss_that_is_not_finite_is_a_gap() -> None:
    drawing = loss_figure(History(loss=[3.0, float("nan"), 2.0, 1.0], stopped="epochs"))
    assert drawing is not None
    assert drawing.count('class="one"') == 2
    assert "nan" not in drawing
    assert loss_figure(History(loss=[float("nan")] * 3)) is None
