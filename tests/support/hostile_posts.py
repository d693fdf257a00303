"""The hostile texts of `tests/data/hostile`, and posts of any length that are made to be slow.

`slow_posts(20_000)` has the length that a Jam allows, `slow_posts(1_000_000)` what an archive may hold.
"""

from __future__ import annotations

import json
from pathlib import Path

HOSTILE = Path(__file__).parents[1] / "data" / "hostile"
TEXTS = ("esc", "c0", "c1", "uni", "markup", "md", "dos")  # kinds of what people may write; the others servers answer

# What a slow post begins with, what it repeats, and what it ends with.
_SLOW = {
    "emphasis": ("", "*_", ""),
    "emphasis-mixed": ("", "**a *b _c ", ""),
    "emphasis-triple": ("", "***a", ""),
    "brackets": ("", "[", ""),
    "brackets-links": ("", "[a](b", ""),
    "brackets-closed": ("", "[a][]", ""),
    "images": ("", "![", ""),
    "parens": ("[x](", "(", ""),
    "title": ('[x](/y "', "\\", ""),
    "refs": ("", "[a]: /b\n", ""),
    "refs-long": ("[a]: /b '", "x\n", ""),
    "footnotes": ("", "[^1]", ""),
    "backticks": ("", "`a``b```c````d", ""),
    "strikes": ("", "~~a~~~ ", ""),
    "entities": ("", "&amp;&#x41;&CounterClockwiseContourIntegral;", ""),
    "entities-bad": ("", "&a&#&#x;", ""),
    "escapes": ("", "\\*", ""),
    "braces": ("{![*", "}", ""),
    "dollars": ("*", "$", ""),
    "equals": ("![1. ", "=1", "](:"),
    "images-marks": ("", "\u0301![", ""),
    "html": ("", "<a href='x' ", ""),
    "html-many": ("", "<b>x</b><!-- -->", ""),
    "html-comment": ("", "<!--", ""),
    "html-cdata": ("", "<![CDATA[", ""),
    "html-instruction": ("", "<?", ""),
    "html-declaration": ("", "<!A ", ""),
    "autolinks": ("", "<https://a.example/x> ", ""),
    "autolinks-open": ("", "<https://a.", ""),
    "urls": ("", "https://a.example/ ", ""),
    "urls-joined": ("", "http://a.", ""),
    "url-parens": ("https://a.example/", "(", ")" * 1000),
    "url-trail": ("", "https://a.example/x" + ".,;:!?)" * 280 + " ", ""),
    "quotes-deep": ("", ">", " a"),
    "quotes": ("", "> " * 40 + "a\n", ""),
    "lists-inline": ("", "- ", "x"),
    "lists": ("", "- a\n", ""),
    "lists-steps": ("", "".join("  " * deep + "- a\n" for deep in range(60)), ""),
    "ordered": ("", "1. a\n2. b\n", ""),
    "table-wide": ("|a" * 3000 + "|\n" + "|-" * 3000 + "|\n", "|b", "|"),
    "table-long": ("|a|b|\n|-|-|\n", "|c|d|\n", ""),
    "table-ragged": ("|a|\n|-|\n", "|" * 150 + "\n", ""),
    "table-short": ("a|" * 200 + "a\n" + "-|" * 200 + "-\n", "x\n", ""),
    "table-short-quoted": ("> " + "a|" * 200 + "a\n> " + "-|" * 200 + "-\n", "> x\n", ""),
    "tables-short": ("", "a|" * 20 + "a\n" + "-|" * 20 + "-\n" + "x\n" * 25 + "\n", ""),
    "addresses-long": ("[](" * 32, "a", ""),
    "table-pipes": ("a|b\n-|-\n", "\\|", ""),
    "tables": ("", "|a|\n|-|\n|b|\n\n", ""),
    "setext": ("", "a\n", "==="),
    "setext-many": ("", "a\n=\n", ""),
    "rules": ("", "---\n", ""),
    "headings": ("", "# a\n\n", ""),
    "hashes": ("", "#", ""),
    "fences": ("", "```a\n", ""),
    "fences-many": ("", "```py\nx=1\n```\n", ""),
    "breaks": ("", "a  \n", ""),
    "spaces": ("", "a" + " " * 4999, ""),
    "space-lines": ("", " " * 99 + "\n", ""),
    "paragraphs": ("", "a\n\n", ""),
    "blank": ("", "\n", ""),
    "tabs": ("", "\t", ""),
    "tabs-wide": ("", "漢\t", ""),
    "marks": ("a", "\u0301", ""),
    "marks-spread": ("", "a" + "\u0301" * 6, ""),
    "joiners": ("", "\u200d", ""),
    "joined": ("", "\U0001f469\u200d", ""),
    "flags": ("", "\U0001f1e9", ""),
    "jamo": ("", "\u1100", ""),
    "vowel-signs": ("\u0915", "\u094d\u0937", ""),
    "wide": ("", "漢", ""),
    "wide-closing": ("", "、", ""),
    "wide-opening": ("", "「", ""),
    "bidi": ("", "\u202e", ""),
    "controls": ("", "\x1b[2J", ""),
    "directional": ("", "א\u200f", ""),
    "surrogates": ("", "\ud800", ""),
    "word": ("", "x", ""),
    "words": ("", "x ", ""),
    "code-long": ("```py\n", "x", "\n```"),
    "code-lines": ("```py\n", "x\n", "```"),
    "code-wide": ("```\n", "漢\u0301", "\n```"),
    "code-indented": ("", "    a\n\n", ""),
    # Within the bounds of colouring (`widgets.highlight.MAX_CODE`).
    "code-strings": ("```py\n" + "'\\" * 4000 + "\n```\n", "x", ""),
    "code-triple": ("```py\n" + "\"\"\"'''" * 1300 + "\n```\n", "x", ""),
    "code-comments": ("```c\n" + "/*" * 4000 + "\n```\n", "x", ""),
    "code-markup": ("```xml\n" + "<!--" * 2000 + "\n```\n", "x", ""),
    "code-objects": ("```json\n" + '[{"a":' * 1300 + "\n```\n", "x", ""),
    "code-blanks": ("```yaml\n" + " " * 4000 + "-" * 4000 + "\n```\n", "x", ""),
    "code-shell": ("```bash\n" + '$(`"${' * 1300 + "\n```\n", "x", ""),
    "code-words": ("```sql\n" + "a" * 8000 + "\n```\n", "x", ""),
    "code-numbers": ("```c\n" + "0x0." * 2000 + "\n```\n", "x", ""),
}


def cases(*kinds: str) -> list[dict[str, str]]:
    """The corpus and our own additions, of some kinds."""
    read = [case for name in ("corpus.json", "more.json") for case in json.loads((HOSTILE / name).read_text("utf-8"))]
    return [case for case in read if case["kind"] in kinds]


def slow_posts(length: int = 20_000) -> dict[str, str]:
    """Names, and bodies of ``length`` characters."""
    return {
        name: (head + unit * max(1, (length - len(head) - len(tail)) // len(unit)) + tail)
        for name, (head, unit, tail) in _SLOW.items()
    }
