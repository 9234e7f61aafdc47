"""Write the example tables from the data that scikit-learn bundles.

    python examples/make_examples.py [FOLDER]      (default: the folder of this file)

Where each table is from and under which terms: README.md beside this file.
"""

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris


def column_name(words: str) -> str:
    """'sepal length (cm)' → 'sepal_length_cm'."""
    return "_".join(words.replace("(", "").replace(")", "").split())


def as_csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """One header line, then the rows; floats in their shortest exact form."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def example_tables() -> Iterator[tuple[str, str]]:
    """Each example as (file name, CSV text)."""
    for file_name, target, bunch in (
        ("breast_cancer.csv", "diagnosis", load_breast_cancer()),
        ("iris.csv", "species", load_iris()),
    ):
        header = [*map(column_name, bunch.feature_names), target]
        classes = bunch.target_names[bunch.target]
        yield file_name, as_csv(header, ((*x.tolist(), y) for x, y in zip(bunch.data, classes, strict=True)))

    bunch = load_diabetes(scaled=False)  # in years, kg/m², mm Hg …: a table as its owner has it
    header = [*bunch.feature_names, "progression"]
    rows = zip(bunch.data.tolist(), bunch.target.tolist(), strict=True)
    yield "diabetes.csv", as_csv(header, ((*x, y) for x, y in rows))


def main(folder: Path) -> None:
    """Write every example table into `folder`."""
    for file_name, text in example_tables():
        (folder / file_name).write_text(text, encoding="utf-8")
        print(f"{file_name}: {text.count(chr(10)) - 1} rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
