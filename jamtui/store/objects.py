"""Reading the mirror for programs: the objects as they came, with what this device knows beside them.

Rows for people are made harmless (`jamtui.store.row_making`); a program gets the text as somebody wrote it, every field
that the archive has, and is told by JSON's own escapes what a terminal must not see. So this reads the stored JSON and
needs neither typed objects nor rows: only `apsw` and `json` are imported, which makes `jamtui forums --json` quick.
"""

from __future__ import annotations

import json
import os

import apsw

from jamtui.store.pending import Pending, changes_of

TYPE_CHECKING = False  # typing's own is not worth its import here
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jamtui.store.own import Queued

Object = dict[str, object]

# Schemas that the statements below are written for: (mirror, own). A test holds them against the migrations.
SCHEMAS = (7, 7)

_UNREAD = """
FROM posts p LEFT JOIN own.read r ON r.h = p.h
WHERE p.gone = 0 AND r.h IS NULL AND p.author IS NOT (SELECT n FROM people WHERE id = ?)
"""
_POSTS = """
SELECT p.n, p.raw, p.up, a.handle, p.gone = 0 AND r.h IS NULL AND a.id <> ?1 {loud}, s.post_id IS NOT NULL,
    v.post_id IS NOT NULL
FROM posts p JOIN people a ON a.n = p.author
LEFT JOIN own.read r ON r.h = p.h
LEFT JOIN own.saved s ON s.post_id = p.id
LEFT JOIN own.my_votes v ON v.post_id = p.id
WHERE p.n IN (SELECT value FROM json_each(?2))
"""
_PEOPLE = """
SELECT p.raw, coalesce(c.posts, 0) FROM people p
LEFT JOIN (SELECT author, count(*) AS posts FROM posts WHERE gone = 0 GROUP BY author) c ON c.author = p.n
ORDER BY 2 DESC, p.handle
"""
_ALL = (
    "SELECT 'jam', '', raw, 0 FROM jam",
    "SELECT 'person', id, raw, 0 FROM people ORDER BY n",
    "SELECT 'forum', id, raw, 0 FROM forums ORDER BY n",
    "SELECT 'post', id, raw, up FROM posts ORDER BY n",
    "SELECT type, id, raw, 0 FROM others WHERE type = 'announcement' ORDER BY n",
)
_PIECE = 500  # posts read at once, so that a Jam of any size takes little memory


def connect(mirror: str, own: str) -> apsw.Connection | None:
    """A reading connection over both files, or None when one is missing or of another schema: `jamtui.session` then
    sees to it, and says what is wrong. Raises `apsw.Error` for a file that is torn."""
    flags = apsw.SQLITE_OPEN_READWRITE  # a WAL cannot be read without
    try:
        db = apsw.Connection(mirror, flags=flags)
        try:
            db.set_busy_timeout(5_000)
            db.execute("ATTACH ? AS own", (f"{own}",))
            db.execute("PRAGMA query_only=ON")
            found = (_number(db, "PRAGMA main.user_version"), _number(db, "PRAGMA own.user_version"))
            # What is muted is for the longer road: see `jamtui.store.silence`.
            if (
                found == SCHEMAS
                and _number(db, "SELECT count(*) FROM jam")
                and not _number(db, "SELECT EXISTS (SELECT 1 FROM own.marks WHERE mark = 'muted')")
            ):
                return db
        except BaseException:
            db.close()
            raise
        db.close()
    except apsw.CantOpenError:
        pass
    return None


def as_left(folder: str) -> bool:
    """Whether the files are as they were left, or open elsewhere, by somebody who looked (see `jamtui.store.seal`)."""
    try:
        seal = os.open(f"{folder}/store.seal", os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        found = [b"1"]
        for name in ("mirror.sqlite", "own.sqlite"):
            stat = os.stat(f"{folder}/{name}")  # noqa: PTH116 - pathlib is for the longer road
            found += [b"%d" % stat.st_size, b"%d" % stat.st_mtime_ns]
            log = f"{folder}/{name}-wal"
            if os.path.exists(log) and os.path.getsize(log):  # noqa: PTH110, PTH202
                found = []
                break
        if found and os.pread(seal, 256, 0).split()[:-1] == found:
            return True
        import fcntl

        fcntl.flock(seal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(seal)
    return False


def _number(db: apsw.Connection, sql: str) -> int:
    return int(next(iter(db.execute(sql)))[0])


def stored(raw: bytes) -> Object:
    """A stored object. A number that JSON can write and Python cannot hold becomes its text."""
    found: Object = json.loads(raw, parse_float=_float, parse_int=_int)
    return found


def _float(text: str) -> object:
    value = float(text)
    return value if value - value == 0.0 else text  # infinite: no JSON


def _int(text: str) -> object:
    return int(text) if len(text) < 4_000 else text


_SAID = ("about", "curated", "merged_into")  # of a record of a tag


class Objects:
    """The mirror's objects for one reader, over a connection of `connect` or of `jamtui.store.rows`.

    ``waiting`` is the outbox as it stands: laid over the posts, and shown by itself. ``loud`` gives an SQL condition
    for a row of posts under a name, "AND …": what is muted is not unread (`jamtui.store.silence`).
    """

    def __init__(
        self,
        db: apsw.Connection,
        person_id: str,
        handle: str,
        waiting: Sequence[Queued] = (),
        loud: Callable[[str], str] = lambda name: "",
    ) -> None:
        self._loud = loud
        self._db = db
        self._person_id = person_id
        self._handle = handle
        self.waiting = waiting

    def forums(self) -> Iterator[Object]:
        """Forums by position, each with ``threads``, ``posts`` and ``unread``."""
        unread = self._counts(
            f"SELECT p.forum, count(*) {_UNREAD} {self._loud('p')} GROUP BY p.forum", (self._person_id,)
        )
        posts = self._counts("SELECT forum, count(*) FROM posts WHERE gone = 0 GROUP BY forum")
        threads = self._counts("SELECT forum, count(*) FROM threads GROUP BY forum")
        for n, raw in self._db.execute("SELECT n, raw FROM forums ORDER BY position, n"):
            yield stored(raw) | {"threads": threads.get(n, 0), "posts": posts.get(n, 0), "unread": unread.get(n, 0)}

    def _counts(self, sql: str, values: tuple[str, ...] = ()) -> dict[object, int]:
        return dict(self._db.execute(sql, values))

    def tags(self, *, curated: bool = False) -> Iterator[Object]:
        """``name`` and ``count``, the most used first, with what hosts say of a tag, if anything; ``curated``: those of
        the curated set alone."""
        said = {}
        for (raw,) in self._db.execute("SELECT raw FROM others WHERE type = 'tag' ORDER BY n"):
            record = stored(raw)
            if record.get("gone") is not True:
                said[record.get("id")] = {name: record[name] for name in _SAID if record.get(name)}
        counts = self._counts("SELECT name, count(*) FROM tags GROUP BY name ORDER BY 2 DESC, 1")
        for name, count in (counts | {name: 0 for name in said if name not in counts}).items():
            more = said.get(name, {})
            if not curated or more.get("curated") is True:
                yield {"name": name, "count": count, **more}

    def people(self) -> Iterator[Object]:
        """People with the number of their ``posts``, those with the most first."""
        for raw, posts in self._db.execute(_PEOPLE):
            yield stored(raw) | {"posts": posts}

    def posts(self, keys: Sequence[int]) -> Iterator[tuple[int, Object]]:
        """(key, post) in the order of ``keys``; those that vanished are left out.

        A post has ``author`` (the handle), ``unread``, ``saved`` and ``voted`` beside its own fields, and with what
        waits in the outbox laid over it: then also ``send`` (queued, sending, refused) and ``reason``.
        """
        own = {-row.n: row for row in self.waiting if row.kind == "post"}
        changes = changes_of(self.waiting)
        for start in range(0, len(keys), _PIECE):
            piece = keys[start : start + _PIECE]
            confirmed = "[" + ",".join(str(key) for key in piece if key > 0) + "]"
            found: dict[int, Object] = {}
            for n, raw, up, author, unread, saved, voted in self._db.execute(
                _POSTS.format(loud=self._loud("p")), (self._person_id, confirmed)
            ):
                post = self.object(raw, up)
                post |= {"author": author, "unread": bool(unread), "saved": bool(saved), "voted": bool(voted)}
                found[int(n)] = _patched(post, changes.get(str(post["id"]), ()))
            for key in piece:
                if key in own:
                    row = own[key]
                    post = _waiting_post(row, self._person_id, self._handle)
                    found[key] = _patched(post, (row, *changes.get(row.post_id, ())))
                if key in found:
                    yield key, found[key]

    def fingerprints(self) -> Iterator[tuple[str, str, bytes, int]]:
        """(type, id, stored JSON, votes) of everything there is, oldest first; for telling what changed."""
        for sql in _ALL:
            for kind, object_id, raw, up in self._db.execute(sql):
                yield str(kind), str(object_id), bytes(raw), int(up)

    @staticmethod
    def object(raw: bytes, up: int | None) -> Object:
        """Stored JSON as an object; ``up`` is the tally of a post, which is kept beside it."""
        found = stored(raw)
        if up is not None:
            votes = found.get("votes")
            found["votes"] = {**(votes if isinstance(votes, dict) else {}), "up": up}
        return found

    def handles(self) -> dict[str, str]:
        """Handles of all people by id, as they came."""
        return dict(self._db.execute("SELECT id, handle FROM people"))


def _waiting_post(row: Queued, person_id: str, handle: str) -> Object:
    """A post that only the outbox has, without what `Pending` tells; it has no ``created_at`` of the server yet."""
    payload = row.payload
    return {
        "id": row.post_id,
        "forum_id": row.forum_id,
        "thread_id": row.thread_id,
        "parent_id": payload.parent_id,
        "author_id": person_id,
        "title": None,
        "body": "",
        "created_at": None,
        "written_at": payload.written_at or None,
        "tags": [],
        "votes": {"up": 0},
        "author": handle,
        "unread": False,
        "saved": False,
        "voted": False,
    }


def _patched(post: Object, waiting: Sequence[Queued]) -> Object:
    """The post as it will be once ``waiting``, its own rows of the outbox, is sent."""
    if not waiting:
        return post
    title, body, tags, votes = post.get("title"), post.get("body"), post.get("tags"), post.get("votes")
    votes = votes if isinstance(votes, dict) else {}
    then = Pending(
        title if isinstance(title, str) else "",
        body if isinstance(body, str) else "",
        [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        state if (state := post.get("state")) in ("deleted", "removed", "hidden") else "",
        bool(post["voted"]),
    )
    then.sort_as(post.get("kind"), post.get("idea_state"), post.get("featured"))
    then.fold(waiting)
    if then.gone:
        post["state"] = then.gone
    for name, value in (("kind", then.kind), ("idea_state", then.idea_state), ("featured", then.featured)):
        if value or post.get(name):
            post[name] = value or None
    return post | {
        "title": then.title or ("" if title is not None or post.get("parent_id") is None else None),
        "body": then.body,
        "tags": list(then.tags),
        "votes": {**votes, "up": votes.get("up", 0) + then.up},
        "voted": then.voted,
        "send": then.send,
        "reason": then.reason,
    }
