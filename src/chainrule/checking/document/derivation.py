"""`check_derivation`: a page in, a verdict for each line of its mathematics out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.checking.document.explaining.culprits import blamed
from chainrule.checking.document.explaining.damage import Reading, readings
from chainrule.checking.document.explaining.explaining_lines import Explainer
from chainrule.checking.document.explaining.kinds import Change, Kind, kinds_of, said_of
from chainrule.checking.document.explaining.matrix_forms import Form
from chainrule.checking.document.explaining.offers import Offer
from chainrule.checking.document.explaining.slips_of_lines import Slip, Slips
from chainrule.checking.document.judging.consistency import JudgedLine, elementwise_sign, fitted_loss
from chainrule.checking.document.judging.declared_shapes import misfits
from chainrule.checking.document.judging.derivative_rows import writes_columns
from chainrule.checking.document.judging.loops import cautions, disorders, learning_rate
from chainrule.checking.document.judging.verdicts import Judgement, Verdict
from chainrule.checking.document.judging.worlds import canonical
from chainrule.checking.document.meaning.customs import conventions_of, settled
from chainrule.checking.document.meaning.errors_of_layers import with_errors
from chainrule.checking.document.meaning.generic_layers import is_d_letter
from chainrule.checking.document.meaning.inferred import inferred
from chainrule.checking.document.meaning.letters import LOSSES, Quantity, quantity
from chainrule.checking.document.meaning.model import Model, build, is_function, is_shape
from chainrule.checking.document.meaning.supplied import as_network, with_loss, with_network
from chainrule.checking.document.reading.places import Place
from chainrule.checking.document.reading.source import source_text
from chainrule.checking.document.reading.statements import Page, Side, Statement, read_page
from chainrule.checking.document.reporting.report import DerivationReport, Item
from chainrule.notation.latex import to_latex
from chainrule.notation.tree import Applied, Gradient, Letter, Mark, Node, Partial, letters, walk

if TYPE_CHECKING:
    from chainrule.expressions.losses import Loss
    from chainrule.network import Network

_SHOWN = 400  # characters of a formula that is refused


def check_derivation(
    text_or_path: str | Path, network: Network | str | None = None, loss: str | Loss | None = None
) -> DerivationReport:
    r"""Judge every line of a written derivation by values: nothing of it is executed.

    Every link a = b of the page is evaluated at random numbers (one number, one sample, a batch, several outputs)
    against the derivatives of the network and the loss that the page itself defines.

    Parameters
    ----------
    text_or_path : str or pathlib.Path
        Markdown, LaTeX or plain text with prose between the formulas. A str is the text itself: whether a file has that
        name is not tried. Give a `pathlib.Path` to have a file read.
    network : Network or str, optional
        What the page is about, as in ``"2 -> 3 relu -> 1 sigmoid"``: judges the page's own forward pass too, which
        otherwise is believed.
    loss : str or Loss, optional
        The loss that gradients are of, in the place of the one that the page states.

    Returns
    -------
    DerivationReport
        Its ``items`` are the links a = b with their verdicts: **given** (a definition), **exact** (holds as written, as
        arrays), **scalar** (holds for numbers, wants transposes, ⊙ or a sum as arrays), **wrong** (fails for numbers),
        **order** (a loop that uses what it has just changed), **unread** (with the reason). ``networks`` is what the
        page was found to define, ``ok`` whether nothing is wrong. Printed, it shows the source with carets.

    Raises
    ------
    ValueError
        If there are more than 400,000 characters or 3,000 equations, or the file is not text in UTF-8; if the network
        or the loss is unknown, or they don't fit.
    OSError
        If the file cannot be read.
    TypeError
        If it is neither a str nor a Path, or the network neither a Network nor a str.

    Examples
    --------
    >>> report = check_derivation(r'''$z = w x + b$, $a = \sigma(z)$,
    ... $L = -[y \log a + (1-y) \log(1-a)]$. So $\frac{\partial L}{\partial w} = (a - y) x^T$
    ... and $\frac{\partial L}{\partial b} = y - a$.''')
    >>> [item.verdict for item in report.items]
    ['given', 'given', 'given', 'exact', 'wrong']
    >>> report.items[-1].slip, report.items[-1].correct, report.ok
    ('wrong sign', '-(y - a)', False)
    """
    text = source_text(text_or_path)
    page = settled(read_page(text, conventions_of(text)))
    plain, layered = _with_supplied(build(page), page, network, loss)
    with np.errstate(all="ignore"):  # what isn't finite fails the comparison, whatever made it so
        return _Checker(text, page, plain, layered).report()


def _with_supplied(
    models: tuple[Model, Model], page: Page, network: Network | str | None, loss: str | Loss | None
) -> tuple[Model, Model]:
    """The page's models, with the network and the loss that the caller says it is about."""
    declared, means_loss = as_network(network, loss)
    trees = [side.tree for one in page.statements for side in one.sides if side.tree is not None]
    used = {letter.name for tree in trees for letter in letters(tree) if letter.name in LOSSES}
    if declared is not None:
        found = with_network(models[1], declared, used, with_loss=means_loss)
        return found, found
    if loss is not None:
        plain = with_loss(models[0], loss, used)
        return plain, plain if models[0] is models[1] else with_loss(models[1], loss, used)
    return models


class _Checker:
    def __init__(self, text: str, page: Page, plain: Model, layered: Model) -> None:
        self.text = text
        self.page = page
        self._judges: dict[int, Explainer] = {}  # what has judged one meaning of δ goes on with it
        first = with_errors(page, plain, self._verdicts)
        self.models = (first, first if plain is layered else with_errors(page, layered, self._verdicts))
        self.judges = (self._judge_of(first), self._judge_of(self.models[1]))
        self.defined: dict[Quantity, Node] = {}
        parts = [
            part
            for statement in page.statements
            for side in statement.sides
            if side.tree is not None
            for part in walk(side.tree)
        ]
        self.letters = [part for part in parts if isinstance(part, Letter)]
        self.partials = list(
            dict.fromkeys(
                part
                for part in parts
                if isinstance(part, Partial) and isinstance(part.of, Letter) and part.of.name in LOSSES
            )
        )
        for judge in {id(judge): judge for judge in self.judges}.values():
            judge.columns_only = writes_columns(page, judge)
            judge.rate = learning_rate(page)
        self.size = next((letter for letter in self.letters if letter.name in {"m", "n", "N"}), Letter("m"))
        self.slips = Slips(self._judge_for, self.letters, self.partials, list(dict.fromkeys(parts)), self.size)
        self.items: list[Item] = []
        self.judged: list[JudgedLine] = []

    def _judge_of(self, model: Model) -> Explainer:
        return self._judges.setdefault(id(model), Explainer(model))

    def _verdicts(self, model: Model) -> Callable[[Node, Node, str], str]:
        judge = self._judge_of(model)
        return lambda left, right, sign: judge.link(left, right, sign).verdict

    def report(self) -> DerivationReport:
        for statement in self.page.statements:
            self._statement(statement)
        for disorder in disorders(self.page):
            before, after = disorder.update.line, disorder.use.line
            why = f"line {before} has changed {disorder.changed}; line {after} uses the new value"
            slip = f"{disorder.changed} is updated before it is used"
            loop = self.page.lines[disorder.begin - 1].strip()
            place = Place(disorder.begin, 1, max(len(self.page.lines[disorder.begin - 1]), 1))
            self.items.append(
                Item(
                    disorder.begin,
                    loop,
                    "",
                    "order",
                    slip=slip,
                    origin="root",
                    reason=why,
                    place=place,
                    kinds=("update order",),
                )
            )
        notes = dict.fromkeys([*self.models[0].notes, *self.models[1].notes, *self._consistency()])
        return DerivationReport(tuple(self.items), inferred(self.models), tuple(notes), self.page.lines)

    def _consistency(self) -> Iterator[str]:
        """What the page's verdicts together say about it."""
        for model in dict.fromkeys(map(id, self.models)):
            own = next(one for one in self.models if id(one) == model)
            mine = [one for one in self.judged if self._judge_for(one.left, one.right).model is own]
            yield from filter(None, [fitted_loss(mine, own)])
        yield from filter(None, [elementwise_sign(self.judged, self._judge_for)])
        yield from cautions(self.page)
        yield from misfits(self.page, self.models[1])

    def _statement(self, statement: Statement) -> None:
        self._suppose(statement)
        left = statement.sides[0]
        if not statement.signs:
            reason = left.problems[0].message if left.problems else "nothing to read"
            place = Place.between(self.text, left.start, max(left.end, left.start + 1))
            self.items.append(Item(statement.line, _shortened(left.latex), "", "unread", reason=reason, place=place))
            return
        reference = left
        again = left.tree is not None and self._last_left is not None and canonical(left.tree) == self._last_left
        previous: Side | None = self._last_right if statement.continues or again else None
        for right, sign in zip(statement.sides[1:], statement.signs, strict=True):
            item, judgement = self._link(statement, reference, right, sign, previous)
            self.items.append(item)
            if reference.tree is not None and right.tree is not None and sign == "=":
                self.judged.append(JudgedLine(item.line, reference.tree, right.tree, judgement.verdict))
            if judgement.verdict == "wrong" and isinstance(right.tree, Letter) and right.tree.name.startswith("d"):
                reference = right  # the chain goes on with a name that has a meaning of its own
            previous = right
            self._last_right = right
            judged = judgement.verdict in {"exact", "scalar", "wrong"}
            self._last_left = canonical(left.tree) if judged and left.tree is not None else None
            self._last_right_holds = judgement.verdict in {"exact", "scalar", "given"}
            self._last_judgement = judgement

    def _suppose(self, statement: Statement) -> None:
        """Judge what follows under what the statement is claimed under."""
        for judge in self.judges:
            judge.suppose(statement.given_that)

    _last_left: Node | None = None
    _last_right: Side | None = None
    _last_right_holds = False
    _last_judgement: Judgement | None = None

    def _link(
        self, statement: Statement, left: Side, right: Side, sign: str, previous: Side | None
    ) -> tuple[Item, Judgement]:
        judgement = self._judgement(left, right, sign)
        if statement.superseded:
            judgement = Judgement("given", why=statement.superseded)
        slip, correct, as_arrays = Slip("", origin=""), "", ""
        kinds: tuple[Kind, ...] = ()
        if judgement.verdict == "wrong":
            slip = self.slips.of(left, right, judgement, follows_right=previous is not None and self._last_right_holds)
            kinds, judgement = slip.kinds, replace(judgement, why=slip.why)
            if slip.correct is not None:
                correct, as_arrays = to_latex(slip.correct), self._as_arrays(left, slip.correct, sign)
        if judgement.verdict == "scalar" and left.tree is not None and right.tree is not None:
            form = self._form(left.tree, right.tree, sign)
            if form is not None:
                correct, kinds = to_latex(form.node), kinds_of(form.changes)
                judgement = replace(judgement, why=_wanted(form.changes, judgement.why))
        follows = None
        if (
            previous is not None
            and judgement.verdict in {"exact", "scalar", "wrong"}
            and previous.tree is not None
            and right.tree is not None
        ):
            follows = self._follows(previous.tree, right.tree, judgement)
        item = Item(
            statement.line,
            left.latex,
            right.latex,
            judgement.verdict,
            judgement.scope,
            slip.words,
            slip.origin,
            correct,
            follows,
            judgement.why,
            sign,
            Place.between(self.text, right.start, right.end),
            offer=self._offer(left, right, sign, judgement),
            culprits=blamed(self.text, right, correct, slip.words),
            as_arrays=as_arrays,
            kinds=kinds,
        )
        return item, judgement

    def _follows(self, previous: Node, right: Node, judgement: Judgement) -> bool | None:
        """Whether a step leads to a right side: it does where both are exactly what the left side is."""
        if self._last_judgement is not None and judgement.verdict == "exact" == self._last_judgement.verdict:
            return True
        step = self._judge_for(previous, right).link(previous, right)
        return None if step.verdict == "unread" else step.verdict != "wrong"

    def _form(self, left: Node, right: Node, sign: str) -> Form | None:
        """The matrix form of a line that holds for numbers."""
        return self._judge_for(left, right).as_arrays(left, right, sign, self.size, self.letters, self.slips.parts)

    def _as_arrays(self, left: Side, correct: Node, sign: str) -> str:
        """What a mended line still wants as arrays, in LaTeX; "" where it holds literally."""
        if left.tree is None or self._verdict_of(left.tree, correct, sign) != "scalar":
            return ""
        form = self._form(left.tree, correct, sign)
        return "" if form is None else to_latex(form.node)

    def _offer(self, left: Side, right: Side, sign: str, judgement: Judgement) -> Offer | None:
        """A reading of damaged handwriting that would be better than what is there."""
        if judgement.verdict not in {"wrong", "unread"} or left.tree is None or right.tree is None:
            return None
        model = self._judge_for(left.tree, right.tree).model
        for one in readings(left.tree, right.tree, (*left.problems, *right.problems), model, self.letters):
            verdict = self._verdict_of(one.left, one.right, sign)
            lost = judgement.verdict == "unread" and bool(right.problems)
            if verdict in {"exact", "scalar", "given"} or (lost and verdict == "wrong"):
                latex = f"{to_latex(one.left)} {sign} {to_latex(one.right)}"
                slip = self._slip_of_reading(left, right, one, sign) if verdict == "wrong" else ""
                return Offer(one.damage, latex, verdict, slip)
        return None

    def _slip_of_reading(self, left: Side, right: Side, reading: Reading, sign: str) -> str:
        """What would be wrong with a damaged line even if it were read so."""
        judgement = self._judge_for(reading.left, reading.right).link(reading.left, reading.right, sign)
        read = replace(left, tree=reading.left, problems=()), replace(right, tree=reading.right, problems=())
        return self.slips.of_reading(*read, judgement).words

    def _verdict_of(self, left: Node, right: Node, sign: str) -> Verdict:
        if self._names_derivative(left, right):
            return "given"
        return self._judge_for(left, right).link(left, right, sign).verdict

    def _judgement(self, left: Side, right: Side, sign: str) -> Judgement:
        for side in (left, right):
            if side.problems and sign == "∈":
                return Judgement("given")
            if side.problems:
                return Judgement("unread", why=side.problems[0].message)
        if left.tree is None or right.tree is None:
            return Judgement("unread", why="nothing to read")
        if any(letter.name == "?" for letter in (*letters(left.tree), *letters(right.tree))):
            return Judgement("given", why="a place left open by the writer")
        if self._is_definition(left.tree, right.tree, sign):
            return Judgement("given")
        try:
            judgement = self._judge_for(left.tree, right.tree).link(left.tree, right.tree, sign)
        except RecursionError:
            return Judgement("unread", why="what it is defined by is defined by too long a chain")
        if self._is_supplied_loss(left.tree) and judgement.scope == "one sample":
            return replace(judgement, verdict="exact", why="the loss of one sample")
        if isinstance(left.tree, Letter) and sign == "=":
            return self._restated(left.tree, right.tree, judgement)
        return judgement

    def _is_supplied_loss(self, left: Node) -> bool:
        """Whether a line states the loss that the caller has supplied: it may do so for one sample."""
        supplied = {one for model in self.models for one in model.claimed if one.name in LOSSES}
        return isinstance(left, Letter) and quantity(left) in supplied

    def _restated(self, left: Letter, right: Node, judgement: Judgement) -> Judgement:
        """A definition given again is given, unless it says for the batch what was said of one sample: a claim."""
        one = quantity(left)
        if one not in self.defined or one in {quantity(letter) for letter in letters(right)}:
            return judgement
        if judgement.verdict in {"wrong", "unread"}:
            return Judgement("given", why=f"it differs from the page's earlier definition of {one}")
        vectorised = one in self.models[1].marked and not any(mark.style == "round" for mark in left.upper)
        return judgement if vectorised else Judgement("given", judgement.scope)

    def _judge_for(self, left: Node, right: Node) -> Explainer:
        """The plain network's judge, unless the line has a letter with a layer, which only the other defines."""
        for letter in (*letters(left), *letters(right)):
            one = quantity(letter)
            only_layered = one in self.models[1].definitions and one not in self.models[0].definitions
            if one.layer or letter.accent or only_layered:
                return self.judges[1]
        return self.judges[0]

    def _names_derivative(self, left: Node, right: Node) -> bool:
        """∂L/∂w = dw: a name."""
        if not isinstance(left, Partial) or not isinstance(right, Letter) or not isinstance(left.of, Letter):
            return False
        own = quantity(replace(left.by, name=f"d{left.by.name}"))
        return left.of.name in LOSSES and is_d_letter(right) and quantity(right) == own

    def _is_definition(self, left: Node, right: Node, sign: str) -> bool:
        """A first definition, its verbatim repetition, or the meaning of a function's name."""
        if sign not in {"=", ":="}:
            return sign in {"<", ">", "≤", "≥", "≠", "∈", "≈", "∝"}
        if is_shape(right):
            return True
        if self._names_derivative(left, right):
            return True
        if isinstance(left, Gradient):
            return True  # ∇L = (∂L/∂w, ∂L/∂b): what is in the list
        if isinstance(left, Applied):
            primed = bool(left.function.upper) and left.function.upper[-1].text == "′"
            is_d = len(left.function.name) == 2 and left.function.name[0] == "d"
            return not primed and not is_d
        is_derivative = isinstance(left, Letter) and left.name.startswith("d") and left.name != "d"
        if not isinstance(left, Letter) or is_derivative or Mark("+") in left.upper:
            return False
        one = quantity(left)
        if (one.name, one.accent) in {(each.name, each.accent) for model in self.models for each in model.claimed}:
            return isinstance(right, Partial) and isinstance(right.of, Letter)  # δ ≡ ∂J/∂z says what is meant
        known = next((model.definitions[one] for model in reversed(self.models) if one in model.definitions), None)
        if is_function(left, self.models[1]):
            return not any(mark.text == "′" for mark in left.upper)
        if known is None:
            return one not in {quantity(letter) for letter in letters(right)}
        first = one not in self.defined
        self.defined.setdefault(one, right)
        return first or (canonical(right) == canonical(self.defined[one]) and one not in self.models[1].marked)


def _wanted(changes: Sequence[Change], why: str) -> str:
    """What a scalar line lacks, in words, and what fails without it."""
    return f"{said_of(changes)}; {why}" if why else said_of(changes)


def _shortened(latex: str) -> str:
    """The beginning of a formula that is too long to be shown."""
    return latex if len(latex) <= _SHOWN else latex[: _SHOWN - 1] + "…"
