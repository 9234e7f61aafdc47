"""Tables: files and data frames to arrays and back, by a frozen plan of preparation.

>>> from chainrule.tables import PreparationPlan, as_table
>>> import polars as pl
>>> cells = {"size": [1.0, 2.0, 3.0], "colour": ["red", "blue", "red"], "price": [10.0, 24.5, 30.1]}
>>> table = as_table(pl.DataFrame(cells))
>>> plan = PreparationPlan.fit(table, target="price")
>>> plan.task, plan.feature_names
('regression', ('size', 'colour=red'))
>>> X, y = plan.transform(table), plan.transform_target(table)
"""

from chainrule.tables.column_kinds import Settings
from chainrule.tables.errors import TableError
from chainrule.tables.frames import as_table
from chainrule.tables.plan import PreparationPlan, Prepared
from chainrule.tables.reading import read_table, stream_table
from chainrule.tables.report import PreparationReport
from chainrule.tables.splitting import Split, held_out, k_folds
from chainrule.tables.table import Table
from chainrule.tables.targets import with_target
from chainrule.tables.writing import Written, with_predictions, write_table

__all__ = [
    "PreparationPlan",
    "PreparationReport",
    "Prepared",
    "Settings",
    "Split",
    "Table",
    "TableError",
    "Written",
    "as_table",
    "held_out",
    "k_folds",
    "read_table",
    "stream_table",
    "with_predictions",
    "with_target",
    "write_table",
]
