"""The public face: what `chainrule` offers, with which signatures, and what importing it costs.

After an intended change, write the snapshot anew and review its diff:

    pytest tests/test_public_names.py --update-snapshots
"""

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import chainrule


def signature(value: Callable[..., object]) -> str:
    """Names, kinds and defaults; types are mypy's to judge, and each Python prints them differently."""
    given = inspect.signature(value)
    bare = [p.replace(annotation=p.empty) for p in given.parameters.values()]
    return str(given.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def public_members(cls: type) -> Iterator[tuple[str, object]]:
    """The public attributes of a class that chainrule itself defines, wherever in its ancestry."""
    owned = [base for base in cls.__mro__ if base.__module__.split(".")[0] == "chainrule"]
    members: dict[str, object] = {}
    for base in reversed(owned):
        members.update((name, value) for name, value in vars(base).items() if not name.startswith("_"))
    return iter(sorted(members.items()))


def described(name: str, value: object) -> Iterator[str]:
    """A public name in one line, and the members of a class each in one more."""
    if not isinstance(value, type):
        yield f"{name}{signature(value)}" if callable(value) else f"{name}: {type(value).__name__}"
        return
    yield f"class {name}{signature(value)}"
    for member, content in public_members(value):
        if isinstance(content, classmethod | staticmethod):
            yield f"    {type(content).__name__} {member}{signature(content.__func__)}"
        elif inspect.isfunction(content):
            yield f"    {member}{signature(content)}"
        else:
            yield f"    {member}"


def test_names_and_signatures_are_as_pinned(snapshot: Callable[[str, str], None]) -> None:
    lines = [line for name in sorted(chainrule.__all__) for line in described(name, getattr(chainrule, name))]
    snapshot("public_names.txt", "\n".join(lines) + "\n")


def test_type_checkers_and_python_see_the_same_names(repository: Path) -> None:
    tree = ast.parse((repository / "src" / "chainrule" / "__init__.py").read_text(encoding="utf-8"))
    typed = {
        alias.asname or alias.name: statement.module
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in ast.walk(node)
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert typed == chainrule._HOMES
    assert set(chainrule.__all__) == {"__version__", *chainrule._HOMES}
    assert len(chainrule.__all__) == len(set(chainrule.__all__))


def undocumented(name: str, value: object) -> list[str]:
    """What a public object's docstring lacks: itself, an example that runs, its public members'."""
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return []
    found = [f"{name} has no docstring"] if not inspect.getdoc(value) else []
    if ">>>" not in (value.__doc__ or ""):
        found.append(f"{name} has no example")
    if isinstance(value, type):
        for member, content in public_members(value):
            needs_text = isinstance(content, property) or inspect.isroutine(getattr(value, member))
            if needs_text and not inspect.getdoc(getattr(value, member)):
                found.append(f"{name}.{member} has no docstring")
    return found


# Debts, to be paid and struck off this list; no new one is taken.
WITHOUT_EXAMPLE = {"SGD", "Adam", "AdamW", "Derivation", "Penalty"}


def test_public_names_are_documented() -> None:
    values = [(name, getattr(chainrule, name)) for name in chainrule.__all__]
    lacking = {line for name, value in values for line in undocumented(name, value)}
    assert lacking == {f"{name} has no example" for name in WITHOUT_EXAMPLE}


def test_missing_documentation_is_caught() -> None:
    class Bare:
        def method(self) -> None: ...

        @classmethod
        def parse(cls) -> None: ...

    def bare() -> None:
        """Say what, but show nothing."""

    Bare.__module__ = "chainrule.network"
    assert undocumented("bare", bare) == ["bare has no example"]
    assert undocumented("Bare", Bare) == [
        "Bare has no docstring",
        "Bare has no example",
        "Bare.method has no docstring",
        "Bare.parse has no docstring",
    ]


def test_dir_lists_the_public_names() -> None:
    assert dir(chainrule) == sorted(chainrule.__all__)


def test_an_unknown_name_is_refused_by_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        chainrule.Netwrok  # type: ignore[attr-defined]  # noqa: B018


def test_the_installed_version_is_the_packages() -> None:
    assert version("chainrule") == chainrule.__version__


def modules_loaded_by(statement: str) -> set[str]:
    """The names in sys.modules after the statement, in a Python of its own."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_import_is_light() -> None:
    loaded = modules_loaded_by("import chainrule")
    assert "chainrule" in loaded
    assert not loaded & {"numpy", "scipy", "sklearn", "sympy", "llvmlite", "polars", "rich", "typer", "jax"}
    assert not {name for name in loaded if name.startswith("chainrule.")}


@pytest.mark.slow
def test_a_name_loads_when_it_is_used() -> None:
    """What `test_import_is_light` sees is laziness, not absence."""
    for name, home in chainrule._HOMES.items():
        assert home in modules_loaded_by(f"from chainrule import {name}")
