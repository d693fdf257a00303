PRAGMA application_id=1245794097;
PRAGMA user_version=7;
CREATE TABLE read(h INTEGER PRIMARY KEY, version INTEGER NOT NULL DEFAULT 0);
CREATE TABLE saved(post_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE my_votes(post_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE places(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE drafts(
    kind TEXT NOT NULL, target TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, tags TEXT NOT NULL,
    base_version INTEGER NOT NULL, updated INTEGER NOT NULL, post_id TEXT NOT NULL DEFAULT '', more TEXT NOT NULL DEFAULT '', PRIMARY KEY (kind, target)) WITHOUT ROWID;
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
    seq INTEGER NOT NULL DEFAULT 0);
CREATE TABLE marks(
    kind TEXT NOT NULL,    -- thread tag person
    target TEXT NOT NULL,  -- id of the opener, name of the tag, id of the person
    mark TEXT NOT NULL,    -- muted followed
    at INTEGER NOT NULL, PRIMARY KEY (kind, target)) WITHOUT ROWID;
CREATE TABLE kept(raw TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE stamp(one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL, reading INTEGER NOT NULL DEFAULT 0);
CREATE TABLE thrown(
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, target TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, tags TEXT NOT NULL,
    base_version INTEGER NOT NULL, updated INTEGER NOT NULL, post_id TEXT NOT NULL,
    at INTEGER NOT NULL, why TEXT NOT NULL, more TEXT NOT NULL DEFAULT '');
CREATE TABLE rescued(n INTEGER PRIMARY KEY, what TEXT NOT NULL, raw BLOB NOT NULL);
CREATE TABLE unheard(
    post_id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, forum_id TEXT NOT NULL, unsaid INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE desk(one INTEGER PRIMARY KEY CHECK (one = 1), raw BLOB NOT NULL, etag TEXT NOT NULL);
CREATE TABLE seen(kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
INSERT INTO read(h, version) VALUES (-9, 0);
INSERT INTO read(h, version) VALUES (7, 4);
INSERT INTO saved(post_id, at) VALUES ('post-1', 1767268800000);
INSERT INTO my_votes(post_id) VALUES ('post-2');
INSERT INTO places(name, value) VALUES ('last', 'here');
INSERT INTO drafts(kind, target, title, body, tags, base_version, updated, post_id) VALUES ('reply', 'post-1', '', 'half a thought', '["a"]', 0, 1767268800000, '');
INSERT INTO outbox(n, id, kind, post_id, thread_id, forum_id, payload, sha256, state, reason, code, attempts, created, next_try, seq) VALUES (3, 'row-1', 'post', 'new-1', 'new-1', 'f', X'7b22626f6479223a202277616974696e67222c20227469746c65223a202241207469746c65227d', X'e88bd359cecf8440b8919e01ed5cb5cfef1a7cb1471b3a54bc74b19169d4774a', 'queued', '', '', 1, 1767268800000, 0, 0);
INSERT INTO marks(kind, target, mark, at) VALUES ('tag', 'tea', 'muted', 1767268800000);
INSERT INTO kept(raw) VALUES ('{"type":"later","data":{}}');
INSERT INTO stamp(one, n, reading) VALUES (1, 0, 0);
INSERT INTO thrown(n, kind, target, title, body, tags, base_version, updated, post_id, at, why) VALUES (1, 'edit', 'post-9', 't', 'thrown away', '[]', 2, 1767268800000, '', 1767268800000, 'by hand');
INSERT INTO unheard(post_id, thread_id, forum_id, unsaid) VALUES ('post-8', 'post-1', 'f', 1);
INSERT INTO desk(one, raw, etag) VALUES (1, X'7b22726f6c65223a227061727469636970616e74227d', '"e"');
INSERT INTO seen(kind, id, at) VALUES ('announcement', 'a-1', 1767225600000);
