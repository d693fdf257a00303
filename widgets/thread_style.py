"""The colours of the thread reader, as component classes in the variables of the theme."""

from __future__ import annotations

STYLE_NAMES = (
    *("cursor", "blurred", "guide", "unread", "title", "author", "badge", "muted", "tag", "votes", "voted", "saved"),
    *("featured", "sending", "bad", "gone", "more", "em", "strong", "strike", "inline-code", "link", "dead-link"),
    *("link-number", "link-host", "heading", "heading-minor", "quote", "quote-bar", "bullet", "rule", "table-rule"),
    *("faint", "hit", "thumb", "code", "code-keyword", "code-string", "code-comment", "code-number", "code-name"),
    *("code-inserted", "code-deleted"),
)

CSS = """
ThreadReader {
    width: 1fr; height: 1fr; background: $background; color: $foreground;
    & > .thread-reader--cursor { color: $accent; }
    & > .thread-reader--blurred { color: $border; }
    & > .thread-reader--guide { color: $border; }
    & > .thread-reader--unread { color: $accent; }
    & > .thread-reader--title { color: $primary; text-style: bold; }
    & > .thread-reader--author { text-style: bold; }
    & > .thread-reader--badge { background: $panel; color: $accent; }
    & > .thread-reader--muted { color: $text-muted; }
    & > .thread-reader--tag { color: $primary; }
    & > .thread-reader--votes { color: $text-muted; }
    & > .thread-reader--voted { color: $success; text-style: bold; }
    & > .thread-reader--saved { color: $warning; }
    & > .thread-reader--featured { color: $secondary; }
    & > .thread-reader--sending { color: $accent; }
    & > .thread-reader--bad { color: $error; }
    & > .thread-reader--gone { color: $text-muted; text-style: italic; }
    & > .thread-reader--more { color: $primary; }
    & > .thread-reader--em { text-style: italic; }
    & > .thread-reader--strong { text-style: bold; }
    & > .thread-reader--strike { text-style: strike; }
    & > .thread-reader--inline-code { background: $panel; }
    & > .thread-reader--link { color: $primary; text-style: underline; }
    & > .thread-reader--link-number { color: $text-muted; }
    & > .thread-reader--link-host { color: $warning; }
    & > .thread-reader--heading { color: $primary; text-style: bold; }
    & > .thread-reader--heading-minor { text-style: bold; }
    & > .thread-reader--quote { color: $text-muted; }
    & > .thread-reader--quote-bar { color: $secondary; }
    & > .thread-reader--bullet { color: $text-muted; }
    & > .thread-reader--rule { color: $border; }
    & > .thread-reader--table-rule { color: $border; }
    & > .thread-reader--faint { color: $text-muted; }
    & > .thread-reader--hit { background: $warning; color: $background; text-style: bold; }
    & > .thread-reader--thumb { color: $scrollbar; }
    & > .thread-reader--code { background: $surface; }
    & > .thread-reader--code-keyword { background: $surface; color: $primary; }
    & > .thread-reader--code-string { background: $surface; color: $success; }
    & > .thread-reader--code-comment { background: $surface; color: $text-muted; text-style: italic; }
    & > .thread-reader--code-number { background: $surface; color: $accent; }
    & > .thread-reader--code-name { background: $surface; color: $secondary; }
    & > .thread-reader--code-inserted { background: $surface; color: $success; }
    & > .thread-reader--code-deleted { background: $surface; color: $error; }
}
"""
