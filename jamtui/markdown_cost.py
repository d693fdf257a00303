"""How much of a text in Markdown a parser may be given, by what its signs can cost. Pure, standard library only.

markdown-it's time goes with the signs that may mean something; with the cells that it adds to short rows of a table (a
head of 200 columns and 200 lines of one letter, 1,200 characters in all, are 40,000 cells); and with what it looks
through for the end of an address behind each ``](``.
"""

from __future__ import annotations

import re

# Whether a text holds anything that CommonMark, or we, would draw in another way than as paragraphs.
MARKUP = re.compile(r"[\\`*_\[\]<&~|]|://|^[ ]{0,3}(?:#|>|[-+=]|\d{1,9}[.)])|^ {4}| {2}$", re.MULTILINE)
BLANK = re.compile(r"\n[ \n]*\n")

_SPECIAL = re.compile(r"[\[\]!*_~`<>\\|&#+\-:\n$%=@^{}]")
# What a sign costs, in quarters: at the cheap ones the parser stops as well, and finds nothing.
_COSTS = dict.fromkeys("$%=@^{}", 1) | dict.fromkeys("[!\n", 8)
_ADDRESS_END = re.compile(r"\s")
_DELIMITERS = frozenset("|-: \t>*+.)0123456789")  # of a row below a table's head, in quotes and lists, too


def affordable(body: str, budget: int) -> int:
    """How much of ``body`` the budget pays for: an index, after a line feed where there is one near.

    A sign costs one, ``[``, ``!`` and line feeds two, one that means nothing a quarter; a cell that a row of a table
    lacks one, an address one for each 400 characters.
    """
    quarters = start = pipes = columns = 0
    for match in _SPECIAL.finditer(body):
        sign, at = match[0], match.start()
        quarters += _COSTS.get(sign, 4)
        if sign == "|":
            pipes += 1
        elif sign == "]" and body.startswith("(", at + 1):
            end = _ADDRESS_END.search(body, at)
            quarters += ((end.start() if end else len(body)) - at) // 100
        elif sign == "\n":
            line = body[start:at]
            if not line.strip(" \t>"):
                columns = 0  # a table ends there
            else:
                quarters += 4 * max(0, columns - pipes)
                if pipes > columns and _DELIMITERS.issuperset(line):
                    columns = pipes
            start, pipes = at + 1, 0
        if quarters > 4 * budget:
            head = body.rfind("\n", 0, at) + 1
            return head if at - head < 2000 and head > 0 else at
    return len(body)
