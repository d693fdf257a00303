"""Jam archives and the objects they are made of: pure, no network, no database.

An archive is one UTF-8 file of JSON lines, plain, gzip (RFC 1952) or Zstandard (RFC 8878): a ``jam`` record
first, then ``person``, ``forum`` and ``post`` records, each ``{"type":T,"data":{...}}``. The objects are those of
the wire as well, so server and client share this module and nothing else.

An object is kept twice: as the bytes that came (`Record.raw`), so that fields which this version does not know
are never lost, and as a typed, frozen struct (`Record.data`) of the fields that it does know.
"""

from __future__ import annotations

import contextlib
import io
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import msgspec
from msgspec import Meta

from jamtui.errors import JamError, NotFound

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FORMAT = 1
KINDS = ("idea", "question", "discussion")  # of threads
IDEA_STATES = ("new", "discussed", "refined", "chosen")  # of ideas; one that says none is new
LINKS = ("builds_on", "duplicates", "objects", "answers")  # how a post stands to another
GONE = ("deleted", "removed", "hidden")  # states of a post of which no text is left in the log
MAX_RECORD = 1 << 20  # bytes of one line; longer ones are refused before they are parsed
MAX_EMPTY = 10_000  # lines without a record: some tools leave one at the end, or between

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class ArchiveError(JamError):
    """A line that is no valid record. ``line`` counts from 1; 0 when the file as a whole is meant."""

    def __init__(self, reason: str, line: int = 0, hint: str = "") -> None:
        where = f"line {line}: " if line else ""
        super().__init__(f"not a valid Jam archive: {where}{reason}", hint or "Nothing of the file was kept.")
        self.line = line
        self.reason = reason


# A time without a zone means nothing to a reader elsewhere; a number past 2^53 is not the same in every JSON reader.
Time = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Id = Annotated[str, Meta(min_length=1, max_length=200)]


class Phase(msgspec.Struct, frozen=True):
    """A part of the Jam, from ``starts_at`` until the next begins. ``closed_to`` names what it does not take:
    ``threads``, ``replies``, ``votes``, ``tags``."""

    id: Id
    title: str
    starts_at: Time
    guidance: str = ""
    closed_to: tuple[str, ...] = ()


class Jam(msgspec.Struct, frozen=True):
    format: int
    id: Id
    slug: str
    title: str
    opens_at: Time
    closes_at: Time
    summary: str = ""
    guests: bool = True
    grace_seconds: Count = 0  # after closes_at, in which what arrives late is still taken
    archived_at: Time | None = None
    phases: tuple[Phase, ...] = ()


class _Same(msgspec.Struct, frozen=True, gc=False):
    """Objects are equal by what they hold, whether a decoder took fields that are not known (`_KNOWN`) or not."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Same) or self.__struct_fields__ != other.__struct_fields__:
            return NotImplemented
        return msgspec.structs.astuple(self) == msgspec.structs.astuple(other)

    def __hash__(self) -> int:
        return hash(msgspec.structs.astuple(self))


class Person(_Same, frozen=True, gc=False):
    id: Id
    handle: Id
    name: str
    role: str = "participant"
    org: str = ""
    country: str = ""
    languages: tuple[str, ...] = ()  # BCP 47
    about: str = ""
    honour: str = ""  # of a guest of honour: who that is, in a few words
    state: str | None = None  # "left": the account was deleted


SAID_OF_PEOPLE = ("name", "org", "country", "languages", "about", "honour")  # what goes everywhere when it is taken off


class Forum(msgspec.Struct, frozen=True):
    id: Id
    slug: Id
    title: str
    brief: str = ""
    position: Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)] = 0
    host_ids: tuple[str, ...] = ()
    version: Count = 1
    edited_by: str | None = None  # who changed title, brief or hosts last, and when
    edited_at: Time | None = None


class Post(_Same, frozen=True, gc=False):
    """A post; an opener has no ``parent_id`` and its ``thread_id`` is its own ``id``."""

    id: Id
    forum_id: Id
    thread_id: Id
    author_id: Id
    created_at: Time
    body: str
    parent_id: Id | None = None
    title: str | None = None
    tags: tuple[str, ...] = ()
    votes: dict[str, Count] = msgspec.field(default_factory=dict)
    version: Count = 1
    written_at: str | None = None
    edited_at: Time | None = None
    state: str | None = None
    featured: bool | dict[str, object] | str | None = None
    lang: str | None = None
    kind: str | None = None  # of openers: idea, question, discussion
    idea_state: str | None = None  # of ideas: new, discussed, refined, chosen
    locked: bool = False  # of openers: nothing is written in the thread any more
    merged_from: dict[str, object] | None = None  # of a reply that opened a thread: thread_id, title

    @property
    def up(self) -> int:
        return self.votes.get("up", 0)

    @property
    def gone(self) -> str:
        """ "deleted" by its author, "removed" or, for a time, "hidden" by a moderator; "" while the post is there."""
        return self.state if self.state in GONE else ""


Object = Jam | Person | Forum | Post

TYPES: dict[str, type[Object]] = {"jam": Jam, "person": Person, "forum": Forum, "post": Post}
_DECODERS: dict[str, msgspec.json.Decoder[Object]] = {
    name: msgspec.json.Decoder(struct) for name, struct in TYPES.items()
}


class _KnownPerson(Person, frozen=True, forbid_unknown_fields=True): ...


class _KnownPost(Post, frozen=True, forbid_unknown_fields=True): ...


# Objects of which every field is known are checked whole by one decoding; nearly all that a Jam has are such.
_KNOWN: dict[str, msgspec.json.Decoder[_KnownPerson] | msgspec.json.Decoder[_KnownPost]] = {
    "person": msgspec.json.Decoder(_KnownPerson),
    "post": msgspec.json.Decoder(_KnownPost),
}


class _Line(msgspec.Struct, frozen=True):
    type: str
    data: msgspec.Raw


_LINE = msgspec.json.Decoder(_Line)
_OBJECT = msgspec.json.Decoder(dict[str, object])

# Types that a change log has and an archive has not: the tally stands in the post.
_NOT_RECORDS = frozenset({"votes"})

# An escape of a surrogate that has no partner: \ud800-\udbff not followed by \udc00-\udfff, or the reverse.
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\\\|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


class Record(msgspec.Struct, frozen=True, gc=False):
    """One line: its type, the bytes of its object, the typed object (None for types not known), its number."""

    type: str
    raw: bytes
    data: Object | None
    line: int


def mend_surrogates(raw: bytes) -> bytes:
    """JSON with lone surrogate escapes replaced by U+FFFD, so that every text can be encoded again."""
    if b"\\u" not in raw:
        return raw
    mended: bytearray | None = None
    for match in _ESCAPES.finditer(raw):
        if match.end() - match.start() == 6:  # as long as what takes its place: nothing moves, nothing is collected
            mended = bytearray(raw) if mended is None else mended
            mended[match.start() : match.end()] = b"\\ufffd"
    return raw if mended is None else bytes(mended)


def decode(kind: str, raw: bytes) -> Object | None:
    """The typed object of ``raw``; None when ``kind`` is not known. Raises ValueError with the reason.

    Fields that are not known are checked as JSON and as UTF-8 too: they are kept and served to others.
    """
    try:
        data = _known(kind, raw) or _checked(kind, raw)
        for moment in _times(data):
            if moment.year in (1, 9999):  # between them no zone moves a time out of what a datetime can hold
                moment.astimezone(UTC)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except OverflowError:
        raise ValueError("a time outside of the years 1 to 9999") from None
    return data


def _known(kind: str, raw: bytes) -> Object | None:
    """The object when it is one without a fault and without a field that is not known."""
    decoder = _KNOWN.get(kind)
    if decoder is None:
        return None
    try:
        return decoder.decode(raw)
    except (ValueError, RecursionError):
        return None  # `_checked` says what is wrong, if anything is


def _checked(kind: str, raw: bytes) -> Object | None:
    _OBJECT.decode(raw)
    decoder = _DECODERS.get(kind)
    return None if decoder is None else decoder.decode(raw)


def _times(data: Object | None) -> tuple[datetime, ...]:
    if isinstance(data, Post):
        return (data.created_at,) if data.edited_at is None else (data.created_at, data.edited_at)
    if isinstance(data, Forum):
        return () if data.edited_at is None else (data.edited_at,)
    if isinstance(data, Jam):
        ends = () if data.archived_at is None else (data.archived_at,)
        return (data.opens_at, data.closes_at, *ends, *(phase.starts_at for phase in data.phases))
    return ()


def parse_line(line: bytes, number: int) -> Record:
    """One line of an archive as a record; `ArchiveError` with the reason when it is none."""
    return Record(*parsed(line, number), number)


def parsed(line: bytes, number: int) -> tuple[str, bytes, Object | None]:
    """The same as type, bytes and object."""
    if len(line) > MAX_RECORD:
        raise ArchiveError(f"the record is longer than {MAX_RECORD:,} bytes", number)
    try:
        kind, raw, data = _record(line)
    except ValueError:
        # Some writers leave half of a surrogate pair when they cut a text; that much can be mended.
        mended = mend_surrogates(line)
        try:
            kind, raw, data = _record(mended)
        except ValueError as error:
            raise ArchiveError(_reason(error), number) from None
    if kind in _NOT_RECORDS:
        raise ArchiveError(f"{kind} is a change, not a record", number)
    return kind, raw, data


def object_in(line: bytes) -> tuple[str, bytes] | None:
    """Type and bytes of the object in a line that is no record, if it says so much; never raises."""
    try:
        outer = _LINE.decode(mend_surrogates(line))
    except (ValueError, RecursionError):
        return None
    return outer.type, bytes(outer.data)


def _record(line: bytes) -> tuple[str, bytes, Object | None]:
    """Type, bytes and object of a line. Raises ValueError."""
    for kind, head in _HEADS:
        if line.startswith(head) and line.endswith(b"}}"):
            # As nearly all writers write it: when what stands between is an object, the line as a whole is right.
            raw = line[len(head) - 1 : -1]
            try:
                return kind, raw, decode(kind, raw)
            except ValueError:
                break
    try:
        outer = _LINE.decode(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    raw = bytes(outer.data)
    return outer.type, raw, decode(outer.type, raw)


# Of those that a Jam has many.
_HEADS = tuple((kind, b'{"type":"%s","data":{' % kind.encode()) for kind in ("post", "person"))


def _reason(error: Exception) -> str:
    text = str(error)
    if not text:
        return type(error).__name__
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _damages() -> tuple[type[Exception], ...]:
    """What a file that is damaged or cut off raises. Zstandard is not needed before a first frame, so imported here."""
    import zstandard

    return OSError, EOFError, zlib.error, zstandard.ZstdError


def read(stream: BinaryIO) -> Iterator[Record]:
    """The records of an uncompressed stream, in order, each checked by itself.

    The first must be a ``jam`` of a format that is known. That records fit together (authors, parents, forums
    exist) is for `check` to say.
    """
    first = True
    empty = 0
    for number, line in enumerate(_lines(stream), 1):
        if number == 1 and line.startswith(_BOM):
            line = line[len(_BOM) :]
        line = line.rstrip(b"\r\n")
        if not line.strip():
            empty += 1
            if empty > MAX_EMPTY:  # 2,000,000,000 of them are 64 KiB when they are compressed
                raise ArchiveError(f"more than {MAX_EMPTY:,} empty lines", number)
            continue
        record = parse_line(line, number)
        if first:
            _check_first(record)
            first = False
        elif record.type == "jam":
            raise ArchiveError("a second jam record", number)
        yield record
    if first:
        raise ArchiveError("the file is empty")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(MAX_RECORD + 3)
        except _damages() as error:  # asked for only when there is one
            raise ArchiveError(f"damaged or cut off ({error})", number) from None
        if not line:
            return
        yield line


def _check_first(record: Record) -> None:
    if not isinstance(record.data, Jam):
        raise ArchiveError("the first record must be of type jam", record.line)
    if record.data.format != FORMAT:
        raise ArchiveError(
            f"format {record.data.format}, and this version reads format {FORMAT}", record.line, "Update jamtui."
        )


def check(records: Iterable[Record]) -> Iterator[Record]:
    """The same records; `ArchiveError` at the first that does not fit the ones before it.

    Ids must be unique by type, and so must handles and slugs. Forums and authors must stand before the posts that
    name them, and parents before their replies, in the same thread and forum.
    """
    people: set[str] = set()
    handles: set[str] = set()
    forums: dict[str, str] = {}
    slugs: set[str] = set()
    posts: dict[str, tuple[str, str]] = {}  # thread and forum; replies share theirs with what they answer
    for record in records:
        data = record.data
        if isinstance(data, Person):
            if data.id in people:
                raise ArchiveError(f"a second person {data.id}", record.line)
            if data.handle in handles:
                raise ArchiveError(f"a second person with the handle {data.handle}", record.line)
            people.add(data.id)
            handles.add(data.handle)
        elif isinstance(data, Forum):
            if data.id in forums:
                raise ArchiveError(f"a second forum {data.id}", record.line)
            if data.slug in slugs:
                raise ArchiveError(f"a second forum with the slug {data.slug}", record.line)
            forums[data.id] = data.id
            slugs.add(data.slug)
        elif isinstance(data, Post):
            if data.id in posts:
                raise ArchiveError(f"a second post {data.id}", record.line)
            if (forum := forums.get(data.forum_id)) is None:
                raise ArchiveError(f"no forum {data.forum_id} before this post", record.line)
            if data.author_id not in people:
                raise ArchiveError(f"no person {data.author_id} before this post", record.line)
            if data.parent_id is None:
                if data.thread_id != data.id:
                    raise ArchiveError("a post without a parent must be its own thread_id", record.line)
                posts[data.id] = (data.id, forum)
            else:
                parent = posts.get(data.parent_id)
                if parent is None:
                    raise ArchiveError(f"no post {data.parent_id} before this reply to it", record.line)
                if parent != (data.thread_id, data.forum_id):
                    raise ArchiveError("the parent is in another thread or forum", record.line)
                posts[data.id] = parent
        yield record


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[BinaryIO]:
    """The uncompressed bytes of an archive file, whatever its compression, for `read`.

    Raises `NotFound` when there is no such file, `ArchiveError` when it cannot be read.
    """
    with contextlib.ExitStack() as stack:
        try:
            stream = unpacked(stack.enter_context(path.open("rb")))
        except FileNotFoundError:
            raise NotFound(f"there is no file {path}", "Check the path.") from None
        except OSError as error:
            raise ArchiveError(f"{path}: {error.strerror or error}", hint="Check the path.") from None
        yield stream


def unpacked(file: BinaryIO) -> BinaryIO:
    """``file`` (at its start, seekable) as a stream of uncompressed bytes, by its first bytes, never by its name.

    Memory stays bounded whatever the file expands to. A file that was cut off raises EOFError when its end is read.
    """
    head = file.read(4)
    file.seek(0)
    if head.startswith(_GZIP):
        import gzip  # not for a start

        return io.BufferedReader(gzip.GzipFile(fileobj=file))
    if head == _ZSTD:
        return io.BufferedReader(_ZstdReader(file), 1 << 18)
    return file


class _ZstdReader(io.RawIOBase):
    """Zstandard frames as a stream. (The library's own reader takes a frame that was cut off for a whole one.)"""

    # A block of 128 KiB can hide in four bytes: this much input makes at most 32 MiB of output.
    _PIECE = 1 << 10

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        import zstandard

        self._context = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._rest = b""  # input after the end of a frame
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._ready:
            piece = self._rest or self._file.read(self._PIECE)
            self._rest = b""
            if not piece:
                if self._frame is not None:
                    raise EOFError("the compressed data ends in the middle")
                return 0
            if self._frame is None:
                self._frame = self._context.decompressobj()
            self._ready = memoryview(self._frame.decompress(piece))
            if self._frame.eof:
                self._rest = self._frame.unused_data
                self._frame = None
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def encode(kind: str, raw: bytes) -> bytes:
    """One line of an archive, line feed included, from the bytes of an object (which hold no line feed)."""
    return b'{"type":%s,"data":%s}\n' % (msgspec.json.encode(kind), raw)


def write(stream: BinaryIO, records: Iterable[tuple[str, bytes]]) -> int:
    """Writes (type, object bytes) pairs as lines; the jam record must come first. Returns how many."""
    count = 0
    for kind, raw in records:
        stream.write(encode(kind, raw))
        count += 1
    return count


def rfc3339(moment: datetime) -> str:
    """A time as the wire has it: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tag_form(text: str) -> str:
    """A tag in the form in which it is kept, be it one or not: NFC, lower case, no leading ``#``, inner white space
    one space."""
    tag = " ".join(unicodedata.normalize("NFC", text).lower().split()).lstrip("#").strip()
    return unicodedata.normalize("NFC", tag)


def split_tags(text: str) -> tuple[str, ...]:
    """The tags of a line that has commas between them, in their form, each once, in order: what can be none, too."""
    return tuple(dict.fromkeys(name for name in map(tag_form, text.split(",")) if name))


def normal_tag(text: str) -> str:
    """A tag as the Jam keeps it, see `tag_form`.

    Raises ValueError, with the reason in words, for what cannot be a tag: nothing left, control or bidi characters or
    others that nobody sees, a comma or a slash, a lone ``.`` or ``..`` (which would be lost in an address).
    """
    tag = tag_form(text)
    if not tag:
        raise ValueError("a tag cannot be empty")
    if tag in (".", ".."):
        raise ValueError(f"{tag} cannot be a tag")
    for char in tag:
        if char in ",/":
            raise ValueError(f"a tag cannot hold {char}")
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in _BIDI:
            raise ValueError("a tag cannot hold control characters")
        if char in _UNSEEN:
            raise ValueError("a tag cannot hold characters that nobody sees")
    return tag


# Of no width; the joiners, which have none either, are part of words and of emoji.
_UNSEEN = frozenset("\u00ad\u200b\u2060\ufeff")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
