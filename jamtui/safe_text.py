"""Text of strangers, made harmless for a terminal. Pure, standard library only.

The mirror keeps text as it came. Where a row for people is built, every text passes once through `safe_line`
(titles, names, tags: one line) or `safe_block` (bodies, briefs: line feeds stay). What comes out holds

- no C0 control but LF (blocks), no DEL, no C1: they become visible control pictures (U+2400...) or U+FFFD;
- no bidi embedding, override or isolate: U+FFFD stands where one was, so that the order on the screen is the order
  in the text; LRM, RLM and ALM stay beside right-to-left letters only;
- no tag characters but those of the three flags that are made of them, no lone surrogates, no other invisible
  format characters; joiners stay where a script or an emoji needs them;
- at most `MAX_MARKS` combining marks on a base, one variation selector in a row, `MAX_JOINS` joined emoji.

Rows of the mirror use `safe_name`, `safe_names` and `safe_body`, which also bound what a server may have sent without
bounds: what is longer is cut, and says so.

All are idempotent, and cost next to nothing for text without anything odd. The drawing layer calls
`refuse_controls` once more on what it puts in a strip: a second guard that does not trust the first.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import cache

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

MAX_MARKS = 6
MAX_JOINS = 4
MAX_NAME = 600  # code points of a title or a name: three times what a Jam allows, since archives have had 500
MAX_NAMES = 24  # tags of a post, and how long one is: twice what a Jam allows, too
MAX_TAG = 80
MAX_BODY = 24_000  # ...of a body; a Jam allows 20,000 unless it says otherwise
TAB_STOP = 4  # CommonMark's own stop, so that a tab means the same to the parser before and after

_NOTE = 200  # more than what says that a body was cut
UNCUT = MAX_BODY - _NOTE  # a body that is shorter than this is whole
_REPLACEMENT = "\ufffd"
_ZWNJ, _ZWJ = "\u200c", "\u200d"
_BLACK_FLAG = "\U0001f3f4"
# The tag sequences of England, Scotland and Wales: the only ones recommended for interchange (Unicode TR 51).
_TAG_FLAGS = tuple(
    "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f" for region in ("gbeng", "gbsct", "gbwls")
)

_BIDI = "\u202a-\u202e\u2066-\u2069"
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
# Format characters and blank letters that show nothing: soft hyphen, grapheme joiner, fillers, word joiners, byte
# order mark, annotation and shorthand controls, tags, and what Unicode sets apart as ignorable.
_DROPPED = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
_CONDITIONAL = "\u061c\u200c-\u200f"  # kept or dropped by what stands around them
_REPLACED = f"\x80-\x9f{_BIDI}\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
# Blocks in which marks live, coarse on purpose: a run of seven sends the text down the careful road, no more.
_MARKED = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u1dff\u20d0-\u20ff\u2cef-\u2cf1\u2d7f\u2de0-\u2dff\u302a-\u302f\u3099\u309a"
    "\ua66f-\uabff\ud7b0-\ud7ff\ufb1e\ufe00-\ufe2f\U000101fd-\U00011fff\U00016a00-\U00016fff\U0001bc9d\U0001bc9e"
    "\U0001cf00-\U0001d244\U0001da00-\U0001e94f\U000e0100-\U000e01ef"
)


@cache  # made for the first text that needs it: classes of so many characters take milliseconds
def _odd() -> re.Pattern[str]:
    return re.compile(
        f"[\x00-\x09\x0b-\x1f\x7f{_REPLACED}{_DROPPED}{_CONDITIONAL}\u2028\u2029]"
        f"|[{_SELECTORS}][{_SELECTORS}]|[{_MARKED}]{{{MAX_MARKS + 1}}}"
    )


# What printable text must hold for `_odd` to find anything: more than Latin letters, punctuation and currency signs.
_HIGH = re.compile("[^\x00-\u02ff\u2000-\u20cf]")
_BREAK = re.compile("\r\n|[\n\x85\u2028\u2029]")
_LINE_SPACE = re.compile("\r\n|[\t\n\x85\u2028\u2029]")

_CONTROL = f"[\x00-\x09\x0b-\x1f\x7f-\x9f{_BIDI}\ud800-\udfff]"
_REFUSED = re.compile(f"[\x00-\x1f\x7f-\x9f{_BIDI}\u2028\u2029\ud800-\udfff]")


def safe_line(text: str, limit: int | None = None) -> str:
    """``text`` as one harmless line; at most ``limit`` code points, an ellipsis in the last place when cut."""
    if limit is not None and len(text) > 2 * limit:
        # Nothing past this can be shown, so do not look at it. What is cut off counts as something.
        text = text[: 2 * limit] + "…"
    if not text.isprintable():
        text = _LINE_SPACE.sub(" ", text)
    text = _clean(text)
    if limit is not None and len(text) > limit:
        text = _clean(text[: limit - 1]) + "…" if limit > 0 else ""
    return text


def safe_block(text: str) -> str:
    """``text`` as harmless lines: LF between them, tabs as spaces to the next stop of `TAB_STOP`."""
    bare = text.replace("\n", "")
    if bare.isprintable():
        if bare.isascii() or _HIGH.search(bare) is None:
            return text
    else:
        text = _BREAK.sub("\n", text)
        if "\t" in text:
            text = "\n".join(_expand(line) if "\t" in line else line for line in text.split("\n"))
    return _walk(text) if _odd().search(text) else text


def safe_name(text: str) -> str:
    """`safe_line` for a field that has no bounds of its own: a title, a name, a tag, a slug."""
    return safe_line(text, MAX_NAME)


def safe_names(texts: Sequence[str]) -> tuple[str, ...]:
    """The tags of a post, as `safe_line`; no more of them than anybody could read."""
    kept = tuple(safe_line(text, MAX_TAG) for text in texts[:MAX_NAMES])
    return (*kept, "…") if len(texts) > MAX_NAMES else kept


def safe_body(text: str) -> str:
    """`safe_block` of a body for the screen, cut where it is longer than any Jam allows; then its last line says so."""
    if len(text) <= MAX_BODY // TAB_STOP:
        return safe_block(text)
    block = safe_block(text[: MAX_BODY + _NOTE])
    if max(len(text), len(block)) <= MAX_BODY + _NOTE:
        return block
    end = block.rfind("\n", MAX_BODY - _NOTE, MAX_BODY)
    kept = safe_block(block[: end if end > 0 else MAX_BODY].rstrip())
    return f"{kept}\n\n[… about {max(1, len(text) - len(kept)):,} more characters: jamtui show tells all of them]"


def leaving(text: str) -> str:
    """What goes to the clipboard: harmless lines, their tabs as they are."""
    return "\t".join(map(safe_block, text.split("\t")))


def has_controls(text: str) -> bool:
    """Whether ``text`` holds what must never reach a terminal: C0 but LF, DEL, C1, bidi controls, surrogates."""
    return not text.isprintable() and re.search(_CONTROL, text) is not None


def refuse_controls(text: str) -> str:
    """The second guard, for one line about to be drawn: no control code leaves here, line feed included."""
    if text.isprintable():
        return text
    return _REFUSED.sub(lambda found: _picture(found[0]), text)


def escape_json(line: str) -> str:
    """Encoded JSON with C0, DEL, C1, bidi controls, U+2028, U+2029 and surrogates as ``\\uXXXX``.

    A JSON encoder writes C0 as escapes already; only the line feed between documents stays as it is.
    """
    if line.isprintable():
        return line
    return _REFUSED.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", line)


class ForEyes:
    """Standard output where it is a terminal, for what is else a file of bytes: an archive, a Markdown document.

    It stays what it is, with the controls that JSON or Markdown may hold as they are written as escapes.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def write(self, data: bytes) -> int:
        self._out.write(escape_json(self._decode(data)))
        return len(data)

    def flush(self) -> None:
        self._out.flush()


def charset(name: str) -> str:
    """The codec for a terminal of that charset, with the error handler ``jamtui`` made: what it does not have becomes
    question marks that take as many cells. ASCII for what nobody knows, or is no charset of terminals; "" for UTF-8."""
    try:
        found = codecs.lookup(name).name
        fits = "A\x1b".encode(found) == b"A\x1b"
    except (LookupError, UnicodeError):
        fits = False
    codecs.register_error("jamtui", _question_marks)
    return "" if fits and found == "utf-8" else found if fits else "ascii"


def _question_marks(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "?" * sum(map(_cells, error.object[error.start : error.end])), error.end


def _picture(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else _REPLACEMENT


def _expand(line: str) -> str:
    """Tabs as spaces to the next stop, counted in cells (a wide character is two)."""
    if line.isascii():
        return line.expandtabs(TAB_STOP)
    pieces: list[str] = []
    column = 0
    for number, part in enumerate(line.split("\t")):
        if number:
            gap = TAB_STOP - column % TAB_STOP
            pieces.append(" " * gap)
            column += gap
        pieces.append(part)
        column += len(part) if part.isascii() else sum(map(_cells, part))
    return "".join(pieces)


def _cells(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _clean(text: str) -> str:
    """Everything but line breaks and tabs, which the callers have dealt with; LF passes."""
    if text.isprintable() and (text.isascii() or _HIGH.search(text) is None):
        return text
    return _walk(text) if _odd().search(text) else text


@cache
def _classes() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What is dropped, what is replaced, what selects a variation."""
    return re.compile(f"[{_DROPPED}]"), re.compile(f"[{_REPLACED}]"), re.compile(f"[{_SELECTORS}]")


def _walk(text: str) -> str:
    """The careful road, a character at a time: one pass, linear, with a look at the neighbours."""
    out: list[str] = []
    last = ""  # the last character kept
    marks = 0  # combining marks since the last base
    joins = 0  # joiners in this chain of emoji
    skip_to = 0
    dropped, replaced, selector = _classes()
    for place, char in enumerate(text):
        if place < skip_to:
            continue
        code = ord(char)
        if 0x20 <= code < 0x7F or (0xA0 <= code < 0x300 and code != 0xAD) or char == "\n":
            marks = joins = 0
        elif code < 0x20 or code == 0x7F:
            char = _picture(char)
            marks = joins = 0
        elif char in "\u2028\u2029" or replaced.match(char):
            char = _REPLACEMENT
            marks = joins = 0
        elif char in "\u200c\u200d":
            if marks >= MAX_MARKS:
                continue
            if char == _ZWJ and _pictograph(last):
                if joins >= MAX_JOINS or not _pictograph(text[place + 1 : place + 2]):
                    continue
                joins += 1
            elif not _joining(last):
                continue
            marks += 1
        elif char in "\u061c\u200e\u200f":
            if marks >= MAX_MARKS or not (_rtl_letter(last) or _rtl_letter(text[place + 1 : place + 2])):
                continue
            marks += 1
        elif dropped.match(char):
            continue
        elif _mark(char):
            if marks >= MAX_MARKS or (selector.match(char) and last and selector.match(last)):
                continue
            marks += 1
        else:
            marks = 0
            if last != _ZWJ:
                joins = 0
            if char == _BLACK_FLAG:
                tags = next((tags for tags in _TAG_FLAGS if text.startswith(tags, place + 1)), "")
                skip_to = place + 1 + len(tags)
                char += tags
        out.append(char)
        last = char[-1]
    return "".join(out)


def _mark(char: str) -> bool:
    """Whether ``char`` hangs on the one before it: combining marks, conjoining vowels and finals of Hangul."""
    return unicodedata.category(char)[0] == "M" or "\u1161" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff"


def _pictograph(char: str) -> bool:
    """Whether a joined emoji may have ``char`` beside its joiner ("" is none)."""
    if not char:
        return False
    code = ord(char)
    return 0x1F000 <= code <= 0x1FAFF or code in (0xFE0F, 0x2194, 0x2195) or unicodedata.category(char) == "So"


def _joining(char: str) -> bool:
    """Whether ``char`` is of a script whose shapes need joiners: Arabic, Syriac, N'Ko, Indic, Myanmar, Khmer..."""
    if not char or unicodedata.category(char)[0] not in "LM":
        return False
    code = ord(char)
    return 0x0600 <= code <= 0x1CFF or 0xA800 <= code <= 0xABFF or 0x10A00 <= code <= 0x11FFF or code >= 0x1E900


def _rtl_letter(char: str) -> bool:
    return char != "" and unicodedata.bidirectional(char) in ("R", "AL") and unicodedata.category(char)[0] == "L"
