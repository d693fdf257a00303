"""The main screen, people's half: one's own profile, who is from where, and, for hosts, the tags."""

from __future__ import annotations

from jamtui.errors import UsageError, sentence
from jamtui.model import Undo
from screens.moving import Moving


class SelfService(Moving, part=True):
    """Mixed into `screens.jam.JamScreen`. The dialogs are imported when one opens."""

    def offer(self, undo: Undo) -> None:
        raise NotImplementedError

    def action_profile(self, handle: str = "") -> None:
        """One's own, to be changed; with a handle, the page of that person."""
        session = self.session
        if handle and handle.lstrip("@").casefold() != session.me.handle.casefold():
            self.action_person(handle)
            return
        from screens.profile import ProfileDialog

        done: list[Undo] = []
        told: list[str] = []

        def save(typed: dict[str, str]) -> None:
            _, undo, notes = session.change_profile(typed)
            done.append(undo)
            told.extend(notes)

        def answered(saved: bool | None) -> None:
            if saved and done:
                self.reload()
                self.offer(done[0])
                for note in told:
                    self.say(sentence(note), "warning")

        flags = not getattr(self.app, "ascii_only", False)
        self.app.push_screen(ProfileDialog(session.me.handle, session.profile(), save, flags=flags), answered)

    def action_person(self, handle: str = "") -> None:
        raise NotImplementedError

    def action_where_from(self) -> None:
        from screens.where_from import WhereFrom

        flags = not getattr(self.app, "ascii_only", False)
        self.app.push_screen(WhereFrom(self.session.where_from, flags=flags))

    def _may_look_after_tags(self) -> None:
        self.session.need_name("tags to look after")
        if not self.session.looks_after_tags:
            raise UsageError("hosts and moderators look after the tags", "You can put tags on posts, and follow them.")

    def _done(self, undo: Undo | None) -> None:
        if undo is not None:
            self.reload()
            self.offer(undo)

    def action_tag_curate(self, tag: str = "") -> None:
        from screens.tag_desk import TagCurate

        self._may_look_after_tags()
        session = self.session
        dialog = TagCurate(
            session.tag_book(),
            session.tag_row,
            lambda name, about: session.curate_tag(name, about)[1],
            lambda name: session.forget_tag(name)[1],
            tag,
        )
        self.app.push_screen(dialog, self._done)

    def action_tag_merge(self, tag: str = "") -> None:
        from screens.tag_desk import TagMerge

        self._may_look_after_tags()
        session = self.session
        dialog = TagMerge(session.tag_book(), lambda name, into: session.merge_tag(name, into)[1], tag)
        self.app.push_screen(dialog, self._done)
