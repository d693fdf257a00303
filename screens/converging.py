"""The main screen, ideas that converge: kinds of thread, links between posts, what is featured, how far ideas are."""

from __future__ import annotations

from jamtui.archive import IDEA_STATES
from jamtui.errors import JamError, NotFound, UsageError
from jamtui.event import Act
from jamtui.model import PostRow, Undo
from screens.marking import Marking
from screens.spot import Spot
from widgets.rows import one_line

_KINDS = (
    ("idea", "i", "idea", "what could be done"),
    ("question", "?", "question", "what somebody wants to know"),
    ("discussion", "d", "discussion", "what is to be talked over"),
)
_STATES = {
    "new": "nobody has looked at it closely yet",
    "discussed": "what speaks for and against it is said",
    "refined": "worked out: what, who, how much",
    "chosen": "it is going to be done",
}
_READ = 30  # posts of a thread that are shown beside a draft


class Converging(Marking, part=True):
    """Mixed into `screens.jam.JamScreen`. Dialogs are imported when one opens."""

    def _opener(self) -> PostRow:
        """The thread that an action is about: of the post under the cursor."""
        return self.session.there(self._post().thread_id)

    def _told_undo(self, undo: Undo) -> None:
        self.reload()
        self.offer(undo)

    # -- what a thread is, how far an idea is

    def action_kind(self, kind: str = "") -> None:
        post = self._opener()
        if kind:
            self._told_undo(self.session.set_kind(post.id, kind))
            return
        self.session.need_to_say_kind(post)  # before one is asked
        from widgets.letter_picker import Choice, LetterPicker

        def chosen(answer: str | None) -> None:
            if answer:
                with self.in_words():
                    self._told_undo(self.session.set_kind(post.id, answer))

        choices = [Choice(*one) for one in _KINDS]
        self.app.push_screen(LetterPicker("What is this thread?", one_line(post.title), choices, post.kind), chosen)

    def action_idea_state(self, state: str = "") -> None:
        post = self._opener()
        if state:
            self._told_undo(self.session.set_idea_state(post.id, state))
            return
        self.session.need_to_sort(post, "say how far an idea is")
        if post.kind != "idea":
            raise UsageError("this thread is not an idea", ":kind idea makes it one.")
        from widgets.letter_picker import Choice, LetterPicker

        def chosen(answer: str | None) -> None:
            if answer:
                with self.in_words():
                    self._told_undo(self.session.set_idea_state(post.id, answer))

        choices = [Choice(one, one[0], one, _STATES[one]) for one in IDEA_STATES]
        question = "How far is this idea?"
        self.app.push_screen(LetterPicker(question, one_line(post.title), choices, post.idea_state), chosen)

    def action_ideas(self) -> None:
        """How many ideas are how far; the row that is chosen becomes a list of threads."""
        from screens.ideas_board import IdeasBoard

        def chosen(answer: tuple[str, str] | None) -> None:
            if answer is not None:
                with self.in_words():
                    self._list_ideas(*answer)

        self.app.push_screen(IdeasBoard(self.session.stages()), chosen)

    def _list_ideas(self, forum_id: str, state: str) -> None:
        words = f"state:{state}" if state else "kind:idea"
        place = "forums" if forum_id else "all"
        sort = "votes" if state else "state"
        self.forget_hits()
        self.go(Spot(place, forum_id, sort=sort, filter=words))
        self.list_now.first()

    # -- what is featured

    def action_feature(self, reason: str = "") -> None:
        post = self.session.there(self._post().id)
        if reason:
            self._told_undo(self.session.feature(post.id, reason))
            return
        self.session.need_to_sort(post, "feature posts")
        from screens.featuring import FeatureDialog

        def answered(answer: str | None) -> None:
            with self.in_words():
                if answer:
                    self._told_undo(self.session.feature(post.id, answer))
                elif answer is not None:
                    self._told_undo(self.session.unfeature(post.id))

        about = one_line(post.title) or one_line(post.body[:200])
        self.app.push_screen(FeatureDialog(about, post.featured_for.strip(), featured=post.featured), answered)

    def action_unfeature(self) -> None:
        self._told_undo(self.session.unfeature(self._post().id))

    def action_featured(self) -> None:
        self.to_place("featured")

    # -- links

    def action_connect(self, line: str = "") -> None:
        """``builds-on 0192f3a4``, or a dialog in which the other post is found."""
        self._may_write(Act.LINKS)
        post = self.session.there(self._post().id)
        kind, _, other = line.partition(" ")
        if other.strip():
            self._told_undo(self.session.connect(post.id, kind, other.strip()))
            return
        from jamtui.ideas import link_kind
        from screens.connect import ConnectDialog

        known = link_kind(kind) if kind else ""

        def answered(answer: tuple[str, str] | None) -> None:
            if answer is not None:
                with self.in_words():
                    self._told_undo(self.session.connect(post.id, *answer))

        about = one_line(post.title) or one_line(post.body[:200])
        self.app.push_screen(ConnectDialog(about, post.id, self.session.ask_titled, known), answered)

    def action_connections(self) -> None:
        from screens.connections import ConnectionsDialog

        post = self._post()

        def answered(answer: str | None) -> None:
            self.reload()
            if answer is not None:
                with self.in_words():
                    self.open_post(answer)

        about = one_line(post.title) or one_line(post.body[:200])
        key = self.keymap.name("connect")
        self.app.push_screen(ConnectionsDialog(self.session, post.id, about, key), answered)

    # -- threads like the one that is being written; named, not decorated: that would import the composer

    def on_composer_look(self, message: object) -> None:
        from screens.similar import SimilarDialog

        composer = self.composer

        def thread(post_id: str) -> list[PostRow]:
            try:
                keys = self.session.thread_index(post_id).keys[:_READ]
            except NotFound:
                return []
            return self.session.posts(keys)

        def answered(answer: tuple[str, str] | None) -> None:
            if answer is None or not composer.is_attached:
                return
            what, post_id = answer
            with self.in_words():
                if what != "open":
                    composer.link(what, post_id)
                    return
                composer.save_now()
                if (unsaved := composer.unsaved) is not None:
                    raise unsaved
                self.before_more_keys(self._leave_for(post_id), "leave-for")

        self.app.push_screen(SimilarDialog(composer.similar, thread), answered)

    async def _leave_for(self, post_id: str) -> None:
        await self._close_composer()
        try:
            self.open_post(post_id)
        except JamError as error:
            self.complain(error)
            return
        key = self.keymap.name("drafts")
        self.say(f"Draft kept; {key} goes on writing it")
