"""CommonMark as `Content`, for the places that show one short text: a forum's brief, the preview of a draft."""

from __future__ import annotations

from textual.content import Content

from jamtui.safe_text import safe_body
from widgets.markdown_lines import layout, parse

_STYLES = {
    "heading": "bold $primary",
    "heading-minor": "bold",
    "em": "italic",
    "strong": "bold",
    "strike": "strike",
    "inline-code": "$secondary on $panel",
    "code": "on $panel",
    "code-keyword": "$primary on $panel",
    "code-string": "$success on $panel",
    "code-number": "$accent on $panel",
    "code-comment": "italic $text-muted on $panel",
    "code-name": "$secondary on $panel",
    "code-inserted": "$success on $panel",
    "code-deleted": "$error on $panel",
    "link": "underline $primary",
    "link-number": "$text-muted",
    "link-host": "$text-muted",
    "dead-link": "underline $text-muted",
    "quote": "italic $text-muted",
    "quote-bar": "$secondary",
    "bullet": "$accent",
    "rule": "$border",
    "table-rule": "$border",
    "faint": "$text-muted",
    "title": "bold $primary",
}


def drawn(body: str, width: int) -> Content:
    """``body`` drawn in lines of at most ``width`` cells; it is made harmless here."""
    lines, more = layout(parse(safe_body(body)), max(width, 12))
    rows = [
        Content.assemble(
            *((text, " ".join(_STYLES.get(name, "") for name in style.split()).strip()) for text, style, _link in line)
        )
        for line in lines
    ]
    if more:
        rows.append(Content.styled(f"({more:,} more lines)", "$text-muted"))
    return Content("\n").join(rows)
