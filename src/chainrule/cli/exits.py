"""How a command ends: a user's mistake is one line, Ctrl-C and a closed pipe are no accidents, a bug says so.

Exit status: 0; 1, the result says no; 2, usage or input that cannot be used; 70, a bug (EX_SOFTWARE of sysexits.h);
130 and 141, ended by Ctrl-C and by a closed pipe, as a shell reports these signals.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

from chainrule.cli.terminal import accept_any_encoding

NO, UNUSABLE, BUG, INTERRUPTED, PIPE_CLOSED = 1, 2, 70, 130, 141

P = ParamSpec("P")


class Refused(Exception):
    """What was asked cannot be done; the text says why, in one line."""


def complain(message: str) -> None:
    """One line on standard error."""
    print("chainrule:", " ".join(message.split("\n")), file=sys.stderr)  # noqa: T201


def ends_well(command: Callable[P, None]) -> Callable[P, None]:
    """The command, with every way it may end turned into an exit status."""

    @wraps(command)
    def ended(*args: P.args, **kwargs: P.kwargs) -> None:
        accept_any_encoding()
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except KeyboardInterrupt:
            complain("interrupted; nothing was written")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _forget_output()
            raise typer.Exit(PIPE_CLOSED) from None
        except MemoryError:
            complain("there is not enough memory for this; fewer rows or columns, or smaller layers, need less")
            raise typer.Exit(UNUSABLE) from None
        except OSError as error:
            _forget_output()
            complain(f"{error.filename or 'the output'}: {error.strerror or error}")
            raise typer.Exit(UNUSABLE) from None
        except Exception as error:  # noqa: BLE001  the last resort: whatever it is, the user is told what it means
            if isinstance(error, Refused) or _is_about_a_file(error):
                complain(str(error))
                raise typer.Exit(UNUSABLE) from None
            traceback.print_exc()
            complain("this is a bug in chainrule, not a mistake of yours; please report it with the lines above")
            raise typer.Exit(BUG) from None

    return ended


def _is_about_a_file(error: Exception) -> bool:
    """Whether a table or a model file is what is wrong; the rooms that say so are imported only then."""
    if not isinstance(error, ValueError):
        return False
    from chainrule.export import ModelFileError
    from chainrule.tables import TableError

    return isinstance(error, TableError | ModelFileError)


def _forget_output() -> None:
    """Nothing can be written any more; Python's own last flush must not complain about it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
