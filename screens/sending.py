"""The main screen, sending half: the outbox, drafts that are gone on with, signing in and connecting anew."""

from __future__ import annotations

from msgspec.structs import replace

from jamtui.errors import UsageError
from jamtui.model import Draft, DraftKind, OutboxRow, SendState
from jamtui.refusals import ACT_OF
from screens.messages import AskToSignIn
from screens.performs import Program
from screens.writing import Writing


class Sending(Writing, part=True):
    """What waits for the server, and what becomes of it. Mixed into `screens.jam.JamScreen`."""

    # -- the outbox

    def _waiting(self) -> OutboxRow:
        row = self.list_now.cursor_row
        if not isinstance(row, OutboxRow):
            raise UsageError("nothing waits here")
        return row

    def action_retry(self) -> None:
        row = self._waiting()
        if self._conflicting(row):
            return
        told = self.session.retry(row.id)
        self.reload()
        self.say(told)

    def _conflicting(self, row: OutboxRow) -> bool:
        """Shows both versions of what was changed meanwhile, and does what is chosen; False for any other row."""
        if row.code != "version_conflict" or row.state is not SendState.REFUSED:
            return False
        from screens.conflict import ConflictDialog

        def answered(answer: str | None) -> None:
            with self.in_words():
                if answer == "mine":
                    self.session.choose_mine(row.id)
                    self.reload()
                    self.say("Yours goes over it")
                elif answer == "theirs":
                    undo = self.session.choose_theirs(row.id)
                    self.reload()
                    self.offer(undo)
                elif answer == "edit":
                    self._go_on(self.session.reopen(row.id))

        self.app.push_screen(ConflictDialog(self.session.conflict(row.id), self.session.now()), answered)
        return True

    def open_row(self) -> None:
        row = self.list_now.cursor_row
        if isinstance(row, OutboxRow) and not row.post_id and row.code != "version_conflict":
            keys = (
                "{reopen} takes it back to change it, {drop} drops it"
                if row.kind in ("brief", "announce", "announce-change")
                else "{drop} drops it"
            )
            self.say(self.keymap.fill(f"No post stands behind this; {keys}"), "fact")
        elif not (isinstance(row, OutboxRow) and self._conflicting(row)):
            super().open_row()

    def action_sign_in(self) -> None:
        session = self.session
        if session.known.local:
            raise UsageError("an archive file has no server to sign in to")
        if not session.me.guest and not session.signed_out:
            self.say(f"You are signed in as {session.my_name()}", "fact")
        elif not (isinstance(self.app, Program) and self.app.signs_in):
            raise UsageError("this cannot be signed in to here", f"Leave, and type: {session.signs_in}")
        else:
            self.post_message(AskToSignIn())

    def action_reconnect(self) -> None:
        if self.session.signed_out:
            self.post_message(AskToSignIn())
        else:
            self.say(self.session.reconnect(), "fact")

    def action_reopen(self) -> None:
        draft = self.session.reopen(self._waiting().id)
        self.reload()
        self._go_on(draft)

    def action_drafts(self) -> None:
        """All drafts, and what was thrown away: the one that is chosen is gone on with where it is written."""
        from screens.drafts import DraftsDialog

        def chosen(draft: Draft | None) -> None:
            self.reload()
            if draft is not None:
                with self.in_words():
                    self._go_on(draft)

        if self.writing:
            self.composer.save_now()
        self.app.push_screen(DraftsDialog(self.session), chosen)

    def _go_on(self, draft: Draft) -> None:
        """Opens the composer with a draft, where it is written; asks for another place when that one is gone."""
        self._may_write(ACT_OF[draft.kind])
        if self.writing:
            self.composer.save_now()
            if (unsaved := self.composer.unsaved) is not None:
                raise unsaved
            self.before_more_keys(self._close_and_go_on(draft), "go-on")
            return
        gone = next((not row.there for row in self.session.draft_rows() if _same_place(row.draft, draft)), False)
        if gone and (places := self.session.places_for(draft)):
            from screens.drafts import PlaceDialog

            def placed(to: Draft | None) -> None:
                if to is not None:
                    with self.in_words():
                        self._go_on(self.session.move_draft(draft, to))

            self.app.push_screen(PlaceDialog(places), placed)
            return
        if draft.kind in (DraftKind.BRIEF, DraftKind.ANNOUNCEMENT):
            self.write_as_host(draft.kind, draft.target)
            return
        if draft.kind is DraftKind.THREAD:
            self.go(replace(self.spot, place="forums", forum=draft.target, thread="", reading=False))
            self.action_new_thread()
            return
        self.open_post(draft.target)
        if draft.kind is DraftKind.EDIT:
            self.action_edit()
        else:
            self.action_reply()

    async def _close_and_go_on(self, draft: Draft) -> None:
        await self._close_composer()
        with self.in_words():
            self._go_on(draft)

    def action_drop(self) -> None:
        undo = self.session.drop(self._waiting().id)
        self.reload()
        self.offer(undo)


def _same_place(one: Draft, other: Draft) -> bool:
    return (one.kind, one.target) == (other.kind, other.target)
