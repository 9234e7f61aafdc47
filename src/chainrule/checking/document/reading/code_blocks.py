"""Blocks of code in a page, ``` and ```python: each assignment is an equation, in the language's own operators.

Names become letters: W1 is W with the layer 1, hidden_layer is h, dscores, grad_W1 and Theta1_grad are derivatives,
delta2 is δ₂, learning_rate is η. Nothing is run. What changes a variable in place is read as what it then is:
``dscores /= N`` belongs to the assignment before it, ``dhidden[hidden <= 0] = 0`` makes dhidden the derivative by what
the activation was applied to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from chainrule.checking.document.reading.plainer_code import has_ones, plainer, weights_first
from chainrule.notation.alphabet import FUNCTIONS, GREEK
from chainrule.notation.tokens import Token

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*(\w*)[^\n]*\n(.*?)^[ \t]*(?:```|~~~)[ \t]*$", re.DOTALL | re.MULTILINE)
_PYTHON = re.compile(r"\bnp\.|\bnumpy\b|\bdef \b|\*\*|\.dot\(|\.T\b|\bimport\b|\btorch\.")
_OCTAVE = re.compile(r"\.\*|\.\^|\./|'\s*[*;)]|;[ \t]*$", re.MULTILINE)
_SKIPPED = re.compile(
    r"\s*(?:def|for|while|if|elif|else|return|import|from|print|class|assert|end|function|with|try|@|fprintf|disp)\b"
    r"|[^=]*=\s*\{|.*(?:\brand\w*\b|\bzeros\w*\b|\bones\w*\b|\.shape\b|\.size\b|\bsize\(|\blen\(|\brange\(\d|\bload|\beye\()"
    r"|\s*\w+\s*=\s*\w+\[['\"]\w+['\"]\]\s*;?\s*$|[^=]*=\s*(?:one_?hot|to_categorical|get_dummies)\w*\("
)
_KEY = re.compile(r"\w+\[(['\"])(\w+)\1\]")
_MASK = re.compile(r"\s*(?P<name>\w+)\[\s*(?P<of>[\w.]+)\s*(?P<sign><=|<)\s*0\s*\]\s*=\s*0(?:\.0*)?\s*$")
_IN_PLACE = re.compile(r"\s*(?P<name>\w+)\s*(?P<sign>[-+*/])=(?!=)\s*(?P<rest>.+)$")
_ASSIGNED = re.compile(r"\s*(?P<name>\w+)\s*=(?!=)\s*(?P<rest>.+)$")
_TOKEN = re.compile(
    r"(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(?P<dotted>(?:np|numpy|jnp|torch|tf|math)\.\w+)"
    r"|(?P<turned>\.T\b)|(?P<method>\.(?:sum|mean|dot)\b)|(?P<cast>\.(?:astype|float|item|reshape)\([^()]*\))"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|\.\*|\./|\.\^|<=|>=|==|-=|\+=|[-+*/@=<>()\[\],'^])"
)
_ACTIVATION = r"sigmoid|relu|tanh"
_SLOPE = re.compile(
    rf"(?P<of>{_ACTIVATION})_?(?:deriv|derivative|der|prime|grad|gradient|Gradient|Prime|Derivative|dash)"
    rf"|(?:d|deriv|derivative|grad|prime)_(?:of_)?(?P<named>{_ACTIVATION})|d(?P<called>{_ACTIVATION})",
    re.IGNORECASE,
)
_FUNCTION = re.compile(
    r"^[ \t]*def[ \t]+(?P<name>\w+)\([ \t]*(?P<argument>\w+)[ \t]*\)[^\n:]*:"
    r"[ \t]*(?:\n[ \t]*)?return[ \t]+(?P<body>[^\n#]+)",
    re.MULTILINE,
)
_RATES = frozenset({"learning_rate", "lr", "step_size", "eta", "alpha", "rate"})
_SIZES = frozenset({"num_examples", "num_train", "batch_size", "n_samples", "num_samples"})
_LABELS = frozenset({"y_true", "labels", "targets", "target", "y_train", "y_batch", "y_onehot", "onehot", "one_hot"})
_ONE_HOT = re.compile(r"one_?hot_?\w*|\w+_(?:one_?hot|oh|enc|encoded)|y_?(?:oh|hot|enc)")
_PREDICTED = frozenset({"y_hat", "yhat", "y_pred", "ypred"})
_INPUTS = frozenset({"x_train", "x_batch", "inputs", "input", "data"})
_COSTS = frozenset({"loss", "cost", "error", "total_loss"})
_PARTS_OF_COSTS = frozenset({"data_loss", "cross_entropy", "cross_entropy_cost", "ce_loss", "mse_loss", "bce_loss"})
_WORDS = FUNCTIONS | {"axis", "keepdims", "True", "False"}
_SPARE = "hspuqrogcvfwyz"
_NO_LETTERS = frozenset("deijklmn")  # differentials, indices and sizes


@dataclass
class _Names:
    """The letters that identifiers stand for."""

    letters: dict[str, tuple[str, str]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    functions: dict[str, str] = field(default_factory=dict)  # the code's own, and the letters they get


@dataclass(frozen=True)
class CodeLine:
    """One assignment of a block: its source, where it begins, the tokens that it says, and why it isn't judged yet."""

    text: str
    offset: int
    tokens: tuple[Token, ...]
    superseded: str = ""


def blocks(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each block of code begins and ends, and its language: "python", "octave", or "" for plain formulas."""
    for match in _FENCE.finditer(text):
        said, inside = match[1].lower(), match[2]
        if said in {"python", "py", "python3", "numpy"} or (said in {"", "text"} and _PYTHON.search(inside)):
            language = "python"
        elif said in {"octave", "matlab", "m"} or (said in {"", "text"} and _OCTAVE.search(inside)):
            language = "octave"
        else:
            language = ""
        yield match.start(2), match.end(2), language


def code_lines(text: str, start: int, end: int, language: str) -> Iterator[CodeLine]:
    """The assignments of one block."""
    lines: list[tuple[str, str, int]] = []
    offset = start
    ones, columns = has_ones(text[start:end]), weights_first(text[start:end])
    own = _functions(text, language)
    yield from _function_lines(text, start, end, own)
    for line in text[start:end].splitlines(keepends=True):
        bare = plainer(_without_comment(line.rstrip("\n"), language), ones=ones, columns=columns)
        if bare.strip() and "=" in bare and not _SKIPPED.match(bare):
            lines.append((bare, line.rstrip("\n"), offset))
        offset += len(line)
    names = _named([line for line, _, _ in lines])
    names.functions = own
    written: dict[str, list[Token]] = {}
    masked: dict[str, tuple[str, str]] = {}
    for number, (line, written_so, at) in enumerate(lines):
        source = _KEY.sub(lambda match: match[2].ljust(len(match[0])), line).rstrip("; ")
        begin = at + len(source) - len(source.lstrip())
        tokens = _read(source, at, language, names, masked, written)
        if tokens:
            placed = tuple(replace(one, start=one.start - begin, end=one.end - begin) for one in tokens)
            behind = [(other, so) for other, so, _ in lines[number + 1 :]]
            why = _superseded(line, behind, names)
            yield CodeLine(_without_comment(written_so, language).strip(), begin, placed, why)


def _functions(text: str, language: str) -> dict[str, str]:
    """The letters for the functions that a block defines in one line, so that what they return is read, not guessed."""
    if language != "python":
        return {}
    names = dict.fromkeys(match["name"] for match in _FUNCTION.finditer(text))
    return dict(zip((name for name in names if name not in _WORDS), "φψfg", strict=False))


def _function_lines(text: str, start: int, end: int, own: dict[str, str]) -> Iterator[CodeLine]:
    """φ(x) = … for each function that a block defines in one line; a comparison that it returns is 1 or 0."""
    for match in _FUNCTION.finditer(text, start, end):
        if match["name"] in own:
            names = _Names(letters={match["argument"]: ("x", "")}, functions=own)
            at, to, behind = match.start("name"), match.end("name"), match.start("body")
            left = [Token("letter", own[match["name"]], at, to), Token("open", "(", at, to)]
            left += [Token("letter", "x", at, to), Token("close", ")", at, to), Token("relation", "=", to, to + 1)]
            body = _scan(match["body"].rstrip(), behind, "python", names, {})
            if body:
                tokens = [replace(one, start=one.start - at, end=one.end - at) for one in (*left, *_bracketed(body))]
                yield CodeLine(text[at : match.end()].strip(), at, tuple(tokens))


def _superseded(line: str, behind: Sequence[tuple[str, str]], names: _Names) -> str:
    """Why an assignment isn't judged: the next line with its name changes it in place, dscores /= N, dz[z < 0] = 0."""
    assigned = _ASSIGNED.match(line) or _IN_PLACE.match(line)
    if assigned is None:
        return ""
    name = assigned["name"]
    following, so = next((other for other in behind if re.search(rf"\b{name}\b", other[0])), ("", ""))
    mask = _MASK.match(following)
    if (
        mask is not None
        and mask["name"] == name
        and names.letters.get(f"before {mask['of']}") == names.letters.get(mask["of"])
    ):
        return f"{so.strip()} changes it: judged there"
    change = _IN_PLACE.match(following)
    changes = change is not None and change["name"] == name and name[0] in "dg"
    return f"{so.strip()} changes it: judged there" if changes else ""


def _without_comment(line: str, language: str) -> str:
    return line.partition("%" if language == "octave" else "#")[0]


def _read(
    source: str,
    at: int,
    language: str,
    names: _Names,
    masked: dict[str, tuple[str, str]],
    written: dict[str, list[Token]],
) -> list[Token]:
    """The tokens of one line; of a change in place, those of what the variable then is."""
    mask = _MASK.match(source)
    if mask is not None and (before := names.letters.get(f"before {mask['of']}")):
        own = _letter(mask["name"], names, masked)
        old = _spelled(own, at, at + len(mask["name"]))
        masked[mask["name"]] = (f"d{before[0]}", before[1])
        condition = _scan(mask["of"], at, language, names, masked)
        place = at + mask.start("of")
        greater = [Token("relation", ">", place, place), Token("number", "0", place, place)]
        indicator = [Token("open", "(", place, place), *condition, *greater, Token("close", ")", place, place)]
        left = _spelled(masked[mask["name"]], at, at + len(mask["name"]))
        right = [*old, Token("sign", "⊙", place, place), *indicator]
        return [*left, Token("relation", "=", place, place), *_placed(right, at + mask.end("name"), at + len(source))]
    change = _IN_PLACE.match(source)
    if change is not None and change["name"] in written:
        name, sign = change["name"], change["sign"]
        more = _scan(source[change.start("rest") :], at + change.start("rest"), language, names, masked)
        kind, text = ("plus", sign) if sign in "+-" else ("sign", "⊙" if sign == "*" else "/")
        place = at + change.start("sign")
        joined = [*_bracketed(written[name]), Token(kind, text, place, place + 1), *_bracketed(more)]
        written[name] = joined
        left = _scan(name, at + change.start("name"), language, names, masked)
        right = _placed(joined, at + change.start("sign"), at + len(source))
        return [*left, Token("relation", "=", place, place + 2), *right]
    tokens = _scan(source, at, language, names, masked)
    assigned = _ASSIGNED.match(source)
    if assigned is not None and _is_derivative(_letter(assigned["name"], names, masked)[0]):
        written[assigned["name"]] = _scan(
            source[assigned.start("rest") :], at + assigned.start("rest"), language, names, masked
        )
    return tokens


def _placed(tokens: Sequence[Token], start: int, end: int) -> list[Token]:
    """The tokens as if all of them stood where a line changes a variable."""
    return [replace(token, start=start, end=end) for token in tokens]


def _bracketed(tokens: Sequence[Token]) -> list[Token]:
    start, end = tokens[0].start, tokens[-1].end
    return [Token("open", "(", start, start), *tokens, Token("close", ")", end, end)]


def _is_derivative(name: str) -> bool:
    return name[0] in "dδ" and name != "d"


# ---------------------------------------------------------------- letters for identifiers


def _named(lines: Sequence[str]) -> _Names:
    """Letters for all identifiers of a block: single letters keep theirs, words get their first free one."""
    names = _Names()
    words: dict[str, None] = {}
    for line in lines:
        for match in _TOKEN.finditer(_KEY.sub(lambda found: found[2], line)):
            if match["name"] and match["name"] not in _WORDS:
                words.setdefault(match["name"])
    plain = [word for word in words if not _derivative_of(word, words)]
    costs = {_stem(word)[0].lower() for word in plain} & _COSTS
    for word in plain:
        stem, layer = _stem(word)
        usual = None if stem.lower() == "error" and len(costs) > 1 else _usual(stem)  # beside a cost, ŷ − y
        if usual is not None or len(stem) == 1:
            names.letters[word] = (usual or stem, layer)
            names.taken.add((usual or stem).lower())
    for word in plain:
        if word not in names.letters:
            stem, layer = _stem(word)
            known = next((letter for other, (letter, _) in names.letters.items() if _stem(other)[0] == stem), None)
            used = names.taken | _NO_LETTERS
            free = known or next(
                (letter for letter in stem.lower() + _SPARE if letter.isalpha() and letter not in used), "q"
            )
            names.letters[word] = (free, layer)
            names.taken.add(free)
    for word in words:
        if word not in names.letters:
            names.letters[word] = _derived(word, words, names)
    _note_arguments(lines, names)
    return names


def _stem(word: str) -> tuple[str, str]:
    match = re.fullmatch(r"(\w*?[A-Za-z])_?(\d+)?", word)
    return (match[1].strip("_"), match[2] or "") if match else (word, "")


def _usual(stem: str) -> str | None:
    """The usual letter of a usual word."""
    small = stem.lower()
    if stem in GREEK or small in GREEK:
        return GREEK.get(stem) or GREEK[small]
    for words, letter in (
        (_RATES, "η"),
        (_SIZES, "m"),
        (_LABELS, "Y"),
        (_PREDICTED, "ŷ"),
        (_INPUTS, "X"),
        (_COSTS, "J"),
        (_PARTS_OF_COSTS, "ℒ"),
        ({"reg", "lam", "lambd"}, "λ"),
    ):
        if small in words:
            return letter
    return "Y" if _ONE_HOT.fullmatch(small) else None


def _derivative_of(word: str, words: dict[str, None]) -> str | None:
    """The identifier that a name is the derivative by: dW1, dJ_dW1, W1_grad, grad_W1; dhidden is of hidden_layer."""
    for pattern in (
        r"d(?:J|L|E|loss|cost)_?d_?(\w+)",
        r"(\w+?)_?grad",
        r"grad_?(\w+)",
        r"nabla_(\w+)",
        r"d_?([A-Za-z]\w*)",
    ):
        match = re.fullmatch(pattern, word)
        if match is None:
            continue
        inner = match[1]
        if inner in words or re.fullmatch(r"[A-Za-z]_?\d*", inner):
            return inner
        longer = [other for other in words if other.startswith(inner) and other != word and len(inner) > 2]
        if longer:
            return longer[0]
    return None


def _derived(word: str, words: dict[str, None], names: _Names) -> tuple[str, str]:
    """The d-letter of a derivative's name; an error's name is δ."""
    inner = _derivative_of(word, words) or word
    letter, layer = names.letters.get(inner) or _stem(inner)
    return (f"d{letter}", layer)


def _note_arguments(lines: Sequence[str], names: _Names) -> None:
    """What each activation is applied to: a letter, or z where it is applied to the weighted sum itself."""
    for line in lines:
        match = re.match(r"\s*(\w+)\s*=\s*(?:np\.maximum\(\s*0(?:\.0*)?\s*,|[\w.]+\()(.*)\)\s*;?\s*$", line)
        if match is None or match[1] not in names.letters:
            continue
        inside = [word for word in re.findall(r"[A-Za-z_]\w*", match[2]) if word in names.letters]
        if len(inside) == 1:
            names.letters[f"before {match[1]}"] = names.letters[f"before {inside[0]}"] = names.letters[inside[0]]
        weights = [names.letters[word] for word in inside if names.letters[word][0] in "wWΘθ"]
        if len(inside) > 1 and weights:
            names.letters[f"before {match[1]}"] = ("z", weights[0][1])


def _letter(word: str, names: _Names, masked: dict[str, tuple[str, str]]) -> tuple[str, str]:
    if word in masked:
        return masked[word]
    if re.fullmatch(r"d(?:elta)?_?\d+", word):
        return "δ", re.sub(r"\D", "", word)
    return names.letters.get(word, _stem(word))


# ---------------------------------------------------------------- tokens


def _scan(source: str, at: int, language: str, names: _Names, masked: dict[str, tuple[str, str]]) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            if not source[position].isspace():
                tokens.append(Token("unknown", source[position], at + position, at + position + 1))
            position += 1
            continue
        start, end = at + match.start(), at + match.end()
        if match["number"]:
            tokens.append(Token("number", match[0].rstrip("."), start, end))
        elif match["dotted"]:
            tokens.append(Token("letter", f"np.{match[0].partition('.')[2]}", start, end))
        elif match["turned"] or (match[0] == "'" and language == "octave"):
            tokens += _script("^", "T", start, end)
        elif match["method"]:
            tokens = _called(tokens, match[0][1:], start, end)
        elif match["name"]:
            tokens += _named_token(match[0], start, end, names, masked)
        elif match["sign"]:
            tokens += _operator(match[0], language, start, end)
        position = match.end()
        if match["method"]:  # A.sum(axis=0) is np.sum(A, axis=0): the method's own bracket is the function's
            bracket = re.compile(r"\s*\(\s*(\))?").match(source, position)
            if bracket is not None and bracket[1] is None:
                tokens.append(Token("comma", ",", at + position, at + bracket.end()))
            position = position if bracket is None else bracket.end() - (1 if bracket[1] else 0)
    return tokens


def _named_token(word: str, start: int, end: int, names: _Names, masked: dict[str, tuple[str, str]]) -> list[Token]:
    if word in names.functions:
        return [Token("letter", names.functions[word], start, end)]
    slope = _SLOPE.fullmatch(word)
    if slope is not None:
        row = (slope["of"] or slope["named"] or slope["called"]).lower()
        return [Token("letter", "ReLU" if row == "relu" else row, start, end), Token("prime", "′", start, end)]
    if word in _WORDS and word not in {"f", "g", "σ"}:
        return [Token("letter", word, start, end)]
    return _spelled(_letter(word, names, masked), start, end)


def _spelled(letter: tuple[str, str], start: int, end: int) -> list[Token]:
    name, layer = letter
    return [Token("letter", name, start, end), *(_script("_", layer, start, end) if layer else ())]


def _script(mark: str, inner: str, start: int, end: int) -> list[Token]:
    kind = "number" if inner.isdecimal() else "letter"
    return [
        Token(mark, mark, start, end),
        Token("{", "{", start, end),
        Token(kind, inner, start, end),
        Token("}", "}", start, end),
    ]


def _operator(sign: str, language: str, start: int, end: int) -> list[Token]:
    signs = {
        "**": ("^", "^"), ".^": ("^", "^"), "^": ("^", "^"), ".*": ("sign", "⊙"), "./": ("sign", "/"),
        "*": ("sign", "⊙" if language == "python" else "*"), "/": ("sign", "/"), "@": ("sign", "@"),
        "+": ("plus", "+"), "-": ("plus", "-"), "=": ("relation", "="), "<": ("relation", "<"), ">": ("relation", ">"),
        "<=": ("relation", "≤"), ">=": ("relation", "≥"), "==": ("relation", "="), "-=": ("relation", "-="),
        "+=": ("relation", "+="), "(": ("open", "("), ")": ("close", ")"), "[": ("open", "["), "]": ("close", "]"),
        ",": ("comma", ","), "'": ("prime", "′"),
    }  # fmt: skip
    kind, text = signs[sign]
    return [Token(kind, text, start, end)]


def _called(tokens: list[Token], method: str, start: int, end: int) -> list[Token]:
    """The tokens with a method's function opened before the factor that it is called of."""
    begin = _operand(tokens)
    name = Token("letter", f"np.{method}", start, end)
    return [*tokens[:begin], name, Token("open", "(", start, end), *tokens[begin:]]


def _operand(tokens: Sequence[Token]) -> int:
    """Where the factor that ends here begins: a bracket with its function's name, or a letter with its marks."""
    at = len(tokens) - 1
    while at >= 0 and tokens[at].kind == "}":
        while at >= 0 and tokens[at].kind != "{":
            at -= 1
        at -= 2
    if at >= 0 and tokens[at].kind == "close":
        depth = 0
        while at >= 0:
            depth += (tokens[at].kind == "close") - (tokens[at].kind == "open")
            if depth == 0:
                break
            at -= 1
        if at > 0 and tokens[at - 1].kind == "letter":
            at -= 1
    return max(at, 0)
