"""How many links a text leads out by, however they are written: for what new accounts may post.

It counts what a reader could follow or copy, not what one Markdown parser makes of it: addresses with a scheme, of
mail, ``www.`` and bare domains, targets of Markdown links, and each use of a reference. It rather counts one too many
than one too few.
"""

from __future__ import annotations

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
_ENDING = "|".join(sorted(_ENDINGS.split(), key=len, reverse=True))
_LABEL = r"[a-z0-9\u00a1-\uffff](?:[a-z0-9\u00a1-\uffff-]{0,61}[a-z0-9\u00a1-\uffff])?"
_LINK = re.compile(
    r"\]\(\s*<?[^\s()<>]*"  # what a Markdown link leads to; an empty one is followed to nowhere, but is seldom
    r"|[a-z][a-z0-9+.-]{1,20}:/{1,2}\S*"
    r"|(?<![\w@])(?:mailto:|//)\S+"
    r"|(?<!\w)www\.\S+"
    rf"|(?<![\w.-])(?:{_LABEL}\.){{1,8}}(?:{_ENDING}|xn--[a-z0-9-]{{2,59}})(?![\w-])(?::\d+)?(?:[/?#]\S*)?"
)
_DEFINITION = re.compile(r"^[ >]{0,12}\[([^\[\]]{1,999})\]:[ \t]*\S*", re.MULTILINE)
_USE = re.compile(r"\[([^\[\]]{1,999})\]")
_DOTS = str.maketrans(
    dict.fromkeys("\u3002\uff0e\uff61", ".") | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
)


def count(text: str) -> int:
    """The links of a text, each time that one stands there."""
    plain = unicodedata.normalize("NFKC", text.translate(_DOTS)).casefold()
    labels = {" ".join(match[1].split()) for match in _DEFINITION.finditer(plain)}
    rest = _DEFINITION.sub(" ", plain)
    uses = sum(" ".join(match[1].split()) in labels for match in _USE.finditer(rest)) if labels else 0
    return len(labels) + uses + sum(1 for _ in _LINK.finditer(rest))
