"""The session's half that is about tags: what to suggest, the curated set, and merging for hosts.

Mixed into `jamtui.session.Session`, behind `jamtui.writing.Writing`, whose `_act` puts each change into the outbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jamtui.errors import Refused, UsageError
from jamtui.event import HOSTS, Act
from jamtui.model import PostRow, TagRow, Undo
from jamtui.safe_text import safe_line
from jamtui.store.rows import Rows

if TYPE_CHECKING:
    from jamtui.tag_book import TagBook

MAX_ABOUT = 300


class Tagging:
    """What `Session` gives: its rows, who one is, the outbox."""

    def _fresh(self) -> Rows:
        raise NotImplementedError

    def tags(self) -> list[TagRow]:
        raise NotImplementedError

    def _tag(self, given: str) -> str:
        raise NotImplementedError

    def _tag_as_typed(self, given: str) -> str:
        raise NotImplementedError

    def need_name(self, what: str) -> None:
        raise NotImplementedError

    def check_may_write(self, act: Act, *, late: bool = False) -> None:
        raise NotImplementedError

    def _act(
        self, kind: str, path: Sequence[str], what: str, data: dict[str, object] | None = None,
        post: PostRow | None = None,
    ) -> str:  # fmt: skip
        raise NotImplementedError

    def tag_book(self, forum_id: str = "") -> TagBook:
        """What may be suggested in a forum: made once, asked with every letter."""
        from jamtui.tag_book import TagBook

        rows = self._fresh()
        return TagBook(rows.tags(), rows.forum_tags(forum_id) if forum_id else {})

    def curated_tags(self) -> list[TagRow]:
        """Those that hosts chose, by name; what they became since is left out."""
        return sorted((tag for tag in self.tags() if tag.curated), key=lambda tag: tag.name)

    def tag_row(self, name: str) -> TagRow:
        """A tag with what is said of it; one that nobody used has no posts."""
        return next((tag for tag in self.tags() if tag.name == safe_line(name)), TagRow(safe_line(name), 0))

    @property
    def looks_after_tags(self) -> bool:
        """Whether the reader is a host or a moderator, as far as is known here."""
        return self._fresh().my_role() in HOSTS

    def need_tags(self) -> None:
        """Raises what says why the reader may not curate or merge tags now."""
        self.need_name("tags to look after")
        if not self.looks_after_tags:
            hint = "You can put tags on posts, follow them and mute them."
            raise Refused("hosts and moderators look after the tags", hint, "forbidden")
        self.check_may_write(Act.STEERING)

    def curate_tag(self, name: str, about: str | None = None) -> tuple[str, Undo]:
        """Puts a tag into the curated set, or says anew what it means (None: as before). Returns the id of the
        row in the outbox, and what takes it back. Raises `Refused` for who is no host, `UsageError`."""
        self.need_tags()
        name = self._tag_as_typed(name)
        before = self.tag_row(name)
        if before.merged_into:
            hint = f"Curate that one, or undo the merging first: tag-merge {name} --undo."
            raise UsageError(f"#{name} was merged into #{before.merged_into}", hint)
        about = before.about if about is None else " ".join(about.split())
        if len(about) > MAX_ABOUT:
            raise UsageError(f"this is {len(about) - MAX_ABOUT:,} characters too long", f"The limit is {MAX_ABOUT}.")
        row = self._act("tag-curate", ("tags", name), f"curate #{name}", {"about": about, "curated": True})
        return row, Undo(f"#{name} is curated", ("tag", name, before))

    def forget_tag(self, name: str) -> tuple[str, Undo]:
        """Takes a tag out of the curated set; posts keep it. Returns as `curate_tag`. Raises `Refused`,
        `UsageError`."""
        self.need_tags()
        name = self._tag_as_typed(name)
        before = self.tag_row(name)
        if not (before.curated or before.about):
            raise UsageError(f"#{name} is not curated", "jamtui tags --curated lists those that are.")
        row = self._act("tag-forget", ("tags", name), f"curate #{name} no longer")
        return row, Undo(f"#{name} is curated no longer", ("tag", name, before))

    def merge_tag(self, name: str, into: str) -> tuple[str, Undo]:
        """All posts that carry ``name`` get ``into`` in its place, and so does what is tagged with it later. To take
        that back makes ``name`` a tag of its own again; posts keep the new one. Returns
        as `curate_tag`. Raises `Refused`, `UsageError`."""
        self.need_tags()
        name, into = self._tag_as_typed(name), self._tag(into)
        if name == into:
            raise UsageError("a tag cannot be merged into itself", "Name the tag that stays as the second one.")
        row = self._act("tag-merge", ("tags", name, "merged"), f"merge #{name} into #{into}", {"into": into})
        return row, Undo(f"#{name} becomes #{into}; if taken back, posts keep #{into}", ("tag-merge", name))

    def unmerge_tag(self, name: str) -> str:
        """Makes a merged tag one of its own again. Returns the outbox row's id. Raises `Refused` for who is no host."""
        self.need_tags()
        name = self._tag_as_typed(name)
        return self._act("tag-unmerge", ("tags", name, "merged"), f"#{name} is a tag of its own again")

    def undo_tagging(self, token: object) -> bool:
        """Takes back what `curate_tag`, `forget_tag` or `merge_tag` did; False when the token is of another kind."""
        match token:
            case ("tag", str() as name, TagRow() as before):
                if before.curated or before.about:
                    data: dict[str, object] = {"about": before.about, "curated": before.curated}
                    self._act("tag-curate", ("tags", name), f"#{name} as before", data)
                else:
                    self._act("tag-forget", ("tags", name), f"#{name} as before")
            case ("tag-merge", str() as name):
                self.unmerge_tag(name)
            case _:
                return False
        return True
