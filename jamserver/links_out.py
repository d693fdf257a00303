"""How many links a text leads out by, however they are written: for what new accounts may post.

It counts what a reader could follow or copy, not what one Markdown parser makes of it: addresses with a scheme, of
mail, ``www.`` and bare domains, targets of Markdown links, and each use of a reference. It rather counts one too many
than one too few.
"""

from __future__ import annotations

import itertools
import re
import unicodedata

# Domains that are written without a scheme: only under endings that are common, since ``main.py`` and ``e.g`` are none.
_ENDINGS = (
    "com net org info biz name pro mobi app dev page web site online shop store top xyz club vip live life link click"
    " blog news world space website work works digital media agency cloud email group zone today fun icu buzz loan win"
    " bid men casino bet poker porn sex sexy cam dating tech one cc tv ws la edu gov int eu"
    " ac ad ae ai ar at au az ba be bg bo br by bz ca ch ci cl cm cn co cr cz de dk do dz ec ee eg es fi fr ga ge gg gl"
    " gq gr hk hr hu id ie il im in io ir is it jp ke kr kz li lk lt lu lv ma me mk ml mx my ng nl no nu nz pe ph pk pt"
    " pw qa ro rs ru sa se sg si sk st su th tk tn to tr tw tz ua ug uk us uy uz ve vn za"
)
_ENDING = frozenset(_ENDINGS.split())
_TAIL = r"[^\s<>()\[\]{}|\"'`,;]*+"  # of an address: where one ends, the next one may begin without a blank between
_LINK = re.compile(
    r"\]\(\s*+<?[^\s()<>]*+"  # what a Markdown link leads to; an empty one is followed to nowhere, but is seldom
    rf"|[a-z][a-z0-9+.-]{{1,20}}:/{{1,2}}{_TAIL}"
    rf"|(?<![^\W_])(?<!@)(?:mailto:|//)[^\s<>]{_TAIL}"
    rf"|(?<![^\W_])www\.[^\s<>]{_TAIL}"
)
# Words with dots between, or without: each run is looked at once, whatever stands in it.
_WORDS = re.compile(r"(?P<words>[a-z0-9.\u00a1-\uffff-]++)(?P<code>_++[^\W_])?")
_PATH = re.compile(rf"(?:[:/?#]{_TAIL})?")
_HEAD = re.compile(
    r"(?:xn--)?[a-z0-9]++(?:-[a-z0-9]++)*+"
)  # of an ending to which other letters are written without a blank
_DEFINITION = re.compile(r"^[ >]{0,12}\[([^\[\]]{1,999})\]:[ \t]*\S*", re.MULTILINE)
_USE = re.compile(r"\[([^\[\]]{1,999})\]")
_DOTS = str.maketrans(
    dict.fromkeys("\u3002\uff0e\uff61", ".") | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
)


def count(text: str) -> int:
    """The links of a text, each time that one stands there."""
    plain = unicodedata.normalize("NFKC", text.translate(_DOTS)).casefold()
    definitions = list(_DEFINITION.finditer(plain))  # also such as are none, behind a line of text, and are shown
    labels = {" ".join(match[1].split()) for match in definitions}
    rest = _DEFINITION.sub(" ", plain)
    uses = sum(" ".join(match[1].split()) in labels for match in _USE.finditer(rest)) if labels else 0
    addresses = sum(max(1, match[0].count("://")) for match in (*definitions, *_LINK.finditer(rest)))
    return uses + addresses + _bare(_LINK.sub(" ", rest))


def _bare(text: str) -> int:
    """The domains that stand there without a scheme, each with its path."""
    found = end = 0
    for match in _WORDS.finditer(text):
        if match.start() >= end and (domains := _domains(match["words"], code=match["code"] is not None)):
            found += domains
            end = _PATH.match(text, match.end()).end()  # type: ignore[union-attr]  # it matches anywhere
    return found


def _domains(words: str, *, code: bool) -> int:
    """How many domains are written there. ``code``: it goes on as a name in a program does."""
    labels = words.split(".")
    if code:
        labels.pop()
    found, inside = 0, False  # what ends a domain may stand within it: co.uk
    for before, label in reversed(list(itertools.pairwise(labels))):
        head = _HEAD.match(label)
        ends = head is not None and (head[0] in _ENDING or label.startswith("xn--")) and bool(before.strip("-"))
        found += ends and not (inside and head is not None and head[0] == label)
        inside = ends
    return found
