"""Every real data set: its task is found, its columns are prepared, its plan survives JSON."""

import json
from pathlib import Path

import numpy as np
import pytest

from chainrule.tables import PreparationPlan, read_table

NAMES = [
    "adult",
    "ames",
    "breast_cancer",
    "california",
    "concrete",
    "diabetes",
    "digits",
    "hotel_rates",
    "letter",
    pytest.param("mnist", marks=pytest.mark.slow),
    "penguins",
    "phoneme",
    "satimage",
    "telco_churn",
    "titanic",
    "wine_quality",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_real_table_is_understood(name: str, shared: Path) -> None:
    facts = json.loads((shared / "datasets" / f"{name}.json").read_text(encoding="utf-8"))
    table = read_table(shared / "datasets" / facts["file"])
    assert len(table) == facts["rows"]

    plan = PreparationPlan.fit(table, facts["target"])
    assert plan.task == ("regression" if facts["task"] == "regression" else "classification")
    kinds = {column.name: column.kind for column in plan.columns}
    numeric = [f"p{k}" for k in range(784)] if name == "mnist" else facts["numeric"]
    assert {kinds[column] for column in numeric} <= {"number", "boolean", "left out"}
    assert {kinds[column] for column in facts["categorical"]} <= {"category", "boolean"}
    left_out = [column.name for column in plan.columns if column.kind == "left out"]
    assert all(column.startswith("p") and name in {"digits", "mnist"} for column in left_out)  # blank pixels

    prepared = plan.prepare(table, np.float32)
    assert prepared.X.shape == (facts["rows"], len(prepared.feature_names))
    assert np.isfinite(prepared.X).all()
    assert sum(cells.missing for cells in prepared.report.noticed.values()) == facts["missing_cells"]
    assert PreparationPlan.from_json(plan.to_json()) == plan

    answers = plan.inverse_target(plan.transform_target(table))
    if plan.task == "regression":
        np.testing.assert_allclose(answers, table.column(facts["target"]).cast(float), rtol=1e-12, atol=1e-9)
    else:
        assert [str(answer) for answer in answers] == [str(cell) for cell in table.column(facts["target"])]
