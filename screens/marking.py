"""The main screen, marking half: muting and following of threads, tags and people."""

from __future__ import annotations

from jamtui.model import Mark, Undo
from screens.sending import Sending


class Marking(Sending, part=True):
    """Actions on what is muted and followed. Mixed into `screens.jam.JamScreen`."""

    def offer(self, undo: Undo) -> None:
        raise NotImplementedError

    def action_mute(self, what: str = "") -> None:
        self._mark(what, Mark.MUTED)

    def action_follow(self, what: str = "") -> None:
        self._mark(what, Mark.FOLLOWED)

    def action_muted(self) -> None:
        """What is muted and followed, each to be taken off and put on again."""
        from screens.marks import MarksDialog

        self.app.push_screen(MarksDialog(self.session), lambda _: self.reload())

    def _mark(self, what: str, mark: Mark) -> None:
        """``what`` is ``#tag``, ``@handle`` or a post; without it, the thread under the cursor is meant."""
        self.offer(self.session.set_mark(what or self._post().thread_id, mark))
        self.reload()
