"""The tags and the people of the mirror, as names find them and as lists show them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Sequence

import apsw
import msgspec
from msgspec.structs import replace

from jamtui.archive import Person
from jamtui.model import PersonRow, TagRow
from jamtui.safe_text import safe_line, safe_name
from jamtui.store.connection import as_bytes
from jamtui.store.looks import HONEST, Looks
from jamtui.store.row_making import person_row
from jamtui.store.tag_records import merged, tag_records

MOST_TAGS = 10_000  # that are listed: a Jam of 46,000 posts has some hundreds
_PERSON = msgspec.json.Decoder(Person)


class Directory:
    """Mixed into `jamtui.store.rows.Rows`, which gives the connection, and the records of hosts."""

    db: apsw.Connection
    looks: Looks
    _tags: list[TagRow] | None  # until the mirror changes

    def records(self, kind: str) -> list[dict[str, object]]:
        raise NotImplementedError

    def forum_n(self, forum_id: str) -> int:
        raise NotImplementedError

    def tag_named(self, name: str) -> str:
        """The tag as it is written in the Jam, whatever the case, or what it was merged into; one that nobody used is
        in small letters."""
        row = next(iter(self.db.execute("SELECT name FROM tags WHERE name = ? COLLATE NOCASE LIMIT 1", (name,))), None)
        found = str(row[0]) if row else name.lower()
        return self.merged_tags.get(found, found)

    def tagged(self, name: str) -> bool:
        """Whether any post carries this tag."""
        return next(iter(self.db.execute("SELECT 1 FROM tags WHERE name = ? LIMIT 1", (name,))), None) is not None

    def person_named(self, handle: str) -> str | None:
        """The id of a person."""
        row = next(iter(self.db.execute("SELECT id FROM people WHERE handle = ? COLLATE NOCASE", (handle,))), None)
        return str(row[0]) if row else None

    def handle_of(self, person_id: str) -> str:
        """Of a person, by the id; "" for nobody. Not harmless."""
        row = next(iter(self.db.execute("SELECT handle FROM people WHERE id = ?", (person_id,))), None)
        return str(row[0]) if row else ""

    def tags(self) -> list[TagRow]:
        """Those that posts carry, the most used first, then what hosts say of tags that no post carries; `MOST_TAGS` at
        most. They are asked for with each letter of a ``:`` line, and made anew when the mirror changed."""
        if self._tags is None:
            self._tags = self._all_tags()
        return list(self._tags)

    def _all_tags(self) -> list[TagRow]:
        sql = f"SELECT name, count(*) FROM tags GROUP BY name ORDER BY 2 DESC, 1 LIMIT {MOST_TAGS}"
        counts = {str(name): int(count) for name, count in self.db.execute(sql)}
        said = tag_records(self.records("tag"))
        counts |= {name: 0 for name in said if name not in counts}
        return [
            TagRow(safe_name(name), count, safe_line(record.about), record.curated, safe_name(record.merged_into or ""))
            if (record := said.get(name)) is not None
            else TagRow(safe_name(name), count)
            for name, count in itertools.islice(counts.items(), MOST_TAGS)
        ]

    def forum_tags(self, forum_id: str) -> dict[str, int]:
        """How many threads of a forum carry a tag. Replies are not looked through: that would take longer than a
        frame."""
        sql = "SELECT t.name, count(*) FROM tags t JOIN threads o ON o.n = t.post WHERE o.forum = ? GROUP BY t.name"
        return {safe_name(str(name)): int(count) for name, count in self.db.execute(sql, (self.forum_n(forum_id),))}

    @property
    def merged_tags(self) -> dict[str, str]:
        """Tags that were merged, by their name, and what each is now."""
        return merged(tag_records(self.records("tag")))

    def people(self) -> list[PersonRow]:
        """Everybody, those with the most posts first."""
        counts: dict[int, int] = dict(
            self.db.execute("SELECT author, count(*) FROM posts WHERE gone = 0 GROUP BY author")
        )
        rows = []
        for n, raw in self.db.execute("SELECT n, raw FROM people"):
            person = _PERSON.decode(as_bytes(raw))
            rows.append(person_row(person, counts.get(int(n), 0)))
        rows.sort(key=lambda row: (-row.posts, row.handle))
        return rows

    def persons(self, ids: Collection[str]) -> dict[str, PersonRow]:
        """People by their ids, with whom they look like; without how much they wrote."""
        sql = "SELECT id, n, raw FROM people WHERE id IN (SELECT value FROM json_each(?))"
        stored = [(str(one), int(n), _PERSON.decode(as_bytes(raw))) for one, n, raw in self.db.execute(
            sql, (json.dumps(list(ids)),)
        )]  # fmt: skip
        looks = self.looks.of({n: person for _, n, person in stored})
        return {
            one: replace(person_row(person, 0), alike=looks[n].alike, namesake=looks[n].namesake)
            for one, n, person in stored
        }

    def marked(self, people: Sequence[PersonRow]) -> list[PersonRow]:
        """The same rows with whom they look like: for those that are drawn, since it takes a few reads each."""
        sql = "SELECT id, n, raw FROM people WHERE id IN (SELECT value FROM json_each(?))"
        stored = list(self.db.execute(sql, (json.dumps([row.id for row in people]),)))
        by_n = self.looks.of({int(n): _PERSON.decode(as_bytes(raw)) for _, n, raw in stored})
        found = {str(person_id): by_n[int(n)] for person_id, n, _ in stored}
        looks = [found.get(row.id, HONEST) for row in people]
        return [
            row if look is HONEST else replace(row, alike=look.alike, namesake=look.namesake)
            for row, look in zip(people, looks, strict=True)
        ]
