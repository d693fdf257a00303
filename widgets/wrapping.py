"""Text of several lines in lists and cards: what is wrapped keeps its column, what is left out is told."""

from __future__ import annotations

from textual.content import Content


def hanging(lead: Content, text: Content, width: int) -> Content:
    """``lead``, and beside it ``text`` in a column of its own."""
    indent = lead.cell_length
    first, *others = text.wrap(max(8, width - indent)) or [Content("")]
    return Content("\n").join([Content.assemble(lead, first), *(Content.assemble(" " * indent, one) for one in others)])


def first_lines(text: Content, width: int, lines: int) -> Content:
    """At most ``lines`` lines of ``width`` cells, the last one ending in ``…`` where there is more."""
    wrapped = text.wrap(max(8, width))
    if len(wrapped) <= lines:
        return text
    end = wrapped[lines - 1].rstrip()
    last = Content.assemble(end, "……").truncate(min(width, end.cell_length + 1), ellipsis=True)
    return Content("\n").join([*wrapped[: lines - 1], last])
