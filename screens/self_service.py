"""The main screen, people's half: one's own profile, who is from where, and, for hosts, the tags."""

from __future__ import annotations

from jamtui.errors import UsageError, sentence
from jamtui.model import Undo
from jamtui.profiles import own_data_file, write_new
from jamtui.safe_text import safe_line
from screens.moving import Moving
from screens.performs import Program


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

        flags = not (isinstance(self.app, Program) and self.app.ascii_only)
        self.app.push_screen(ProfileDialog(session.me.handle, session.profile(), save, flags=flags), answered)

    def action_my_data(self, file: str = "") -> None:
        """Asks the Jam for what it has of the reader, and writes it with what this device has into a file."""
        session = self.session
        session.need_name("data of yours")
        target = own_data_file(session.known, file)
        self.say("Asking the Jam for all that is yours", "fact", lasting=True)

        async def fetch() -> None:
            with self.in_words():
                document = session.own_data(await session.fetch_own_data())
                write_new(target, document)
                self.say(f"All that is yours is in {safe_line(str(target))}")

        self.run_worker(fetch(), group="my-data", exclusive=True)

    def action_delete_account(self) -> None:
        """After the question jamtui ends, since nothing may be open on what goes; what becomes of it is told then."""
        session = self.session
        session.need_name("account of yours")
        app = self.app
        if not (isinstance(app, Program) and app.may_delete):
            raise UsageError("nothing is kept of this Jam", "Your name in it goes when you leave.")
        from screens.leaving import LeavingDialog

        def answered(posts: str | None) -> None:
            if posts:
                app.leave_jam(posts)

        self.app.push_screen(LeavingDialog(session), answered)

    def action_person(self, handle: str = "") -> None:
        raise NotImplementedError

    def action_where_from(self) -> None:
        from screens.where_from import WhereFrom

        flags = not (isinstance(self.app, Program) and self.app.ascii_only)
        self.app.push_screen(WhereFrom(self.session.where_from, flags=flags))

    def _done(self, undo: Undo | None) -> None:
        if undo is not None:
            self.reload()
            self.offer(undo)

    def action_tag_curate(self, tag: str = "") -> None:
        from screens.tag_desk import TagCurate

        self.session.need_tags()
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

        self.session.need_tags()
        session = self.session
        dialog = TagMerge(session.tag_book(), lambda name, into: session.merge_tag(name, into)[1], tag)
        self.app.push_screen(dialog, self._done)
