"""A term on one line of ASCII, for messages and debugging; `chainrule.notation` writes for readers."""

from __future__ import annotations

from chainrule.expressions.terms import Apply, Call, Number, Reduce, Size, Symbol, Term

__all__ = ["plain"]

_INFIX = {"add": (" + ", 1), "sub": (" - ", 1), "mul": (" * ", 2), "div": (" / ", 2), "pow": ("**", 4)}


def plain(node: Term, binding: int = 0) -> str:
    """A term on one line of ASCII, with only the brackets that its value needs: x · (y / z) is ``x * y / z``."""

    def bracketed(text: str, own: int) -> str:
        return f"({text})" if own < binding else text

    match node:
        case Number(value):
            return bracketed(repr(value).removesuffix(".0"), 5 if value >= 0 else 1)
        case Symbol(name):
            return name
        case Size(axis):
            return f"size({axis})"
        case Call(function, argument, order):
            return f"{function.name}{chr(39) * order}({plain(argument)})"
        case Reduce(operation, over, operand):
            return f"{operation}[{','.join(over)}]({plain(operand)})"
        case Apply("neg", (value,)):
            return bracketed(f"-{plain(value, 3)}", 2)
        case Apply(operation, (left, right)) if operation in _INFIX:
            sign_, own = _INFIX[operation]
            right_binding = own if operation in ("add", "mul", "pow") else own + 1
            return bracketed(f"{plain(left, own + (operation == 'pow'))}{sign_}{plain(right, right_binding)}", own)
        case Apply(operation, arguments):
            return f"{operation}({', '.join(plain(argument) for argument in arguments)})"
    raise TypeError(f"not a term: {node!r}")
