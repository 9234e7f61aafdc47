"""The house: which room may import which, and what may not be in any.

Each rule is a function in tests/architecture.py; here it is applied to src/chainrule, and shown to catch a
planted fault.
"""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests import architecture
from tests.architecture import Door, Module, modules_in

# A room imports only rooms above it.
ROOMS = (
    "expressions",
    "network",
    "calculus",
    "notation",
    "engines",
    "training",
    "tables",
    "estimators",
    "checking",
    "export",
    "cli",
    "studio",
)

# The folders of a large room import one way too.
FOLDERS = {"chainrule.checking.document": ("reading", "meaning", "judging", "explaining", "reporting")}

# What may lie beside the rooms.
AT_THE_TOP = ("__main__",)

# Where a public object reaches a lower room: lazily, inside this function only.
DOORS = (
    Door(
        "chainrule.network.declaration",
        "Network.trace",
        "engines",
        "a declaration shows the values of one step without its reader knowing any engine",
    ),
    Door(
        "chainrule.estimators.table_models.model",
        "Model.save",
        "export",
        "a model writes itself without its reader knowing the file's format",
    ),
    Door(
        "chainrule.calculus.derivation",
        "Derivation.trace",
        "engines",
        "a derivation shows the values of one step, updates included",
    ),
    Door(
        "chainrule.calculus.derivation",
        "Derivation.to_text",
        "notation",
        "a derivation shows itself in the reader's notation",
    ),
    Door(
        "chainrule.calculus.derivation",
        "Derivation.to_latex",
        "notation",
        "a derivation shows itself in the reader's notation",
    ),
    Door(
        "chainrule.calculus.derivation",
        "Derivation.to_markdown",
        "notation",
        "a derivation shows itself in the reader's notation",
    ),
    Door(
        "chainrule.calculus.derivation",
        "Derivation.to_html",
        "notation",
        "a derivation shows itself in the reader's notation",
    ),
    Door(
        "chainrule.calculus.derivation",
        "Derivation.to_json",
        "notation",
        "a derivation shows itself in the reader's notation",
    ),
    Door(
        "chainrule.calculus.derivation",
        "Derivation.to_python",
        "notation",
        "a derivation shows itself in the reader's notation",
    ),
    Door(
        "chainrule.calculus.derivation",
        "Derivation._repr_html_",
        "notation",
        "a derivation shows itself in the reader's notation",
    ),
    Door(
        "chainrule.calculus.derivation",
        "Derivation._repr_latex_",
        "notation",
        "a derivation shows itself in the reader's notation",
    ),
)

NAMELESS = ("utils", "util", "helpers", "helper", "common", "misc")
LINES_AT_MOST = 500

# Optional or slow packages, and the modules that exist for them; elsewhere only a function imports them.
LAZY_PACKAGES: dict[str, tuple[str, ...]] = {
    "jax": ("chainrule.engines.jax",),
    "jaxlib": ("chainrule.engines.jax",),
    "onnx": ("chainrule.export.onnx",),
    "onnxruntime": ("chainrule.export.onnx",),
    "matplotlib": (),
    "sympy": (),  # half a second to import, and not needed to train
}

# torch is a peer in benchmarks; the others load objects that execute code.
FORBIDDEN_PACKAGES = ("torch", "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")

# (module, what it uses) → reason
EXECUTED_TEXT: dict[tuple[str, str], str] = {}

# Written in pieces, so that this file does not contain what it looks for.
MACHINE_PATHS = re.compile(
    "|".join(f"/{folder}/" for folder in ("wo" + "rk", "fa" + "rm", "ro" + "ot")) + r"|\.libra" + "ry/"
)


@pytest.fixture(scope="module")
def modules(repository: Path) -> list[Module]:
    return modules_in(repository / "src")


def declared_packages(repository: Path) -> set[str]:
    """Import names of the standard library and of what pyproject.toml declares for users."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(line for name, lines in extras.items() if name != "test" for line in lines),
    ]
    declared = {re.split(r"[<>=!~\[; ]", line)[0].lower() for line in wanted}
    installed = packages_distributions()
    imported_as = {name for name, owners in installed.items() if declared & {owner.lower() for owner in owners}}
    return set(sys.stdlib_module_names) | imported_as | declared


def test_a_room_imports_only_rooms_above_it(modules: list[Module]) -> None:
    assert architecture.downward_imports(modules, ROOMS, DOORS) == []


@pytest.mark.parametrize("parent", FOLDERS)
def test_a_folder_imports_only_folders_above_it(modules: list[Module], parent: str) -> None:
    assert any(module.name.startswith(f"{parent}.{FOLDERS[parent][0]}.") for module in modules)
    assert architecture.downward_imports_of_folders(modules, parent, FOLDERS[parent]) == []


def test_every_door_is_used(modules: list[Module]) -> None:
    assert architecture.unused_doors(modules, DOORS) == []


def test_rooms_import_from_rooms(modules: list[Module]) -> None:
    assert architecture.imports_of_the_public_face(modules, ROOMS) == []


def test_every_module_lives_in_a_room(modules: list[Module]) -> None:
    assert architecture.misplaced_modules(modules, ROOMS, AT_THE_TOP) == []


def test_names_say_what_lives_there(modules: list[Module]) -> None:
    assert architecture.nameless_rooms(modules, NAMELESS) == []


def test_files_are_short(modules: list[Module]) -> None:
    assert architecture.long_files(modules, LINES_AT_MOST) == []


def test_optional_packages_are_imported_lazily(modules: list[Module]) -> None:
    assert architecture.eager_packages(modules, LAZY_PACKAGES) == []


def test_no_forbidden_package(modules: list[Module]) -> None:
    assert architecture.forbidden_packages(modules, FORBIDDEN_PACKAGES) == []


def test_imported_packages_are_declared(modules: list[Module], repository: Path) -> None:
    assert architecture.undeclared_packages(modules, declared_packages(repository)) == []


def test_no_text_is_executed(modules: list[Module]) -> None:
    assert architecture.executed_text(modules, EXECUTED_TEXT) == []


def tracked_files(repository: Path) -> list[Path]:
    git = ["git", "-c", "safe.directory=*", "-C", str(repository), "ls-files", "-z"]
    listed = subprocess.run(git, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [repository / name for name in listed.stdout.split("\0") if name]


def machine_paths(files: list[Path]) -> list[str]:
    """Lines that speak of one machine."""
    return [
        f"{path.name}:{number}: {line.strip()[:100]}"
        for path in files
        if path.is_file()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if MACHINE_PATHS.search(line)
    ]


def test_no_file_speaks_of_one_machine(repository: Path) -> None:
    assert machine_paths(tracked_files(repository)) == []


# --- planted faults: each rule catches what it is for, in a made-up package ---


def planted(root: Path, files: dict[str, str]) -> list[Module]:
    """A made-up package: the given files, each folder a package."""
    for name, text in files.items():
        path = root / "chainrule" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return modules_in(root)


@pytest.mark.parametrize(
    "text",
    [
        "import chainrule.engines.reference",
        "from chainrule.engines import reference",
        "from chainrule import engines",
        "from ..engines import reference",
        "from .. import engines",
        "def f():\n    from chainrule.engines import reference",
        "class C:\n    def f(self):\n        if self:\n            import chainrule.engines",
        "import importlib\nimportlib.import_module('chainrule.engines.reference')",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from chainrule.engines import Trace",
    ],
)
def test_a_downward_import_is_caught(tmp_path: Path, text: str) -> None:
    tree = planted(tmp_path, {"network/layers.py": text, "engines/reference.py": "import chainrule.network.layers"})
    [violation] = architecture.downward_imports(tree, ROOMS, ())
    assert "chainrule.network.layers" in violation
    assert "network may not import engines" in violation


def test_a_downward_import_in_a_package_file_is_caught(tmp_path: Path) -> None:
    tree = planted(tmp_path, {"network/__init__.py": "from ..engines import reference"})
    assert len(architecture.downward_imports(tree, ROOMS, ())) == 1


def test_a_downward_import_of_a_folder_is_caught(tmp_path: Path) -> None:
    files = {
        "checking/document/reading/source.py": "from chainrule.checking.document.judging import worlds",
        "checking/document/judging/worlds.py": "import chainrule.checking.document.reading.source",
        "checking/document/derivation.py": "import chainrule.checking.document.judging.worlds",
    }
    [violation] = architecture.downward_imports_of_folders(
        planted(tmp_path, files), "chainrule.checking.document", ("reading", "judging")
    )
    assert "reading may not import judging" in violation


def test_a_door_opens_one_function_to_one_room(tmp_path: Path) -> None:
    text = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n"
        "    from chainrule.engines.reference import Trace\n"
        "class Network:\n"
        "    def trace(self):\n"
        "        from chainrule.engines import reference\n"
        "        {more}\n"
        "    def other(self):\n"
        "        {other}\n"
    )
    door = Door("chainrule.network.network", "Network.trace", "engines", "net.trace(…) runs the reference engine")

    def violations(more: str, other: str) -> list[str]:
        tree = planted(tmp_path, {"network/network.py": text.format(more=more, other=other)})
        return architecture.downward_imports(tree, ROOMS, (door,))

    assert violations("pass", "pass") == []
    assert len(violations("import chainrule.training", "pass")) == 1
    assert len(violations("pass", "import chainrule.engines")) == 1


def test_a_door_at_module_level_is_caught(tmp_path: Path) -> None:
    door = Door("chainrule.network.network", "Network.trace", "engines", "lazily only")
    tree = planted(tmp_path, {"network/network.py": "import chainrule.engines.reference"})
    assert len(architecture.downward_imports(tree, ROOMS, (door,))) == 1
    assert len(architecture.unused_doors(tree, (door,))) == 1


def test_an_import_from_the_public_face_is_caught(tmp_path: Path) -> None:
    tree = planted(tmp_path, {"estimators/mlp.py": "from chainrule import Network, __version__\nimport chainrule"})
    found = architecture.imports_of_the_public_face(tree, ROOMS)
    assert [line.split(" imports ")[1].split(":")[0] for line in found] == ["chainrule.Network", "chainrule"]


def test_a_file_in_no_room_is_caught(tmp_path: Path) -> None:
    tree = planted(tmp_path, {"__init__.py": "", "__main__.py": "", "stray.py": "", "attic/old.py": ""})
    assert len(architecture.misplaced_modules(tree, ROOMS, AT_THE_TOP)) == 2


@pytest.mark.parametrize("name", ["utils/x.py", "network/helpers.py", "network/_common.py", "misc.py"])
def test_a_nameless_room_is_caught(tmp_path: Path, name: str) -> None:
    assert len(architecture.nameless_rooms(planted(tmp_path, {name: "", "network/layers.py": ""}), NAMELESS)) == 1


def test_a_long_file_is_caught(tmp_path: Path) -> None:
    tree = planted(tmp_path, {"network/long.py": "x = 1\n" * 501, "network/fits.py": "x = 1\n" * 500})
    [violation] = architecture.long_files(tree, LINES_AT_MOST)
    assert "chainrule.network.long has 501 lines" in violation


def test_an_eager_optional_package_is_caught(tmp_path: Path) -> None:
    tree = planted(
        tmp_path,
        {
            "engines/jax/run.py": "import jax.numpy",
            "engines/jaxlike.py": "import jax",
            "notation/show.py": "class C:\n    import sympy",
            "training/lazy.py": "def f():\n    import matplotlib.pyplot",
        },
    )
    found = architecture.eager_packages(tree, LAZY_PACKAGES)
    assert sorted(line.split(":")[0] for line in found) == [
        "chainrule.engines.jaxlike",
        "chainrule.notation.show",
    ]


@pytest.mark.parametrize("text", ["import torch", "def f():\n    import torch.nn", "from pickle import loads"])
def test_a_forbidden_package_is_caught(tmp_path: Path, text: str) -> None:
    tree = planted(tmp_path, {"engines/x.py": text})
    assert len(architecture.forbidden_packages(tree, FORBIDDEN_PACKAGES)) == 1


def test_an_undeclared_package_is_caught(tmp_path: Path, repository: Path) -> None:
    tree = planted(tmp_path, {"engines/x.py": "import numpy, sklearn.base, os.path, chainrule.network, hypothesis"})
    [violation] = architecture.undeclared_packages(tree, declared_packages(repository))
    assert "hypothesis" in violation


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("eval('1')", "eval"),
        ("run = exec", "exec"),
        ("import builtins\nbuiltins.eval('1')", "eval"),
        ("__import__(name)", "__import__"),
        ("def f():\n    import sympy\n    return sympy.sympify('x')", "sympify"),
        ("import numpy\nnumpy.load('f', allow_pickle=True)", "allow_pickle"),
    ],
)
def test_executed_text_is_caught(tmp_path: Path, text: str, use: str) -> None:
    innocent = "import re, numpy\nre.compile('x')\nnumpy.load('f', allow_pickle=False)\nmodel.eval()"
    tree = planted(tmp_path, {"export/x.py": text, "export/y.py": innocent})
    [violation] = architecture.executed_text(tree, {})
    assert violation.startswith("chainrule.export.x")
    assert violation.endswith(f"uses {use}")
    assert architecture.executed_text(tree, {("chainrule.export.x", use): "a reason"}) == []


def test_a_machine_path_is_caught(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.md", tmp_path / "good.md"
    bad.write_text("fine\nsee /wo" + "rk/main/notes\n", encoding="utf-8")
    good.write_text("a framework/network/layer, https://example.org/works\n", encoding="utf-8")
    assert machine_paths([bad, good]) == ["bad.md:2: see /wo" + "rk/main/notes"]
