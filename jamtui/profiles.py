"""The session's half that is about people as such: one's own profile, who is from where, all that is one's own.

Mixed into `jamtui.session.Session`, behind `jamtui.writing.Writing`, whose `_act` puts a changed profile into the
outbox. Tables of countries and what counts people are imported when they are asked for: most who start only read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from jamtui.archive import rfc3339
from jamtui.errors import UsageError
from jamtui.model import Draft, DraftRow, Me, PostRow, Undo
from jamtui.names import shown
from jamtui.paths import write_private
from jamtui.safe_text import safe_line
from jamtui.store.own import Own, Queued
from jamtui.store.registry import KnownJam, plain
from jamtui.store.rows import Rows, connect

if TYPE_CHECKING:
    from api_client.client import JamClient
    from jamtui.ways import Origins, PersonMore, PersonPage

MAX_NAME, MAX_COUNTRY, MAX_ABOUT, MAX_LANGUAGES = 100, 60, 1_000, 12
FIELDS = ("name", "org", "country", "languages", "about")
_SAME = {"organisation": "org", "organization": "org", "language": "languages", "bio": "about"}


class Profile(Struct, frozen=True):
    """What somebody tells of themselves, as written: to be changed, never shown as it is."""

    name: str = ""
    org: str = ""
    country: str = ""
    languages: tuple[str, ...] = ()
    about: str = ""

    def field(self, name: str) -> str:
        """One of `FIELDS` as it is typed."""
        if name == "country":
            from jamtui.countries import country_name

            return country_name(self.country)
        value = getattr(self, name)
        return ", ".join(value) if isinstance(value, tuple) else str(value)


class Profiles:
    """What `Session` gives: its rows, who one is, the outbox."""

    known: KnownJam
    _own: Own

    if TYPE_CHECKING:  # `Session` has these; a body here would stand before theirs
        _new_client: Callable[[], JamClient] | None

        @property
        def mirrored(self) -> bool: ...
        def now(self) -> datetime: ...
        def drafts(self) -> list[Draft]: ...
        def thrown_rows(self) -> list[DraftRow]: ...
        def desk(self) -> dict[str, object]: ...
        def export_state(self) -> Iterator[str]: ...
        def person(self, handle: str) -> PersonPage: ...

    @property
    def me(self) -> Me:
        raise NotImplementedError

    def _fresh(self) -> Rows:
        raise NotImplementedError

    def need_name(self, what: str) -> None:
        raise NotImplementedError

    def _act(
        self, kind: str, path: Sequence[str], what: str, data: dict[str, object] | None = None,
        post: PostRow | None = None,
    ) -> str:  # fmt: skip
        raise NotImplementedError

    # -- one's own profile

    def my_name(self) -> str:
        """What one is called here, as the Jam has it by now; harmless."""
        return shown(self._fresh().my_name() or self.me.handle)

    def profile(self) -> Profile:
        """One's own, with what waits in the outbox laid over it. Raises `UsageError` for guests and archives."""
        from jamtui.store import origins

        self.need_name("profile of yours")
        found: dict[str, object] = {"name": self.me.name or self.me.handle}
        found |= origins.person_object(self._fresh(), self.me.person_id)
        for row in self._own.outbox("WHERE kind = 'profile' AND state <> 'refused'"):
            found |= row.payload.data
        return msgspec.convert({name: found.get(name) or _NOTHING[name] for name in FIELDS}, Profile)

    def change_profile(self, given: Mapping[str, str]) -> tuple[str, Undo, list[str]]:
        """Puts changed fields (`FIELDS`, as typed; "" takes one away) into the outbox.

        Returns the row's id ("" when nothing is different), what takes it back, and what one should know: a country
        that is in no table. Raises `UsageError` for what the Jam would refuse.
        """
        from jamtui.countries import code_of, nearest

        before = self.profile()
        now = {name: _checked(name, value) for name, value in given.items()}
        then = msgspec.structs.replace(before, **now)
        changed = {name: getattr(then, name) for name in FIELDS if getattr(then, name) != getattr(before, name)}
        notes: list[str] = []
        if "country" in changed and then.country and not code_of(then.country):
            near = nearest(then.country)
            notes.append(
                f"{safe_line(then.country)} is in no table of countries{f'; did you mean {near}?' if near else ''}"
            )
        if not changed:
            return "", Undo("Nothing is different", ("nothing",), nothing=True), notes
        row = self._put_profile(then, changed)
        words = ", ".join(_WORDS[name] for name in changed)
        return row, Undo(f"your profile has another {words}", ("profile", before, tuple(changed))), notes

    def _put_profile(self, then: Profile, fields: Sequence[str] | Mapping[str, object]) -> str:
        data: dict[str, object] = {
            name: list(value) if isinstance(value := getattr(then, name), tuple) else value for name in fields
        }
        what = f"profile: {', '.join(_WORDS[name] for name in fields)}"
        return self._act("profile", ("me",), what, {name: value or None for name, value in data.items()})

    def undo_profile(self, token: object) -> bool:
        """Takes back what `change_profile` did; False when the token is of another kind."""
        match token:
            case ("profile", Profile() as before, tuple() as fields):
                self._put_profile(before, fields)
                return True
        return False

    # -- all that is one's own, and the end of an account

    def waiting_rows(self) -> list[Queued]:
        """The outbox as it stands on the disk. Not harmless."""
        return self._own.outbox()

    async def fetch_own_data(self) -> bytes:
        """All that the Jam's server has of the reader, as JSON. Raises `JamError`: it is asked now."""
        if self._new_client is None:
            raise UsageError("no server has anything of you here", "This is a file.")
        async with self._new_client() as client:
            return await client.my_data()

    def own_data(self, server: bytes | None) -> bytes:
        """The document of all that is one's own, as JSON: what the ``server`` said, and what only this device has, as
        it was written."""
        jam = self.known
        document = {
            "made_at": rfc3339(self.now()),
            "jam": {"slug": jam.slug, "title": jam.title, "origin": jam.origin},
            "server": None if server is None else msgspec.Raw(server),
            "device": {
                "profile": jam.me,
                "drafts": self.drafts(),
                "thrown_away": [row.draft for row in self.thrown_rows()],
                "outbox": self.waiting_rows(),
                "desk": self.desk(),
                "reading": [msgspec.Raw(line.encode()) for line in self.export_state()],
            },
        }
        return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"

    def what_goes(self, posts: str) -> list[str]:
        """What ends with the account, in lines of words; ``posts``: keep or remove."""
        count = self.person(self.me.person_id).person.posts if self.mirrored else 0
        wrote = f"your {count:,} post{'' if count == 1 else 's'}" if count else "what you wrote"
        told = [
            "your profile: name, organisation, country, languages, what you say about yourself",
            "your votes, ballots, reports and notices, and every sign-in",
            f"{wrote}, text and all; replies of others stay"
            if posts == "remove"
            else f"your name on {wrote}; the text stays",
        ]
        waiting, drafts = len(self._own.outbox("WHERE state <> 'sent'")), len(self.drafts())
        if waiting or drafts:
            told.append(f"on this device, drafts ({drafts:,}) and what was not sent ({waiting:,})")
        return told

    def need_my_handle(self, typed: str) -> None:
        """Raises `UsageError` for any other word than the handle of the account that is to end."""
        if typed.strip().lstrip("@").casefold() != self.me.handle.casefold():
            handle = safe_line(self.me.handle)
            raise UsageError("that is not your handle: nothing was deleted", f"Yours is {handle}.")

    # -- people

    def person_more(self, person_id: str) -> PersonMore:
        """What a page tells that a list does not: for one person, a few milliseconds."""
        from jamtui.store import origins

        return origins.more(self._fresh(), person_id)

    def where_from(self) -> Origins:
        """How many people, and posts, are from where. All people are looked through, which may take longer than a
        frame: so this has a connection of its own and may be called from any thread."""
        from jamtui.store import origins

        with closing(connect(self.known.mirror, self.known.own)) as db:
            return origins.where_from(db)


_NOTHING: dict[str, object] = {"name": "", "org": "", "country": "", "languages": (), "about": ""}
_WORDS = {
    "name": "name", "org": "organisation", "country": "country", "languages": "languages", "about": "text about you",
}  # fmt: skip


def field_named(word: str) -> str:
    """A field by the word that people use for it. Raises `UsageError`."""
    name = _SAME.get(word.strip().lower(), word.strip().lower())
    if name not in FIELDS:
        raise UsageError(f"a profile has no {safe_line(word)[:40]}", f"It has: {', '.join(FIELDS)}.")
    return name


def _checked(name: str, typed: str) -> str | tuple[str, ...]:
    """A field as the Jam keeps it. Raises `UsageError`."""
    from jamtui.countries import code_of

    if name == "languages":
        return _languages(typed)
    text = typed.strip() if name == "about" else " ".join(typed.split())
    limit = {"about": MAX_ABOUT, "country": MAX_COUNTRY}.get(name, MAX_NAME)
    if len(text) > limit:
        raise UsageError(f"the {_WORDS[name]} is {len(text) - limit:,} characters too long", f"The limit is {limit:,}.")
    if name == "name" and not text:
        raise UsageError("a name cannot be empty", "It may be anything that you want to be called.")
    return code_of(text) or text if name == "country" else text


def _languages(typed: str) -> tuple[str, ...]:
    from jamtui.countries import language_of

    found: dict[str, None] = {}
    for word in typed.split(","):
        if word.strip():
            tag = language_of(word)
            if not tag:
                hint = "Names or codes with commas between them, like: en, German, pt-BR."
                raise UsageError(f"not a language: {safe_line(word.strip())[:40]}", hint)
            found[tag] = None
    if len(found) > MAX_LANGUAGES:
        raise UsageError(f"{len(found)} languages are too many", f"The limit is {MAX_LANGUAGES}.")
    return tuple(found)


def own_data_file(jam: KnownJam, named: str) -> Path:
    """Where all that is one's own is written: what was ``named``, else a file in the working folder. Raises
    `UsageError` where something is already."""
    # Slug and handle are words of the server, which says nothing about where files are written here.
    named = named or f"{plain(jam.slug)}-{plain(jam.me.handle)}.json"
    target = Path(os.path.expanduser(named))  # noqa: PTH111 - pathlib raises for ~nobody
    _need_new(target)
    return target.absolute()


def _need_new(target: Path) -> None:
    if os.path.lexists(target):
        raise UsageError(f"there is already a file {safe_line(str(target))}", "Name another file: :my-data FILE.")


def write_new(target: Path, data: bytes) -> None:
    """Whole or not at all, for its owner alone. Raises `JamError`."""
    _need_new(target)  # the Jam was asked meanwhile
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {safe_line(str(target.parent))}", "Make it first.")
    write_private(target, data)
