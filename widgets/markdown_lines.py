"""CommonMark drawn to lines: a post is parsed once (`parse`) and laid out for a width (`layout`), without widgets.

What keeps a stranger's post from freezing the program: the parser sees only as much of it as `BUDGET` pays for (time
grows with the special characters and lines in it, at most 50 microseconds each), nesting ends at 20, tables at
`MAX_COLUMNS` x `MAX_ROWS` cells, code is coloured within its own bounds (`widgets.highlight`), and no more than
`MAX_LINES` lines are drawn until the reader asks for all. What the parser did not see is then drawn as plain text.

Links are underlined and numbered; nothing is fetched, HTML is text, entities are made harmless after decoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from jamtui.markdown_cost import BLANK, MARKUP, affordable
from jamtui.safe_text import safe_block, safe_line
from widgets.links import Link, bare_urls, make_link
from widgets.strips import Line, Span, cell_width, cut, line_width, window, wrap

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

BUDGET = 1000  # what the parser may spend on a post at first, in special characters and (twice) line feeds
BUDGET_ALL = 1600  # ...and when all of it is asked for
MAX_LINES = 200  # lines of a post drawn at first
MAX_ALL = 5000
MAX_COLUMNS = 20
MAX_NESTING = 20
MAX_CELL = 48  # cells of a column of a table
MAX_ROWS = 100
MAX_LINKS = 200
MIN_TEXT = 12  # cells that prefixes of quotes and lists leave for text at least
RULE = 24


class Paragraph(Struct, frozen=True):
    """Runs of text, one tuple for each hard line break."""

    parts: tuple[Line, ...]


class Code(Struct, frozen=True):
    lines: tuple[tuple[tuple[str, str], ...], ...]


class Table(Struct, frozen=True):
    """``rows[0]`` is the head; ``right`` has the columns whose text stands at the right."""

    rows: tuple[tuple[Line, ...], ...]
    right: frozenset[int]


class Rule(Struct, frozen=True):
    pass


class Block(Struct, frozen=True):
    """What is drawn, behind ``first`` on its first line and ``rest`` on the others. ``gap``: what stands on the blank
    line before it; None for no blank line."""

    content: Paragraph | Code | Table | Rule
    first: Line
    rest: Line
    gap: Line | None


class Doc(Struct, frozen=True):
    """A parsed post. ``tail`` is source that was not parsed; ``whole`` says that all that was asked for is here."""

    blocks: tuple[Block, ...]
    links: tuple[Link, ...]
    tail: str


def parse(body: str, budget: int = BUDGET) -> Doc:
    """The body of a post (harmless text) as blocks. Pure."""
    body = body.strip("\n")
    if not MARKUP.search(body):
        return _plain_doc(body)
    end = affordable(body, budget)
    walker = _Walker(body[:end].split("\n"))
    walker.walk(_parser().parse(body[:end]))
    return Doc(tuple(walker.blocks), tuple(walker.links), body[end:].strip("\n"))


def layout(doc: Doc, width: int, *, everything: bool = False, shift: int = 0) -> tuple[tuple[Line, ...], int]:
    """The lines of a post for ``width`` cells, and how many more there are (of the part not parsed: about).

    ``shift``: by how many cells tables and code that are wider have been moved to the left.
    """
    lines: list[Line] = []
    for block in doc.blocks:
        lines += _block_lines(block, width, shift)
        if len(lines) > MAX_ALL:
            break
    limit = MAX_LINES
    if everything:
        limit = MAX_ALL
        if doc.tail:
            lines.append(())
            for line in doc.tail.split("\n"):
                lines += wrap([Span(line)], width)
                if len(lines) > MAX_ALL:
                    break
        more = max(0, len(lines) - limit)
    else:
        more = max(0, len(lines) - limit)
        if doc.tail:
            more += sum(1 + len(line) // max(width, 1) for line in doc.tail.split("\n"))
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines[:limit]), more


def mark_words(lines: Iterable[Line], words: re.Pattern[str] | None) -> tuple[Line, ...]:
    """The same lines with the style ``hit`` added where ``words`` match."""
    if words is None:
        return tuple(lines)
    return tuple(tuple(_marked(line, words)) for line in lines)


def word_pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    """What finds any of ``words``, whatever their case; None for no words."""
    found = sorted({word for word in words if word.strip()}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, found)), re.IGNORECASE) if found else None


def _marked(line: Line, words: re.Pattern[str]) -> Iterator[Span]:
    for span in line:
        place = 0
        for match in words.finditer(span.text):
            if match.end() == match.start():
                continue
            if match.start() > place:
                yield span._replace(text=span.text[place : match.start()])
            yield span._replace(text=match[0], style=f"{span.style} hit".strip())
            place = match.end()
        if place == 0:
            yield span
        elif place < len(span.text):
            yield span._replace(text=span.text[place:])


# parsing


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # most starts show nothing that needs it

    # No linkify: it is quadratic; bare URLs are found by `links.bare_urls`. No HTML: tags are text.
    return MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])


def _plain_doc(body: str) -> Doc:
    blocks: list[Block] = []
    for text in BLANK.split(body):
        line: Line = (Span(_join(text.strip("\n ").split("\n"))),)
        blocks.append(Block(Paragraph((line,)), (), (), () if blocks else None))
    return Doc(tuple(blocks), (), "")


def _join(lines: Sequence[str]) -> str:
    """Lines of a paragraph as one; a space between them unless both sides are ideographs."""
    text = " ".join(line.strip(" ") for line in lines)
    if max(text, default="") < _FIRST_WIDE:
        return text
    return _between_ideographs().sub("", text)


_FIRST_WIDE = "\u3000"


@cache  # made for the first text that needs it: classes of so many characters take milliseconds
def _between_ideographs() -> re.Pattern[str]:
    return re.compile("(?<=[\u3000-\u303f\u3040-\u30ff\u4e00-\u9fff\uff01-\uff60]) (?=[\u3001-\u30ff\u4e00-\u9fff])")


class _Box:
    """A quote or a list item around blocks: what it puts before their lines."""

    __slots__ = ("first", "rest", "used")

    def __init__(self, first: Span, rest: Span) -> None:
        self.first = first
        self.rest = rest
        self.used = False


class _Walker:
    """Turns the flat tokens of markdown-it into blocks and links."""

    def __init__(self, source: Sequence[str]) -> None:
        self._source = source
        self.blocks: list[Block] = []
        self.links: list[Link] = []
        self._boxes: list[_Box] = []
        self._last_boxes: tuple[_Box, ...] = ()
        self._lists: list[tuple[bool, int]] = []  # tight, and the number of blocks before the outermost list
        self._quotes = 0

    def walk(self, tokens: Sequence[Token]) -> None:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            match token.type:
                case "inline":
                    self._add(Paragraph(self._inline(token, "")))
                case "heading_open":
                    style = "heading" if token.tag in ("h1", "h2") else "heading-minor"
                    self._add(Paragraph(self._inline(tokens[at + 1], style)))
                    at += 2
                case "fence" | "code_block":
                    self._add(self._code(token))
                case "hr":
                    self._add(Rule())
                case "table_open":
                    at = self._table(tokens, at)
                case "blockquote_open":
                    self._quotes += 1
                    bar = Span("▎ ", "quote-bar")
                    self._boxes.append(_Box(bar, bar))
                    self._too_deep(token, tokens[at + 1])
                case "blockquote_close":
                    self._quotes -= 1
                    self._boxes.pop()
                case "bullet_list_open" | "ordered_list_open":
                    self._lists.append((_tight(tokens, at), len(self.blocks)))
                case "bullet_list_close" | "ordered_list_close":
                    self._lists.pop()
                case "list_item_open":
                    bullet = "•◦▪"[(len(self._lists) - 1) % 3]
                    marker = f"{token.info}{token.markup} " if token.info else f"{bullet} "
                    self._boxes.append(_Box(Span(marker, "bullet"), Span(" " * cell_width(marker))))
                    self._too_deep(token, tokens[at + 1])
                case "list_item_close":
                    box = self._boxes[-1]
                    if not box.used:
                        self._add(Paragraph(((),)))
                    self._boxes.pop()
                case _:
                    pass
            at += 1

    def _add(self, content: Paragraph | Code | Table | Rule) -> None:
        gap: Line | None = None
        tight = bool(self._lists) and self._lists[-1][0] and len(self.blocks) > self._lists[0][1]
        if self.blocks and not tight:
            shared: list[Span] = []
            for mine, last in zip(self._boxes, self._last_boxes, strict=False):
                if mine is not last:
                    break
                shared.append(mine.rest)
            gap = tuple(shared)
        first = tuple(box.rest if box.used else box.first for box in self._boxes)
        rest = tuple(box.rest for box in self._boxes)
        for box in self._boxes:
            box.used = True
        self._last_boxes = tuple(self._boxes)
        self.blocks.append(Block(content, first, rest, gap))

    def _too_deep(self, token: Token, following: Token) -> None:
        """The parser leaves out what nests deeper than it goes: that is shown as it was written."""
        if token.level >= MAX_NESTING - 2 and following.nesting < 0 and token.map:
            lines = [line.lstrip("> -+*") for line in self._source[token.map[0] : token.map[1]]]
            self._add(Paragraph(((Span(safe_line(_join(lines)), "quote" if self._quotes else ""),),)))

    def _code(self, token: Token) -> Code:
        from widgets.highlight import highlight, plain  # few posts have code

        text = safe_block(token.content.removesuffix("\n"))
        language = token.info.split()[0].strip("{}.") if token.info.strip() else ""
        lines = highlight(text, language) if language else plain(text)
        return Code(tuple(tuple(line) for line in lines))

    def _table(self, tokens: Sequence[Token], at: int) -> int:
        rows: list[tuple[Line, ...]] = []
        row: list[Line] = []
        right: set[int] = set()
        while tokens[at].type != "table_close":
            token = tokens[at]
            if token.type == "tr_open":
                row = []
            elif token.type == "tr_close":
                if len(rows) <= MAX_ROWS:
                    rows.append(tuple(row))
            elif token.type in ("th_open", "td_open"):
                if token.type == "th_open" and "right" in str(token.attrs.get("style", "")):
                    right.add(len(row))
                if len(row) < MAX_COLUMNS and len(rows) <= MAX_ROWS:
                    parts = self._inline(tokens[at + 1], "strong" if token.type == "th_open" else "")
                    row.append(tuple(span for part in parts for span in part))
            at += 1
        self._add(Table(tuple(rows), frozenset(right)))
        return at

    # inline

    def _inline(self, token: Token, style: str) -> tuple[Line, ...]:
        """The text of a block in runs; one tuple for each hard break."""
        names = ["quote"] if self._quotes else []
        if style:
            names.append(style)
        parts: list[list[Span]] = [[]]
        link: tuple[int, int] | None = None  # its number in self.links (-1: cannot be opened), where its text begins
        href = ""
        for child in token.children or ():
            out = parts[-1]
            now = " ".join(names)
            match child.type:
                case "text":
                    self._text(out, child.content, now, link)
                case "softbreak":
                    out.append(Span("\n", now, link[0] if link else -1))
                case "hardbreak":
                    parts.append([])
                case "code_inline":
                    text = safe_line(child.content)
                    out.append(Span(text, f"{now} inline-code".strip(), link[0] if link else -1))
                case "em_open" | "strong_open" | "s_open":
                    names.append({"em_open": "em", "strong_open": "strong", "s_open": "strike"}[child.type])
                case "em_close" | "strong_close" | "s_close":
                    names.pop()
                case "link_open":
                    href = str(child.attrs.get("href", ""))
                    link = (self._link(href), len(out))
                    names.append("link" if link[0] >= 0 else "dead-link")
                case "link_close":
                    names.remove("link" if link and link[0] >= 0 else "dead-link")
                    if link is not None:
                        self._close_link(out, link, href)
                    link = None
                case "image":
                    self._image(out, child, names, link)
                case _:  # nothing else is enabled; if it ever is, its text is shown
                    self._text(out, child.content, now, link)
        return tuple(_softened(part) for part in parts)

    def _text(self, out: list[Span], text: str, style: str, link: tuple[int, int] | None) -> None:
        text = safe_line(text)
        if not text:
            return
        if link is not None:
            out.append(Span(text, style, link[0]))
            return
        place = 0
        for start, end in bare_urls(text) if "://" in text else ():
            number = self._link(text[start:end])
            if number < 0:
                continue
            if start > place:
                out.append(Span(text[place:start], style))
            out.append(Span(text[start:end], f"{style} link".strip(), number))
            self._close_link(out, (number, len(out) - 1), text[start:end])
            place = end
        if place < len(text):
            out.append(Span(text[place:], style))

    def _link(self, href: str) -> int:
        """The index of a new link, or -1 when it must not be opened."""
        if len(self.links) >= MAX_LINKS:
            return -1
        link = make_link(len(self.links) + 1, "", href)
        if not link.openable:
            return -1
        self.links.append(link)
        return len(self.links) - 1

    def _close_link(self, out: list[Span], link: tuple[int, int], href: str, *, image: bool = False) -> None:
        """The number behind a link, and its real host where the text does not name it."""
        number, start = link
        text = "".join(span.text for span in out[start:]).replace("\n", " ")
        if number < 0:
            shown = safe_line(href, 200)
            if shown and shown != text:
                out.append(Span(f" ({shown})", "faint"))
            return
        made = self.links[number]
        made = self.links[number] = Link(made.number, safe_line(text, 200), made.url, made.host, True)
        out.append(Span(f"[{made.number}]", "link-number", number))
        if image or made.telling:
            out.append(Span(f" → {made.told_host}", "link-host", number))

    def _image(self, out: list[Span], token: Token, names: list[str], link: tuple[int, int] | None) -> None:
        style = " ".join(names)
        alt = safe_line(token.content, 200).strip() or "image"
        if link is not None:
            out.append(Span(f"▣ {alt}", style, link[0]))
            return
        href = str(token.attrs.get("src", ""))
        number = self._link(href)
        start = len(out)
        out.append(Span(f"▣ {alt}", f"{style} link".strip() if number >= 0 else style, number))
        self._close_link(out, (number, start), href, image=True)


def _tight(tokens: Sequence[Token], at: int) -> bool:
    """Whether the list that opens at ``at`` has no blank lines between its items."""
    for token in tokens[at + 1 : at + 12]:
        if token.type == "paragraph_open" and token.level == tokens[at].level + 2:
            return token.hidden
    return True


def _softened(part: list[Span]) -> Line:
    """Soft breaks (spans of a line feed) as spaces; as nothing between ideographs."""
    line: list[Span] = []
    for at, span in enumerate(part):
        if span.text != "\n":
            line.append(span)
            continue
        before = part[at - 1].text[-1:] if at else ""
        after = part[at + 1].text[:1] if at + 1 < len(part) else ""
        if min(before, after) >= _FIRST_WIDE and _between_ideographs().search(f"{before} {after}"):
            continue
        line.append(span._replace(text=" "))
    return tuple(line)


# layout


def _block_lines(block: Block, width: int, shift: int) -> Iterator[Line]:
    first, rest = block.first, block.rest
    room = width - max(line_width(first), line_width(rest))
    if room < MIN_TEXT:
        kept = max(0, width - MIN_TEXT)
        first, rest = cut(first[-3:], kept, ""), cut(rest[-3:], kept, "")
        room = width - max(line_width(first), line_width(rest))
    if block.gap is not None:
        yield cut(block.gap, max(0, width - MIN_TEXT), "")
    for line in _content_lines(block.content, max(room, 1), shift):
        yield first + line
        first = rest


def _content_lines(content: Paragraph | Code | Table | Rule, width: int, shift: int) -> Iterator[Line]:
    match content:
        case Paragraph(parts):
            for part in parts:
                yield from wrap(part, width)
        case Code(lines):
            yield from _code_lines(lines, width, shift)
        case Table():
            yield from _table_lines(content, width, shift)
        case Rule():
            yield (Span("─" * min(width, RULE), "rule"),)


def _code_lines(lines: Sequence[tuple[tuple[str, str], ...]], width: int, shift: int) -> Iterator[Line]:
    """Code on a ground of its own, a cell of it on both sides; what is wider than that is a window that moves."""
    room = max(1, width - 2)
    drawn = [tuple(Span(text, style) for text, style in runs) for runs in lines]
    shift = max(0, min(shift, max(map(line_width, drawn), default=0) - room))
    for line in drawn:
        seen = [
            span._replace(style=f"code {span.style}") if span.style == "faint" else span
            for span in window(line, shift, room)
        ]
        yield _code_line(seen, line_width(seen), room)


def _code_line(line: list[Span], used: int, room: int) -> Line:
    return (Span(" ", "code"), *line, Span(" " * (room - used + 1), "code"))


def _table_lines(table: Table, width: int, shift: int) -> Iterator[Line]:
    """Columns as wide as their text, up to `MAX_CELL`; a table wider than the pane is a window that moves."""
    widths = _columns(table)
    if not widths:
        return
    shift = max(0, min(shift, sum(widths) + 3 * (len(widths) - 1) - width))
    for number, row in enumerate(table.rows):
        line: list[Span] = []
        for at, cells in enumerate(widths):
            if at:
                line.append(Span(" │ ", "table-rule"))
            cell = cut(row[at] if at < len(row) else (), cells)
            gap = Span(" " * (cells - line_width(cell)))
            line += (gap, *cell) if at in table.right else (*cell, gap)
        yield window(line, shift, width)
        if number == 0:
            yield window((Span("─┼─".join("─" * cells for cells in widths), "table-rule"),), shift, width)


def _columns(table: Table) -> list[int]:
    """The cells of each column."""
    count = max(map(len, table.rows), default=0)
    natural = (max((line_width(row[at]) for row in table.rows if at < len(row)), default=0) for at in range(count))
    return [min(MAX_CELL, max(1, cells)) for cells in natural]


def overflow(doc: Doc, width: int) -> int:
    """How far the widest table or code of a post can be moved sideways, in cells; 0 when all of it is seen."""
    most = 0
    for block in doc.blocks:
        room = max(1, width - max(line_width(block.first), line_width(block.rest)))
        if isinstance(block.content, Code):
            lines = (sum(cell_width(text) for text, _ in runs) for runs in block.content.lines)
            most = max(most, max(lines, default=0) - max(1, room - 2))
        elif isinstance(block.content, Table):
            widths = _columns(block.content)
            most = max(most, sum(widths) + 3 * (len(widths) - 1) - room)
    return most
