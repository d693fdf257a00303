"""The text of a post for reading aloud: CommonMark as lines of words, links numbered, code and tables announced.

Marks that mean something to the ear become words ("Heading: ", "Code, python:", "End of code."), those for the eye go.
Lists keep their signs and quotations their ``>``, as people know them from mail. The parser sees only as much of a post
as `BUDGET` pays for; the rest is read as it was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from jamtui.markdown_cost import BLANK, MARKUP, affordable
from jamtui.plain.words import IN_THE_TEXT, imitation
from jamtui.plain.wrap import wrap
from jamtui.safe_text import safe_block, safe_line
from widgets.links import Link, bare_urls, make_link

if TYPE_CHECKING:
    from markdown_it.token import Token

BUDGET = 1600  # special characters; each costs the parser up to 50 microseconds
NESTING = 20
MAX_LINES = 20_000  # more than a body has that is shown (`safe_body`): a page at a time, all of it can be read
MAX_LINKS = 200


class Part(Struct, frozen=True):
    """A paragraph, or with ``verbatim`` a line of code. ``first`` and ``rest`` stand before its lines; ``gap`` puts an
    empty line before it."""

    text: str
    first: str = ""
    rest: str = ""
    verbatim: bool = False
    gap: bool = True
    own: bool = False  # our own words


class Spoken(Struct, frozen=True):
    """A post for reading aloud. ``links`` are those that may be opened, by their numbers from 1."""

    parts: tuple[Part, ...]
    links: tuple[Link, ...]


def spoken(body: str) -> Spoken:
    """The body of a post (harmless text) for reading aloud. Pure."""
    body = body.strip("\n")
    if not MARKUP.search(body):
        return Spoken(tuple(_paragraphs(body)), ())
    end = affordable(body, BUDGET)
    reader = _Reader()
    reader.walk(_parsed(body[:end]))
    return Spoken((*reader.parts, *_paragraphs(body[end:].strip("\n"))), tuple(reader.links))


def lines_of(post: Spoken, columns: int) -> list[str]:
    """The lines of a post for a width, its links at the end."""
    lines: list[str] = []
    for part in post.parts:
        if part.gap and lines:
            lines.append("")
        # In each row, since any of them may begin as a line of ours does.
        told = IN_THE_TEXT if not part.own and imitation(part.text) else ""
        if part.verbatim:
            # Code is not broken at words: what does not fit goes on in the next line.
            lines += [told + line for line in _cut(part.rest + part.text, columns - len(told))]
        else:
            lines += wrap(part.text, columns, told + part.first, told + part.rest)
        if len(lines) > MAX_LINES:
            return [*lines[:MAX_LINES], "The rest is not shown: it is longer than any post should be."]
    for link in post.links:
        warning = f" (careful: {link.warning})" if link.warning else ""
        lines += wrap(f"Link {link.number}: {link.told_host}{warning}", columns)
    return lines


def _cut(text: str, columns: int) -> list[str]:
    return wrap(text.replace(" ", "\u00a0"), columns) if len(text) > columns else [text]


def _paragraphs(text: str) -> list[Part]:
    if not text:
        return []
    return [Part(" ".join(part.split())) for part in BLANK.split(text) if part.strip()]


def _parsed(text: str) -> Sequence[Token]:
    from markdown_it import MarkdownIt  # 60 ms: most posts need none of it

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING}).enable(["table", "strikethrough"])
    return parser.parse(text)


class _Box(Struct):
    first: str
    rest: str
    used: bool = False


class _Reader(Struct):
    """Turns the flat tokens of markdown-it into parts and links."""

    parts: list[Part] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    _boxes: list[_Box] = field(default_factory=list)
    _lists: int = 0
    _begun: bool = False  # whether the outermost list has its first line

    def walk(self, tokens: Sequence[Token]) -> None:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            match token.type:
                case "inline":
                    self._add(self._inline(token))
                case "heading_open":
                    self._add(f"Heading: {self._inline(tokens[at + 1])}")
                    at += 2
                case "fence" | "code_block":
                    self._code(token)
                case "hr":
                    self._add("Divider.")
                case "table_open":
                    at = self._table(tokens, at)
                case "blockquote_open":
                    self._boxes.append(_Box("> ", "> "))
                case "bullet_list_open" | "ordered_list_open":
                    self._begun = self._begun and self._lists > 0
                    self._lists += 1
                case "bullet_list_close" | "ordered_list_close":
                    self._lists -= 1
                case "list_item_open":
                    mark = f"{token.info}{token.markup} " if token.info else "* "
                    self._boxes.append(_Box(mark, " " * len(mark)))
                case "blockquote_close" | "list_item_close":
                    self._boxes.pop()
                case _:
                    pass
            at += 1

    def _add(self, text: str, *, verbatim: bool = False, gap: bool = True, own: bool = False) -> None:
        first = "".join(box.rest if box.used else box.first for box in self._boxes)
        rest = "".join(box.rest for box in self._boxes)
        for box in self._boxes:
            box.used = True
        self.parts.append(Part(text, first, rest, verbatim, gap and not (self._lists and self._begun), own))
        self._begun = True

    def _code(self, token: Token) -> None:
        language = safe_line(token.info.split()[0].strip("{}."), 30) if token.info.strip() else ""
        lines = safe_block(token.content.removesuffix("\n")).split("\n")
        self._add(f"Code{f', {language}' if language else ''}, {len(lines)} line{'' if len(lines) == 1 else 's'}:")
        for line in lines:
            self._add(line, verbatim=True, gap=False)
        self._add("End of code.", gap=False, own=True)

    def _table(self, tokens: Sequence[Token], at: int) -> int:
        rows: list[list[str]] = []
        while tokens[at].type != "table_close":
            token = tokens[at]
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                rows[-1].append(self._inline(tokens[at + 1]))
            at += 1
        heads, *body = rows
        self._add(f"Table, {len(heads)} columns, {len(body)} rows.")
        for row in body:
            cells = [f"{head}: {cell}" if head else cell for head, cell in zip(heads, row, strict=False) if cell]
            self._add("; ".join(cells) + ".", gap=False)
        return at

    def _inline(self, token: Token) -> str:
        out: list[str] = []
        opened: list[tuple[int, str]] = []  # where the text of a link begins, and where it leads
        for child in token.children or ():
            match child.type:
                case "text":
                    out.append(safe_line(child.content) if opened else self._bare(safe_line(child.content)))
                case "softbreak":
                    out.append(" ")
                case "hardbreak":
                    out.append("\n")
                case "code_inline":
                    out.append(f"`{safe_line(child.content)}`")
                case "s_open":
                    out.append("(struck out: ")
                case "s_close":
                    out.append(")")
                case "link_open":
                    opened.append((len(out), str(child.attrs.get("href", ""))))
                case "link_close" if opened:
                    start, href = opened.pop()
                    out.append(self._number("".join(out[start:]), href))
                case "image":
                    alt = safe_line(child.content)
                    out.append(f"(image: {alt or 'without words'})")
                    out.append(self._number(alt, str(child.attrs.get("src", ""))))
                case _:
                    if child.content:
                        out.append(safe_line(child.content))
        return "".join(out)

    def _bare(self, text: str) -> str:
        if "://" not in text:
            return text
        pieces: list[str] = []
        place = 0
        for start, end in bare_urls(text):
            pieces.append(text[place:end])
            pieces.append(self._number(text[start:end], text[start:end]))
            place = end
        return "".join([*pieces, text[place:]])

    def _number(self, text: str, href: str) -> str:
        """What stands behind the text of a link: its number, or why it has none."""
        if len(self.links) >= MAX_LINKS:
            return ""
        link = make_link(len(self.links) + 1, text, href)
        if not link.openable:
            return f" (a link that cannot be opened: {link.url})" if link.url and link.url != text else ""
        self.links.append(link)
        return f" [{link.number}]"
