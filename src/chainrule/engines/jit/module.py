"""A module of LLVM text: functions, each text only once however many layers ask for it."""

from __future__ import annotations

from chainrule.engines.jit.emit import Function
from chainrule.engines.jit.target import Target

__all__ = ["Module"]


class Module:
    """Collects functions for one target."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._definitions: list[str] = []
        self._names: dict[str, str] = {}

    def add(self, function: Function, name: str) -> str:
        """Add a function; give its name, which is that of an equal function where there is one already."""
        anonymous = function.text("_")
        if anonymous in self._names:
            return self._names[anonymous]
        taken = set(self._names.values())
        unique = (
            name if name not in taken else next(f"{name}_{k}" for k in range(2, 10**6) if f"{name}_{k}" not in taken)
        )
        self._names[anonymous] = unique
        self._definitions.append(function.text(unique))
        return unique

    @property
    def text(self) -> str:
        features = self.target.function_attributes
        attributes = f"attributes #0 = {{ {features} }}\nattributes #1 = {{ noinline optnone {features} }}"
        return "\n\n".join([f'target triple = "{self.target.triple}"', *self._definitions, attributes]) + "\n"
