"""The rules of the house, as functions from source text to violations; test_architecture.py applies them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = "chainrule"


@dataclass(frozen=True, eq=False)
class Module:
    """One source file: its dotted name, its text and its syntax tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str | None:
        """The folder (or the one file) directly under the package; None for the package itself."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else None


@dataclass(frozen=True)
class Import:
    """One imported name and where the import stands."""

    target: str
    line: int
    function: str | None  # "Network.trace" when inside one; None at module level
    for_types_only: bool  # under `if TYPE_CHECKING:`


@dataclass(frozen=True)
class Door:
    """A lazy import of a lower room that a public object is allowed, and why."""

    module: str
    function: str
    room: str
    reason: str


def modules_in(source_root: Path) -> list[Module]:
    """Every Python file of the package under `source_root`."""
    found = []
    for path in sorted((source_root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(source_root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        found.append(Module(name, path, text, ast.parse(text, filename=str(path))))
    return found


@cache
def imports_of(module: Module) -> tuple[Import, ...]:
    """Every import of a module: statements at any depth, and import_module("…") with a literal name."""
    return tuple(_imports(module, module.tree, (), in_function=False, for_types_only=False))


def _imports(
    module: Module, node: ast.AST, scope: tuple[str, ...], *, in_function: bool, for_types_only: bool
) -> Iterator[Import]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        scope = (*scope, node.name)
        in_function = in_function or not isinstance(node, ast.ClassDef)
    function = ".".join(scope) if in_function else None
    for target in _targets(module, node):
        yield Import(target, node.lineno, function, for_types_only)
    if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
        for child in node.body:
            yield from _imports(module, child, scope, in_function=in_function, for_types_only=True)
        children: list[ast.AST] = list(node.orelse)
    else:
        children = list(ast.iter_child_nodes(node))
    for child in children:
        yield from _imports(module, child, scope, in_function=in_function, for_types_only=for_types_only)


def _targets(module: Module, node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        start = node.module or ""
        if node.level:
            parts = module.name.split(".")
            keep = len(parts) - node.level + (module.path.name == "__init__.py")
            start = ".".join([*parts[:keep], *([node.module] if node.module else [])])
        # "from chainrule import engines" imports the room; "from chainrule.engines import run" a name in it
        return [f"{start}.{alias.name}" for alias in node.names]
    if (
        isinstance(node, ast.Call)
        and _called(node) in {"import_module", "__import__"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ):
        return [node.args[0].value]
    return []


def _called(call: ast.Call) -> str:
    """The last name of what is called: import_module for importlib.import_module("…")."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def downward_imports(modules: list[Module], rooms: tuple[str, ...], doors: tuple[Door, ...]) -> list[str]:
    """Imports of a room that comes later in `rooms`, unless a door allows them."""
    found = []
    for module in modules:
        if module.room is None or module.room not in rooms:  # the public face and __main__ may reach every room
            continue
        allowed = {(door.function, door.room) for door in doors if door.module == module.name}
        for item in imports_of(module):
            parts = item.target.split(".")
            room = parts[1] if parts[0] == PACKAGE and len(parts) > 1 else None
            if room not in rooms or rooms.index(room) <= rooms.index(module.room):
                continue
            # A door's signature may name the types of the room that it opens to.
            named_for_types = item.for_types_only and room in {door_room for _, door_room in allowed}
            if (item.function, room) not in allowed and not named_for_types:
                where = f"{module.name}:{item.line} ({item.function or 'at module level'})"
                found.append(f"{where} imports {item.target}: {module.room} may not import {room} but through a door")
    return found


def downward_imports_of_folders(modules: list[Module], parent: str, folders: tuple[str, ...]) -> list[str]:
    """Imports of a folder of `parent` (a dotted name) that comes later in `folders`."""

    def folder_of(name: str) -> str | None:
        inside = name.removeprefix(f"{parent}.").split(".")[0] if name.startswith(f"{parent}.") else None
        return inside if inside in folders else None

    return [
        f"{module.name}:{item.line} imports {item.target}: {own} may not import {other}"
        for module in modules
        if (own := folder_of(module.name)) is not None
        for item in imports_of(module)
        if (other := folder_of(item.target)) is not None and folders.index(other) > folders.index(own)
    ]


def unused_doors(modules: list[Module], doors: tuple[Door, ...]) -> list[str]:
    """Doors that no import goes through."""
    used = {
        (module.name, item.function, item.target.split(".")[1])
        for module in modules
        for item in imports_of(module)
        if item.target.startswith(f"{PACKAGE}.")
    }
    return [f"{door} is not used" for door in doors if (door.module, door.function, door.room) not in used]


def imports_of_the_public_face(modules: list[Module], rooms: tuple[str, ...]) -> list[str]:
    """Rooms that import a name from `chainrule` itself, which hides the room that it comes from."""
    return [
        f"{module.name}:{item.line} imports {item.target}: import it from its room"
        for module in modules
        if module.room is not None
        for item in imports_of(module)
        if item.target.split(".")[0] == PACKAGE
        and item.target.split(".")[1:2] not in [[room] for room in rooms]
        and item.target != f"{PACKAGE}.__version__"
    ]


def misplaced_modules(modules: list[Module], rooms: tuple[str, ...], at_the_top: tuple[str, ...]) -> list[str]:
    """Files outside every room."""
    return [
        f"{module.path.name} is in no room of the house"
        for module in modules
        if module.room is not None and module.room not in (*rooms, *at_the_top)
    ]


def nameless_rooms(modules: list[Module], banned: tuple[str, ...]) -> list[str]:
    """Folders and files whose name says nothing of what lives there."""
    return [
        f"{module.name}: {part!r} says nothing of what lives there"
        for module in modules
        for part in module.name.split(".")
        if part.strip("_") in banned
    ]


def long_files(modules: list[Module], limit: int) -> list[str]:
    """Files of more than `limit` lines."""
    return [
        f"{module.name} has {lines} lines; split it (limit {limit})"
        for module in modules
        if (lines := len(module.text.splitlines())) > limit
    ]


def eager_packages(modules: list[Module], homes: dict[str, tuple[str, ...]]) -> list[str]:
    """Imports of an optional or slow package at module level, outside the modules that exist for it."""
    return [
        f"{module.name}:{item.line} imports {package} at module level; import it where it is used"
        for module in modules
        for item in imports_of(module)
        if (package := item.target.split(".")[0]) in homes
        and item.function is None
        and not item.for_types_only
        and not any(module.name == home or module.name.startswith(f"{home}.") for home in homes[package])
    ]


def forbidden_packages(modules: list[Module], packages: tuple[str, ...]) -> list[str]:
    """Imports, at any depth, of a package that has no place in src."""
    return [
        f"{module.name}:{item.line} imports {item.target}"
        for module in modules
        for item in imports_of(module)
        if item.target.split(".")[0] in packages
    ]


def undeclared_packages(modules: list[Module], known: set[str]) -> list[str]:
    """Imports of a package that neither Python nor pyproject.toml brings."""
    return [
        f"{module.name}:{item.line} imports {item.target}, which pyproject.toml does not declare"
        for module in modules
        for item in imports_of(module)
        if item.target.split(".")[0] not in known | {PACKAGE}
    ]


EXECUTES_TEXT = {
    "eval",
    "exec",
    "__import__",
    "sympify",
    "parse_expr",
    "lambdify",
}  # the last three call eval


def executed_text(modules: list[Module], allowed: dict[tuple[str, str], str]) -> list[str]:
    """Uses of what executes text or unpickles, unless (module, what) is allowed with a reason."""
    return [
        f"{module.name}:{node.lineno} uses {name}"
        for module in modules
        for node in ast.walk(module.tree)
        if (name := _executes(node)) and (module.name, name) not in allowed
    ]


def _executes(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="builtins" | "sympy"), attr=name):
            return name if name in EXECUTES_TEXT else None
        case ast.keyword(arg="allow_pickle", value=value):
            return None if isinstance(value, ast.Constant) and value.value is False else "allow_pickle"
    return None
