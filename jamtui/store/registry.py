"""The Jams this machine knows: one folder each, with a ``jam.json`` that says which Jam it is and who reads it.

No secret is kept here. The Jam used last is named in the file ``last`` beside the folders.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from jamtui.errors import JamError, NotFound, UsageError
from jamtui.model import Me
from jamtui.paths import Home, make_private_dir, read_private, remove, write_private
from jamtui.safe_text import safe_line

GUEST = Me("", "guest", "Guest", "guest")


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
    store: str = "none"  # keyring, file, env, none
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
        return f"{self.entry.origin} {self.entry.handle}"

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

    def changed(self, **fields: object) -> KnownJam:
        """The same Jam with other facts; `remember` writes them."""
        return replace(self, entry=msgspec.structs.replace(self.entry, **fields))


def for_server(home: Home, origin: str, slug: str, title: str) -> KnownJam:
    """The Jam at ``origin`` (a new one when it is not known yet); nothing is written."""
    import hashlib  # OpenSSL comes with it: not at every start

    mark = hashlib.sha256(origin.encode()).hexdigest()[:8]
    folder = home.jams / f"{_plain(slug)}-{mark}"
    entry = _load(folder) or _Entry(slug, title, origin)
    return KnownJam(folder, msgspec.structs.replace(entry, slug=slug, title=title, origin=origin))


def for_file(home: Home, path: Path) -> KnownJam:
    """The index of an archive file; nothing is written."""
    path = path.absolute()
    import hashlib

    mark = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    folder = home.files / f"{_plain(path.stem)}-{mark}"
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
    """By slug, URL or folder name; None means the one used last. Raises `NotFound`, `UsageError` when several fit."""
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
            "Try jamtui demo, or jamtui login URL." if not jams else "Name one with --jam; jamtui jams lists them.",
        )
    wanted = name.strip().rstrip("/").lower()
    fits = [j for j in jams if wanted in (j.slug.lower(), j.origin.lower(), j.folder.name.lower(), _host(j.origin))]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise UsageError(f"several Jams are called {safe_line(name)}", "Give the URL of the server instead.")
    raise NotFound(f"this machine knows no Jam {safe_line(name)}", "jamtui jams lists them; jamtui login URL adds one.")


def remember(home: Home, jam: KnownJam, *, last: bool = True) -> None:
    """Writes ``jam.json`` (0600, folder 0700) and makes this the Jam used last."""
    make_private_dir(jam.folder)
    write_private(jam.folder / "jam.json", msgspec.json.format(msgspec.json.encode(jam.entry), indent=1) + b"\n")
    if last and not jam.local:
        write_private(home.jams / "last", jam.folder.name.encode() + b"\n")


def forget(home: Home, jam: KnownJam) -> None:
    """Removes the Jam's folder with everything in it: mirror, drafts, outbox, reading state; no file names it then."""
    try:
        if (read_private(home.jams / "last") or b"").decode("utf-8", "replace").strip() == jam.folder.name:
            remove(home.jams / "last")
        shutil.rmtree(jam.folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise JamError(f"cannot remove {jam.folder}: {error.strerror}", "Remove the folder by hand.") from None


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


def _plain(text: str) -> str:
    """A slug as a folder name: letters, digits and dashes, 40 at most."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "jam"
