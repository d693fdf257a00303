"""The columns that stand beside a post's JSON in the mirror: what lists, counts and the full text are made from."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import msgspec

from jamtui import archive
from jamtui.archive import Person, Post
from jamtui.names import ROLES, keys

# Scripts without spaces between words: each character becomes a word of its own, and a query a phrase of them.
_UNSPACED = (
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uac00-\ud7af\U00020000-\U0003ffff])"
)


@cache  # not for a start that loads nothing: classes of so many characters take milliseconds
def _unspaced() -> re.Pattern[str]:
    return re.compile(_UNSPACED)


# Bytes that no character of those scripts begins with in UTF-8: most texts in letters of Europe have no others.
_SPACED = bytes({*range(0xE0), 0xE2})


def words_of(text: str) -> str:
    """Text as the full-text index has it (see `_UNSPACED`)."""
    if text.isascii() or not text.encode("utf-8", "surrogatepass").translate(None, _SPACED):
        return text
    return _unspaced().sub(r" \1 ", text)


def hash_of(post_id: str) -> int:
    """A signed 64-bit number for a post id: the last eight bytes of the UUID, its random part.

    Reading state is kept by it, so that counting what is unread joins on integers. Two posts of one Jam share it with a
    probability of 10⁻¹⁰; then reading one marks the other, no more.
    """
    digits = post_id.replace("-", "")[-16:]
    try:
        value = int(digits, 16)
    except ValueError:  # an archive whose ids are no UUIDs
        value = int.from_bytes(post_id.encode("utf-8", "replace")[-8:], "big")
    return value - (1 << 64) if value >= 1 << 63 else value


def seq_of(cursor: str) -> int:
    """The number in a cursor ``SEQ-MARK``; 0 when there is none."""
    digits = cursor.partition("-")[0]
    return int(digits) if digits.isdigit() else 0


def milliseconds(data: Post) -> int:
    return int(data.created_at.timestamp() * 1000)


def words(data: Post) -> tuple[str, str, str]:
    """What the full text has of a post: title, body, tags."""
    title, tags = data.title, data.tags
    return words_of(title) if title else "", words_of(data.body), words_of(" ".join(tags)) if tags else ""


def of_post(data: Post, raw: bytes, forum: int, thread: int, parent: int | None, author: int) -> tuple[object, ...]:
    """The columns after ``n`` of a row of posts, in the order of `tables.INSERT_POST`."""
    return (
        data.id, hash_of(data.id), forum, thread, parent, author, milliseconds(data), data.up, 1 if data.gone else 0,
        raw, *derived(data),
    )  # fmt: skip


def looks(n: int, data: Person) -> list[tuple[str, int, int]]:
    """The rows of ``looks`` for a person."""
    rank = 0 if data.role in ROLES else 1
    return [(key, rank, n) for key in keys(data.handle, data.name)]


def derived(data: Post) -> tuple[str, int, int]:
    """Language (the primary subtag), whether there is code, whether a host featured it."""
    return (
        _language(data.lang) if data.lang else "",
        1 if has_code(data.body) and not data.gone else 0,
        1 if data.featured else 0,
    )


@lru_cache(maxsize=256)
def _language(lang: str) -> str:
    return lang.lower().replace("_", "-").partition("-")[0][:8].rstrip()


class _WithId(msgspec.Struct):
    id: str | None = None


_WITH_ID = msgspec.json.Decoder(_WithId)


def id_in(raw: bytes) -> str | None:
    """What an object of whatever type says its id is."""
    try:
        return _WITH_ID.decode(raw).id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


KINDS = ("", *archive.KINDS)  # of threads, by the number that the mirror has for them
STAGES = ("", *archive.IDEA_STATES)  # of ideas, by theirs: further ones are higher


def sort_of(data: Post) -> tuple[int, int]:
    """Numbers of an opener's kind and, for an idea, of how far it is; 0 for none."""
    if data.gone or data.kind not in archive.KINDS:
        return 0, 0
    if data.kind != "idea":
        return KINDS.index(data.kind), 0
    return 1, STAGES.index(data.idea_state) if data.idea_state in archive.IDEA_STATES else 1


def has_code(body: str) -> bool:
    return ("`" in body or "~" in body or "    " in body) and _CODE.search(body) is not None


# A fence, a span between backticks, or a line that is indented by four after an empty one (CommonMark).
_CODE = re.compile(r"^ {0,3}(?:```|~~~)|`[^`\n]+`|(?:\A|\n[ \t]*\n) {4,}\S", re.MULTILINE)
