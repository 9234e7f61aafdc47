"""Lines of code in plainer code: what only a programming language needs is taken off, place for place.

An entry chosen by its label, p[range(n), y], is a sum over the classes with one-hot labels; X.shape[0] is the number
of samples; a column of ones beside the inputs, and the weights' column for it, are left out together; self.W1 is W1.
"""

from __future__ import annotations

import re

_GROUP = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*"  # what stands in a bracket, with two more inside
_LABEL = r"(?:\w*[yY]\w*|labels?|targets?|T|t)"
_ROWS = rf"(?:range|np\.arange|arange)\({_GROUP}\)"
_CHOSEN = rf"(\w+)\s*\[\s*(?:{_ROWS}|:)\s*,\s*({_LABEL})\s*\]"
_LOG_OF_CHOSEN = re.compile(rf"np\.log\(\s*{_CHOSEN}(?:\s*\+\s*[\w.-]+)?\s*\)")
_LESS_ONE = re.compile(rf"^(\s*){_CHOSEN}\s*-=\s*(?P<times>\d+(?:\.\d*)?)\s*$")
_OF_CHOSEN = re.compile(_CHOSEN)
_COPY = re.compile(r"np\.(?:copy|array)\(\s*(\w+)\s*(?:,\s*copy\s*=\s*True\s*)?\)|(?<=\w)\.copy\(\)")
_CASTS = re.compile(
    r"np\.(?:int64|int32|int|float64|float32|squeeze|asarray)\b(?=\()|\.(?:squeeze|unsqueeze|detach)\([^()]*\)"
)
_TURNED = re.compile(r"\.(?:t|transpose)\(\s*\)")
_GRADIENT = re.compile(r"\b([A-Za-z]\w*)\.g(?:rad)?\b")
_SELF = re.compile(r"\bself\.(?=[A-Za-z])")
_ONES = rf"(?:np\.)?ones\({_GROUP}\)"
_WITH_ONES = re.compile(
    rf"\[\s*{_ONES}\s*[, ]\s*(?P<beside>[^\[\]]+?)\s*\]\s*(?=;|$)"
    rf"|np\.(?:hstack|concatenate|column_stack|append)\(\s*[(\[]\s*{_ONES}\s*,\s*(?P<stacked>\w+)\s*[)\]]"
    r"\s*(?:,\s*axis\s*=\s*1\s*)?\)"
    rf"|np\.c_\[\s*{_ONES}\s*,\s*(?P<joined>\w+)\s*\]"
    r"|np\.insert\(\s*(?P<inserted>\w+)\s*,\s*0\s*,\s*1\s*,\s*axis\s*=\s*1\s*\)"
)
_BUT_THE_FIRST = re.compile(
    r"(?<=\w)(?:\(\s*:\s*,\s*2\s*:\s*end\s*\)|\[\s*:\s*,\s*1\s*:\s*\]|\[\s*1\s*:\s*(?:,\s*:\s*)?\])"
)
_SIZE = re.compile(r"\b(?:len\(\s*\w+\s*\)|\w+\.shape\[\s*([01])\s*\]|\w+\.size\b(?!\())")
_ONLY_SIZE = re.compile(
    r"\s*[\w, ]+=\s*(?:float\(|int\()?\s*(?:len\(\s*\w+\s*\)|\w+\.shape(?:\[\d\])?|\w+\.size|size\(.*)"
    r"\s*\)?\s*;?\s*$"
)
_WEIGHTS_FIRST = re.compile(r"(?:np\.(?:dot|matmul)\(\s*[wWθ]\w*\s*,|\b(?:[wW]|Theta)\d*\s*(?:@|\.dot\())")


def has_ones(text: str) -> bool:
    """Whether a block of code puts a column of ones beside its inputs, for the biases."""
    return _WITH_ONES.search(text) is not None


def weights_first(text: str) -> bool:
    """Whether weights stand to the left of what they are applied to: then samples are columns."""
    return _WEIGHTS_FIRST.search(text) is not None


def plainer(line: str, *, ones: bool, columns: bool) -> str:
    """A line in plainer code, everything in its place as far as it fits.

    Examples
    --------
    >>> plainer("dscores[range(N), y] -= 1", ones=False, columns=False)
    'dscores                  -= Y'
    >>> plainer("db = dZ.sum() / X.shape[1]", ones=False, columns=True)
    'db = dZ.sum() /          m'
    """
    line = _SELF.sub(lambda match: " " * len(match[0]), line)
    line = _LESS_ONE.sub(_without_labels, line)
    line = _LOG_OF_CHOSEN.sub(r"np.sum(Y * np.log(\1), axis=1)", line)
    line = _OF_CHOSEN.sub(r"np.sum(Y * \1, axis=1)", line)
    line = _COPY.sub(lambda match: (match[1] or "").ljust(len(match[0])), line)
    line = _CASTS.sub(lambda match: " " * len(match[0]), line)
    line = _TURNED.sub(lambda match: ".T".ljust(len(match[0])), line)
    line = _GRADIENT.sub(lambda match: f"{match[1]}_grad", line)
    if ones:
        line = _WITH_ONES.sub(lambda match: next(group for group in match.groups() if group).rjust(len(match[0])), line)
        line = _BUT_THE_FIRST.sub(lambda match: " " * len(match[0]), line)
    if not _ONLY_SIZE.match(line):
        line = _SIZE.sub(lambda match: _samples(match, columns), line)
    return line


def _without_labels(match: re.Match[str]) -> str:
    """What dscores[range(n), y] −= 1 does: one-hot labels are subtracted."""
    change = "-= Y" if float(match["times"]) == 1 else f"-= {match['times']} * Y"
    return f"{match[1]}{match[2]}".ljust(len(match[0]) - len(change)) + change


def _samples(match: re.Match[str], columns: bool) -> str:
    of_samples = match[1] is None or match[1] == ("1" if columns else "0")
    return "m".rjust(len(match[0])) if of_samples else match[0]
