"""A Jam in the forms that the programs of old read: mbox and maildir, feed, news spool. All have the same posts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

from jamtui.archive import Person, Post, open_archive, read

GROUP = "jam.all"


@dataclass(frozen=True)
class Letter:
    """A post as mail, news and feeds have it."""

    number: int
    id: str
    parent: str
    thread: str
    subject: str
    author: str
    date: datetime
    body: str

    @property
    def references(self) -> str:
        ids = dict.fromkeys(one for one in (self.thread, self.parent) if one and one != self.id)
        return " ".join(f"<{one}@jam>" for one in ids)

    @property
    def text(self) -> str:
        heads = [
            f"Message-ID: <{self.id}@jam>",
            *([f"In-Reply-To: <{self.parent}@jam>", f"References: {self.references}"] if self.parent else []),
            f"From: {_encoded(self.author)} <somebody@jam.example>",
            f"Date: {format_datetime(self.date)}",
            f"Subject: {_encoded(self.subject)}",
            f"Newsgroups: {GROUP}",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
        ]
        return "\n".join([*heads, "", self.body, ""])


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=10_000).encode()


def letters(archive: Path) -> Iterator[Letter]:
    """All posts of an archive, in its order; replies have the subject of their thread."""
    titles: dict[str, str] = {}
    people: dict[str, str] = {}
    number = 0
    with open_archive(archive) as stream:
        for record in read(stream):
            data = record.data
            if isinstance(data, Person):
                people[data.id] = data.name.replace('"', "") or data.handle
            if not isinstance(data, Post):
                continue
            number += 1
            titles.setdefault(data.thread_id, " ".join((data.title or "no title").split()))
            yield Letter(
                number=number,
                id=data.id,
                parent=data.parent_id or "",
                thread=data.thread_id,
                subject=("Re: " if data.parent_id else "") + titles[data.thread_id],
                author=people.get(data.author_id, "Somebody"),
                date=data.created_at.astimezone(UTC),
                body=data.body,
            )


def mbox(posts: Iterable[Letter], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for one in posts:
            file.write(f"From somebody@jam.example {one.date:%a %b %d %H:%M:%S %Y}\n")
            file.write(one.text.replace("\nFrom ", "\n>From ") + "\n")


def maildir(posts: Iterable[Letter], folder: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for one in posts:
        (folder / "cur" / f"{one.date:%s}.{one.number}.jam:2,").write_text(one.text, "utf-8")


def feed(posts: Iterable[Letter], path: Path) -> None:
    """RSS: it knows no threads, so all posts are one list."""
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>Jam</title>')
        file.write("<link>http://jam.example/</link><description>Jam</description>\n")
        for one in posts:
            body = "".join(char for char in one.body if char >= " " or char in "\t\n")
            file.write(
                f"<item><guid>{one.id}</guid><title>{escape(one.subject)}</title><link>http://jam.example/{one.id}"
            )
            file.write(f"</link><pubDate>{format_datetime(one.date)}</pubDate><description>{escape(body)}")
            file.write("</description></item>\n")
        file.write("</channel></rss>\n")


def spool(posts: Iterable[Letter], folder: Path) -> None:
    """One group, its articles and its overview; ``rc`` is slrn's configuration for it."""
    group = folder.joinpath(*GROUP.split("."))
    group.mkdir(parents=True)
    last = 0
    with (group / ".overview").open("w", encoding="utf-8") as overview:
        for one in posts:
            text = one.text
            (group / str(one.number)).write_text(text, "utf-8")
            fields = (
                one.number, _encoded(one.subject), f"{_encoded(one.author)} <somebody@jam.example>",
                format_datetime(one.date), f"<{one.id}@jam>", one.references, len(text.encode()), text.count("\n"),
                f"Xref: jam {GROUP}:{one.number}",
            )  # fmt: skip
            overview.write("\t".join(map(str, fields)) + "\n")
            last = one.number
    (folder / "active").write_text(f"{GROUP} {last:010} 0000000001 y\n")
    (folder / "newsgroups").write_text(f"{GROUP}\tAll of the Jam\n")
    (folder / "active.times").write_text("")
    (folder / "jnewsrc").write_text(f"{GROUP}: \n")
    (folder / "rc").write_text(
        f"""hostname "jam.example"
set spool_root "{folder}"
set spool_nov_root "{folder}"
set spool_nov_file ".overview"
set spool_active_file "{folder}/active"
set spool_activetimes_file "{folder}/active.times"
set spool_newsgroups_file "{folder}/newsgroups"
set spool_inn_root "{folder}"
set server_object "spool"
set charset "utf-8"
"""
    )
