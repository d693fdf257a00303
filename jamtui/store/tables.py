"""The tables of the mirror: its schema with its migrations, its indexes, and the statements that fill it."""

from __future__ import annotations

import apsw

from jamtui import archive
from jamtui.archive import Person, Post
from jamtui.store import columns, sums
from jamtui.store.connection import Schema

_V1 = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE jam(one INTEGER PRIMARY KEY CHECK (one = 1), raw BLOB NOT NULL);
CREATE TABLE people(
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, handle TEXT NOT NULL, raw BLOB NOT NULL);
CREATE INDEX people_handle ON people(handle);
CREATE TABLE forums(
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, slug TEXT NOT NULL, position INTEGER NOT NULL, raw BLOB NOT NULL);
CREATE TABLE posts(
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    h INTEGER NOT NULL,        -- what reading state is kept by: see own.read
    forum INTEGER NOT NULL,    -- forums.n
    thread INTEGER NOT NULL,   -- posts.n of the opener
    parent INTEGER,            -- posts.n; NULL for openers
    author INTEGER NOT NULL,   -- people.n
    created INTEGER NOT NULL,  -- milliseconds since 1970, UTC
    up INTEGER NOT NULL,
    gone INTEGER NOT NULL,     -- 1: taken back, removed or hidden
    raw BLOB NOT NULL);
CREATE INDEX posts_thread ON posts(thread, n, parent, h, gone, author);
CREATE TABLE threads(
    n INTEGER PRIMARY KEY,     -- posts.n of the opener
    forum INTEGER NOT NULL,
    replies INTEGER NOT NULL,  -- replies that are there
    last INTEGER NOT NULL,     -- posts.n of the newest post
    up INTEGER NOT NULL);
CREATE TABLE tags(name TEXT NOT NULL, post INTEGER NOT NULL, PRIMARY KEY (name, post)) WITHOUT ROWID;
CREATE TABLE others(n INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT, raw BLOB NOT NULL);
CREATE UNIQUE INDEX others_id ON others(type, id);
-- Full text without a second copy of the text; old words leave by the 'delete' command, from the leaves as well.
CREATE VIRTUAL TABLE words USING fts5(
    title, body, tags, content='', tokenize="unicode61 remove_diacritics 2");
INSERT INTO words(words, rank) VALUES ('secure-delete', 1);
"""

_INDEXES_V1 = """
CREATE INDEX posts_forum ON posts(forum, gone, author, h, thread);
CREATE INDEX posts_author ON posts(author);
CREATE INDEX threads_active ON threads(forum, last DESC);
CREATE INDEX threads_new ON threads(forum, n DESC);
CREATE INDEX threads_votes ON threads(forum, up DESC, n DESC);
CREATE INDEX threads_replies ON threads(forum, replies DESC, n DESC);
"""

# Which change touched a thread last, so that a reader counts anew what was touched, and nothing else.
# Each transaction adds a part to the full text. Left to itself, FTS5 merges parts inside these transactions, at times
# all of them, which takes 300 ms for 46,000 posts. So it merges when there are many small ones, and `Mirror.tidy` else.
_V3 = """
ALTER TABLE threads ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;  -- the number of a cursor
INSERT INTO words(words, rank) VALUES ('automerge', 0), ('crisismerge', 64), ('usermerge', 16);
"""
_INDEXES_V3 = {"threads_rev": "threads(rev)"}

# ...and which change last touched a post that was in the thread already: since then only posts came, each with a number
# higher than all before it. So of a thread of thousands a reader counts and orders those few.
_V4 = "ALTER TABLE threads ADD COLUMN old INTEGER NOT NULL DEFAULT 0;"

# Indexes that lists and counts want, and that a bulk load does better without: made when it is finished. Those of posts
# hold all that their readers ask for, so that the rows, which are long, are not touched.
_INDEXES = {
    "posts_filter": "posts(forum, gone, author, h, thread, created, lang, code)",
    "posts_person": "posts(author, gone, thread, up)",
    "posts_recent": "posts(created, gone, thread, author, up)",
    "threads_active": "threads(forum, last DESC)",
    "threads_new": "threads(forum, n DESC)",
    "threads_votes": "threads(forum, up DESC, n DESC)",
    "threads_replies": "threads(forum, replies DESC, n DESC)",
}


_INDEXES_V7 = {"posts_featured": "posts(n) WHERE featured = 1"}


def _made(indexes: dict[str, str]) -> str:
    return "".join(f"CREATE INDEX IF NOT EXISTS {name} ON {what};\n" for name, what in indexes.items())


_ALL_INDEXES = _INDEXES_V7 | _INDEXES | _INDEXES_V3  # that of few rows first: a file cut short is seen by the last
MAKE_INDEXES = _made(_ALL_INDEXES)
DROP_INDEXES = "".join(f"DROP INDEX IF EXISTS {name};\n" for name in _ALL_INDEXES)


def _add_derived(db: apsw.Connection) -> None:
    """Version 2: what lists are narrowed by, derived from the stored JSON."""
    db.execute(
        "ALTER TABLE posts ADD COLUMN lang TEXT NOT NULL DEFAULT '';"  # primary subtag, lower case; "": not said
        "ALTER TABLE posts ADD COLUMN code INTEGER NOT NULL DEFAULT 0;"  # 1: holds a block or a span of code
        "ALTER TABLE posts ADD COLUMN featured INTEGER NOT NULL DEFAULT 0;"
        "DROP INDEX posts_forum; DROP INDEX posts_author;"
    )
    last = 0
    while rows := list(db.execute("SELECT n, raw FROM posts WHERE n > ? ORDER BY n LIMIT 1000", (last,))):
        for n, raw in rows:
            data = archive.decode("post", bytes(raw))
            if isinstance(data, Post):
                db.execute("UPDATE posts SET lang = ?, code = ?, featured = ? WHERE n = ?", (*columns.derived(data), n))
        last = int(rows[-1][0])
    db.execute(_made(_INDEXES))


def _add_sum(db: apsw.Connection) -> None:
    """Version 5: the sum of all rows, by which a mirror that was damaged is known."""
    for (cursor,) in list(db.execute("SELECT value FROM meta WHERE key = 'cursor'")):
        total = sums.small(db) + sum(sums.posts(db))
        db.execute("INSERT OR REPLACE INTO meta VALUES ('sum', ?)", (sums.packed(str(cursor), total),))


_LOOKS = """
CREATE TABLE looks(
    key TEXT NOT NULL,      -- names.keys: what a handle or a name looks like
    rank INTEGER NOT NULL,  -- 0: has a role
    n INTEGER NOT NULL,     -- people.n
    PRIMARY KEY (key, rank, n)) WITHOUT ROWID;
"""


def _add_looks(db: apsw.Connection) -> None:
    """Version 6: whom people look like."""
    db.execute(_LOOKS)
    fill_looks(db)


def fill_looks(db: apsw.Connection) -> None:
    """All looks anew, from the people."""
    db.execute("DELETE FROM looks")
    for n, raw in list(db.execute("SELECT n, raw FROM people")):
        data = archive.decode("person", bytes(raw))
        if isinstance(data, Person):
            db.executemany(INSERT_LOOK, columns.looks(int(n), data))


def _add_sorts(db: apsw.Connection) -> None:
    """Version 7: what threads are (`columns.KINDS`), how far ideas are (`columns.STAGES`), what is featured."""
    db.execute(
        "ALTER TABLE threads ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE threads ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;"
    )
    last = 0
    sql = "SELECT n, raw FROM posts WHERE n > ? AND parent IS NULL ORDER BY n LIMIT 1000"
    while rows := list(db.execute(sql, (last,))):
        for n, raw in rows:
            data = archive.decode("post", bytes(raw))
            if isinstance(data, Post) and data.kind:
                db.execute(SORT_THREAD, (*columns.sort_of(data), n))
        last = int(rows[-1][0])
    db.execute(_made(_INDEXES_V7))


SORT_THREAD = "UPDATE threads SET kind = ?1, stage = ?2 WHERE n = ?3 AND (kind, stage) <> (?1, ?2)"

# Longer pages hold long posts with fewer ends: a tenth off a bulk load.
SCHEMA = Schema(
    "mirror",
    0x4A414D31,
    (_V1 + _INDEXES_V1, _add_derived, _V3 + _made(_INDEXES_V3), _V4, _add_sum, _add_looks, _add_sorts),
    "NORMAL",
    page_size=8_192,
)


PERSON_AGAIN = "ON CONFLICT(id) DO UPDATE SET handle = excluded.handle, raw = excluded.raw"
FORUM_AGAIN = "ON CONFLICT(id) DO UPDATE SET slug = excluded.slug, position = excluded.position, raw = excluded.raw"
INSERT_POST = (
    "INSERT INTO posts(n, id, h, forum, thread, parent, author, created, up, gone, raw, lang, code, featured) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
KEEP = "INSERT INTO others(type, id, raw) VALUES (?, ?, ?) ON CONFLICT(type, id) DO UPDATE SET raw = excluded.raw"
INSERT_LOOK = "INSERT OR IGNORE INTO looks VALUES (?, ?, ?)"
INSERT_WORDS = "INSERT INTO words(rowid, title, body, tags) VALUES (?, ?, ?, ?)"
UPDATE_POST = (  # what never changes is not named: its indexes would be written for nothing
    "UPDATE posts SET forum = ?, author = ?, created = ?, up = ?, gone = ?, raw = ?, lang = ?, code = ?, featured = ? "
    "WHERE n = ?"
)
# What seldom changes: a post goes into another thread when threads are merged or split.
PLACE_POST = "UPDATE posts SET thread = ?, parent = ? WHERE n = ?"
MERGED_AWAY = "DELETE FROM threads WHERE n = ? AND (SELECT parent FROM posts WHERE posts.n = threads.n) IS NOT NULL"
# A thread's row, from its posts; ?3 is NULL when only new ones came. What stands in an index is written only when it is
# another: three of four would be written for nothing when an answer comes.
DERIVE = """
INSERT INTO threads(n, forum, replies, last, up, rev, old)
SELECT n, forum,
    (SELECT count(*) FROM posts r WHERE r.thread = posts.n AND r.n <> posts.n AND r.gone = 0),
    (SELECT max(r.n) FROM posts r WHERE r.thread = posts.n),
    up, ?2, coalesce(?3, 0)
FROM posts WHERE n = ?1 AND parent IS NULL
ON CONFLICT(n) DO UPDATE SET
    replies = excluded.replies, last = excluded.last, rev = excluded.rev, old = coalesce(?3, old)"""
DERIVE_MORE = """
UPDATE threads SET (forum, up) = (SELECT p.forum, p.up FROM posts p WHERE p.n = threads.n)
WHERE n = ?1 AND (forum, up) <> (SELECT p.forum, p.up FROM posts p WHERE p.n = threads.n)"""
