"""The Jams this machine knows: a folder for each person at each server, with a ``jam.json`` that says who and where.

Two people at one server share nothing: mirror, outbox, drafts and reading state stand in the folder of the one who
signed in, so nobody's texts are ever sent by somebody else. A guest who signs in goes on in the guest's folder, with
what was read, saved and followed. What ``jam.json`` says counts, not the folder's name.

No secret is kept here. The Jam used last is named in the file ``last`` beside the folders.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from jamtui.errors import JamError, NotFound, UsageError
from jamtui.model import Me
from jamtui.paths import Home, make_private_dir, read_private, refuse_link, remove, write_private
from jamtui.safe_text import safe_line

GUEST = Me("", "guest", "Guest", "guest")
STORING = ("keyring", "file")  # the stores that keep a secret


class _Entry(msgspec.Struct, frozen=True):
    """``jam.json``, format 1."""

    slug: str
    title: str
    origin: str = ""  # of the server; "" for an archive file
    file: str = ""  # the archive's path; "" for a server
    stamp: str = ""  # what the archive file looked like when it was indexed
    person_id: str = ""
    handle: str = "guest"
    name: str = "Guest"
    role: str = "guest"
    store: str = "none"  # keyring, file, env, command, none
    account: str = ""  # under which the store has the secret; "" in entries of before there was one a person
    token: str = ""  # of which JAMTUI_TOKEN this is the sign-in, as a digest
    elsewhere: tuple[tuple[str, str], ...] = ()  # (store, account) that could not be wiped when the store was changed
    title_limit: int = 200
    body_limit: int = 20_000
    tag_limit: int = 40
    tags_limit: int = 12
    format: int = 1


class KnownJam(Struct, frozen=True):
    """A Jam's folder and what ``jam.json`` says of it."""

    folder: Path
    entry: _Entry

    @property
    def slug(self) -> str:
        return self.entry.slug

    @property
    def title(self) -> str:
        return self.entry.title

    @property
    def origin(self) -> str:
        return self.entry.origin

    @property
    def local(self) -> bool:
        return not self.entry.origin

    @property
    def where(self) -> str:
        return self.entry.origin or Path(self.entry.file).name

    @property
    def me(self) -> Me:
        return Me(self.entry.person_id, self.entry.handle, self.entry.name, self.entry.role)

    @property
    def store(self) -> str:
        return self.entry.store

    @property
    def account(self) -> str:
        """The name under which a credential store keeps the secret: nothing but this origin may ask for it."""
        return self.entry.account or f"{self.entry.origin} {self.entry.handle}"

    @property
    def secrets(self) -> list[tuple[str, str]]:
        """Each (store, account) where a secret of this sign-in, or of one that it replaced, may be."""
        return [place for place in ((self.store, self.account), *self.entry.elsewhere) if place[0] in STORING]

    @property
    def mirror(self) -> Path:
        return self.folder / "mirror.sqlite"

    @property
    def own(self) -> Path:
        return self.folder / "own.sqlite"

    @property
    def lock(self) -> Path:
        return self.folder / "network.lock"

    @property
    def seal(self) -> Path:
        return self.folder / "store.seal"

    @property
    def writing(self) -> Path:
        """Where a text stands while an editor has it: a sign-out takes it along."""
        return self.folder / "writing"

    def changed(self, **fields: object) -> KnownJam:
        """The same Jam with other facts; `remember` writes them."""
        return replace(self, entry=msgspec.structs.replace(self.entry, **fields))


def for_server(home: Home, origin: str, slug: str, title: str, person_id: str = "") -> KnownJam:
    """The Jam at ``origin`` for this person ("": a guest), a new one when it is not known yet; nothing is written.

    Somebody who signs in and has no folder yet takes that of the guest, if there is one that nobody has open.
    """
    here = [jam for jam in known(home) if jam.origin == origin]
    found = next((jam for jam in here if jam.entry.person_id == person_id), None)
    if found is None:
        fresh = KnownJam(_new_folder(home, origin, slug, person_id), _Entry(slug, title, origin))
        guests = (jam for jam in here if not jam.entry.person_id and _free(jam))
        found = fresh if fresh.folder.is_dir() else next(guests, fresh)
    return found.changed(slug=slug, title=title, origin=origin, person_id=person_id)


def _new_folder(home: Home, origin: str, slug: str, person_id: str) -> Path:
    """Where nothing is, or what is there can only be this person's: the name says so, and ``jam.json`` is damaged."""
    import hashlib  # OpenSSL comes with it: not at every start

    who = person_id or "guest"
    name = f"{plain(slug)}-{hashlib.sha256(f'{origin} {who}'.encode()).hexdigest()[:8]}"
    for number in count(1):
        folder = home.jams / (name if number == 1 else f"{name}-{number}")
        if not os.path.lexists(folder) or (person_id and folder.is_dir() and _load(folder) is None):
            return folder
    raise AssertionError("count() ends")  # pragma: no cover


def _free(jam: KnownJam) -> bool:
    """Whether a guest's folder may become that of somebody who signs in: a jamtui that has it open as a guest would
    hold the network and send nothing of theirs."""
    from jamtui.store.seal import alone_with

    if jam.seal.exists():
        with alone_with(jam.seal) as alone:
            if not alone:
                return False
    return not _to_send(jam.own)


def _to_send(path: Path) -> bool:
    """Whether this store of one's own holds something that is not sent. A guest writes nothing; but a jamtui of before
    there was a folder for each person left a guest's where somebody had written."""
    from jamtui.store import connection, own

    if not path.exists():
        return False
    try:
        with contextlib.closing(connection.connect(path, own.SCHEMA)) as db:
            return bool(own.Own(db).outbox())
    except connection.StoreError:
        return True  # it cannot be known


def for_file(home: Home, path: Path) -> KnownJam:
    """The index of an archive file; nothing is written."""
    path = path.absolute()
    import hashlib

    mark = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    folder = home.files / f"{plain(path.stem)}-{mark}"
    entry = _load(folder) or _Entry(path.stem, path.stem, file=str(path))
    return KnownJam(folder, entry)


def known(home: Home) -> list[KnownJam]:
    """All Jams of servers that this machine knows, by slug. A folder whose ``jam.json`` cannot be read is left out."""
    return _in(home.jams)


def indexes(home: Home) -> list[KnownJam]:
    """The indexes of archive files that were opened."""
    return _in(home.files)


def _in(parent: Path) -> list[KnownJam]:
    if not parent.is_dir():
        return []
    found = []
    for folder in sorted(parent.iterdir()):
        entry = _load(folder) if folder.is_dir() else None
        if entry is not None:
            found.append(KnownJam(folder, entry))
    return found


def find(home: Home, name: str | None) -> KnownJam:
    """By slug, URL, host or folder name, with ``HANDLE@`` before it where several people use it; None means the one
    used last. Raises `NotFound`, `UsageError` when several fit."""
    jams = known(home)
    if name is None:
        last = (read_private(home.jams / "last") or b"").decode("utf-8", "replace").strip()
        for jam in jams:
            if jam.folder.name == last:
                return jam
        if len(jams) == 1:
            return jams[0]
        raise NotFound(
            "no Jam was used on this machine yet" if not jams else "which Jam is meant?",
            "Try jamtui demo, or jamtui login URL." if not jams else f"Name one with --jam: {_choices(jams, jams)}.",
        )
    wanted = name.strip().rstrip("/").lower()
    handle, at, place = wanted.rpartition("@")
    handle = handle.removeprefix("@")
    others = _going_by(place, jams) if at else []
    fits = _going_by(wanted, jams) or [jam for jam in others if handle == jam.me.handle.lower()]
    if len(fits) == 1:
        return fits[0]
    if fits:
        same = "person" if len({jam.origin for jam in fits}) == 1 else "Jam"
        what = f"more than one {same} here goes by {safe_line(name)}"
        raise UsageError(what, f"Say which: {_choices(fits, jams)}.")
    hint = (
        f"It is known as {_choices(others, jams)}." if others else "jamtui jams lists them; jamtui login URL adds one."
    )
    raise NotFound(f"this machine knows no Jam {safe_line(name)}", hint)


def short_name(jam: KnownJam, jams: list[KnownJam]) -> str:
    """The shortest name that means this one alone among ``jams``: what ``--jam`` takes."""
    slug, handle = jam.slug.lower(), jam.me.handle.lower()
    for name in (slug, f"{handle}@{slug}", _host(jam.origin), f"{handle}@{_host(jam.origin)}"):
        who, at, place = name.rpartition("@")
        if [o for o in _going_by(place, jams) if not at or o.me.handle.lower() == who] == [jam]:
            return name
    return jam.folder.name


def _choices(some: list[KnownJam], jams: list[KnownJam]) -> str:
    return " or ".join(safe_line(short_name(jam, jams), 80) for jam in some[:8]) + (" …" if len(some) > 8 else "")


def _going_by(name: str, jams: list[KnownJam]) -> list[KnownJam]:
    """Those that a word without a handle means. A slug is what a Jam calls itself, so it stands back behind addresses
    and folders, and one with an @ means nothing: it could be the handle and the address of another Jam."""
    by_place = [jam for jam in jams if name in (jam.origin.lower(), jam.folder.name.lower(), _host(jam.origin))]
    return by_place or [jam for jam in jams if name == jam.slug.lower() and "@" not in name]


def again(jam: KnownJam) -> KnownJam:
    """The same with what ``jam.json`` says of its person now; as it was when it is somebody else's, or gone."""
    entry = _load(jam.folder)
    if entry is None or (entry.origin, entry.person_id) != (jam.origin, jam.entry.person_id):
        return jam
    return KnownJam(jam.folder, entry)


def remember(home: Home, jam: KnownJam, *, last: bool = True) -> None:
    """Writes ``jam.json`` (0600, folder 0700) and makes this the Jam used last."""
    make_private_dir(jam.folder)
    write_private(jam.folder / "jam.json", msgspec.json.format(msgspec.json.encode(jam.entry), indent=1) + b"\n")
    if last and not jam.local:
        used(home, jam)


def used(home: Home, jam: KnownJam) -> None:
    """Makes this the Jam used last. What its ``jam.json`` says is left alone: somebody may have signed in since it was
    read, into another store or as another person."""
    write_private(home.jams / "last", jam.folder.name.encode() + b"\n")


def forget(home: Home, jam: KnownJam) -> None:
    """Removes the Jam's folder with everything in it: mirror, drafts, outbox, reading state; no file names it then.

    ``jam.json`` goes last: killed half way, the Jam is still known, and forgetting it again ends it.
    """
    try:
        wipe(jam)
        remove(jam.folder / "jam.json")
        with contextlib.suppress(FileNotFoundError):
            jam.folder.rmdir()
        if (read_private(home.jams / "last") or b"").decode("utf-8", "replace").strip() == jam.folder.name:
            remove(home.jams / "last")
    except OSError as error:
        raise JamError(f"cannot remove {jam.folder}: {error.strerror}", "Remove the folder by hand.") from None


def wipe(jam: KnownJam) -> None:
    """Removes all that is in the folder but what says whose it is. Links are removed, never what they point to."""
    refuse_link(jam.folder)
    try:
        for path in sorted(jam.folder.iterdir()):
            if path.name == "jam.json":
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except OSError as error:
        raise JamError(f"cannot remove {error.filename}: {error.strerror}", "Remove the folder by hand.") from None


def _load(folder: Path) -> _Entry | None:
    raw = read_private(folder / "jam.json")
    if raw is None:
        return None
    try:
        entry = msgspec.json.decode(raw, type=_Entry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return entry if entry.format == 1 else None


def _host(origin: str) -> str:
    return urlsplit(origin).netloc.lower() if origin else "\0"


def plain(text: str) -> str:
    """A word of a server as a name of files: letters, digits and dashes, 40 at most."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "jam"
