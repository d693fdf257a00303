"""The tables of one's own store, as its migrations make them: append one, never change an old one."""

from __future__ import annotations

_V1 = """
CREATE TABLE read(h INTEGER PRIMARY KEY);   -- mirror.hash_of(post id); present: read
CREATE TABLE saved(post_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE my_votes(post_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE places(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE drafts(
    kind TEXT NOT NULL, target TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, tags TEXT NOT NULL,
    base_version INTEGER NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY (kind, target)) WITHOUT ROWID;
CREATE TABLE outbox(
    n INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which it was written; -n is the key of an overlaid post
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,       -- post edit delete tag untag vote unvote
    post_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,  -- writes of one thread are sent in order
    forum_id TEXT NOT NULL,
    payload BLOB NOT NULL,    -- JSON, what the request is made of
    sha256 BLOB NOT NULL,     -- of the payload
    state TEXT NOT NULL,      -- queued, refused, sent (confirmed, waiting for the mirror to show it)
    reason TEXT NOT NULL DEFAULT '',
    code TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    next_try INTEGER NOT NULL DEFAULT 0,
    seq INTEGER NOT NULL DEFAULT 0);  -- sent: the change that it became
"""

# Reading state that says more, and what is muted and followed.
_V2 = """
ALTER TABLE read ADD COLUMN version INTEGER NOT NULL DEFAULT 0;  -- of the post as it was read; 0: not looked at
CREATE TABLE marks(
    kind TEXT NOT NULL,    -- thread tag person
    target TEXT NOT NULL,  -- id of the opener, name of the tag, id of the person
    mark TEXT NOT NULL,    -- muted followed
    at INTEGER NOT NULL, PRIMARY KEY (kind, target)) WITHOUT ROWID;
CREATE TABLE kept(raw TEXT PRIMARY KEY) WITHOUT ROWID;  -- records of a newer jamtui's `state export`
CREATE TABLE stamp(one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL);
INSERT INTO stamp VALUES (1, 0);
"""

# Transactions after which counts of what is unread look otherwise; each is counted in n, too.
_V3 = "ALTER TABLE stamp ADD COLUMN reading INTEGER NOT NULL DEFAULT 0;"

# What was thrown away, for a while (`jamtui.store.drafts`).
_V4 = """
CREATE TABLE thrown(
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, target TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, tags TEXT NOT NULL,
    base_version INTEGER NOT NULL, updated INTEGER NOT NULL, post_id TEXT NOT NULL,
    at INTEGER NOT NULL, why TEXT NOT NULL);
ALTER TABLE drafts ADD COLUMN post_id TEXT NOT NULL DEFAULT '';  -- of a post that was in the outbox already
"""

# One's own posts and votes, from when the server's log was replaced until the new mirror is whole (`store.rescue`).
_V5 = "CREATE TABLE rescued(n INTEGER PRIMARY KEY, what TEXT NOT NULL, raw BLOB NOT NULL);"

# Posts that left the outbox and may have arrived without our hearing of it. Each is continued as a draft, or `unsaid`:
# taken back at the Jam, too, its id never used again.
_V6 = """
CREATE TABLE unheard(
    post_id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, forum_id TEXT NOT NULL, unsaid INTEGER NOT NULL) WITHOUT ROWID;
"""

# What only this person may see of the Jam (`jamserver.desk`), and what of the inbox was looked at.
_V7 = """
CREATE TABLE desk(one INTEGER PRIMARY KEY CHECK (one = 1), raw BLOB NOT NULL, etag TEXT NOT NULL);
CREATE TABLE seen(kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
ALTER TABLE drafts ADD COLUMN more TEXT NOT NULL DEFAULT '';  -- of a new thread: JSON, its kind and its links
ALTER TABLE thrown ADD COLUMN more TEXT NOT NULL DEFAULT '';
"""

MIGRATIONS = (_V1, _V2, _V3, _V4, _V5, _V6, _V7)
