"""Handlers of the action table in plain mode: new threads, replies, changes, taking back, the outbox."""

from __future__ import annotations

from msgspec.structs import replace

from jamtui.errors import UsageError
from jamtui.event import Act
from jamtui.model import GONE, Draft, DraftKind, Link, OutboxRow, PostRow, SendState
from jamtui.plain import words
from jamtui.plain.composer import Composer
from jamtui.plain.console import Another
from jamtui.plain.marking import Marking
from jamtui.refusals import ACT_OF
from jamtui.safe_text import safe_line
from jamtui.session import Session
from screens.doors import elsewhere
from screens.spot import Spot

_MOST = 30  # drafts that are told at once
_WHY = {"discarded": "thrown away", "dropped": "dropped", "replaced": "gave way to another window"}
CONNECTED = (Link.LIVE, Link.READER, Link.SYNCING)


def quoted(text: str, author: str) -> str:
    """``text`` as a Markdown quotation with who said it, and an empty line to write on."""
    lines = "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))
    return f"{author} wrote:\n\n{lines}\n\n"


class Writing(Marking):
    """Methods named ``do_...`` are those of the action table."""

    def do_new_thread(self) -> None:
        self.may_write(Act.THREADS)
        spot, row = self.spot, self.row
        forum_id = spot.forum or (getattr(row, "id", "") if spot.kind == "forums" else "")
        if not forum_id:
            raise UsageError("a thread belongs to a forum", "Open a forum first.")
        forum = self.session.forum(forum_id)
        draft = self.session.draft(DraftKind.THREAD, forum.id) or Draft(DraftKind.THREAD, forum.id)
        self._compose(draft, f"New thread in {words.one_line(forum.title)}")

    def do_reply(self) -> None:
        self._reply("")

    def do_quote(self) -> None:
        post = self.need_post()
        self._reply(quoted(post.body, post.author))

    def _reply(self, quote: str) -> None:
        self.may_write(Act.REPLIES)
        post = self.need_post()
        if post.gone:
            raise UsageError(f"this post was {GONE[post.gone]}", "It can no longer be answered.")
        self.session.need_open_thread(post)
        draft = self.session.draft(DraftKind.REPLY, post.id) or Draft(DraftKind.REPLY, post.id)
        if quote:
            before = f"{draft.body.rstrip()}\n\n" if draft.body.strip() else ""
            draft = replace(draft, body=before + quote)
            self.session.save_draft(draft)
        self._compose(draft, f"Reply to {post.author}: {words.one_line(post.title or post.body, 80)}")

    def do_edit(self) -> None:
        self.may_write(Act.EDITS)
        post = self.need_post()
        self._own(post, "change")
        self.session.need_open_thread(post)
        if post.key < 0:
            raise UsageError(
                "this post is not sent yet",
                self.with_keys("{outbox} opens the outbox; {reopen} takes it back to change it."),
            )
        self._compose(self.session.edit_draft(post.id), "Change your post", titled=not post.parent_id)

    def _own(self, post: PostRow, verb: str) -> None:
        if not post.mine:
            raise UsageError(f"this post is not yours to {verb}")
        if post.gone:
            raise UsageError(f"this post was {GONE[post.gone]}")

    def do_delete(self) -> None:
        self.may_write(Act.EDITS)
        post = self.need_post()
        self._own(post, "take back")
        self.say(f"{words.one_line(post.title or post.body, 80)} -- its text goes for everybody; replies stay.")
        self.flush()
        if self.console.choose("Take this post back? y does, any other key leaves it.", "y"):
            done = self.session.delete(post.id)
            self.news.dropped(self.session)
            self.reload()
            if isinstance(done, str):
                self.say("Taken back.")
            else:  # it was not sent yet
                self.offer_undo(done)
        else:
            self.say("Left as it is.")

    def do_discard(self) -> None:
        self.offer_undo(self.session.discard_draft(*self.draft_place()))

    def draft_place(self) -> tuple[DraftKind, str]:
        """Of the draft that belongs here: of the reply to this post or its change, or of the new thread of this
        forum."""
        if not self.spot.reading:
            return DraftKind.THREAD, self.spot.forum
        target = self.need_post().id
        return (DraftKind.EDIT if self.session.draft(DraftKind.EDIT, target) else DraftKind.REPLY), target

    def _compose(self, draft: Draft, heading: str, *, titled: bool | None = None) -> None:
        """Lets the text be written, and says what became of it."""
        titled = draft.kind is DraftKind.THREAD if titled is None else titled
        composer = Composer(self.session, self.console, self.edit, draft, heading, titled=titled, keymap=self.keymap)
        outbox_id = composer.run()
        if not outbox_id:
            self.say("Draft kept." if composer.kept else "Nothing was written.")
            self.show()
            return
        going = self.session.status().link in CONNECTED
        self.say("On its way." if going else "Queued: it goes out when the connection is back.")
        self.news.dropped(self.session, outbox_id, "edit" if draft.kind is DraftKind.EDIT else "post")
        post = self.session.post(draft.target if draft.kind is DraftKind.EDIT else outbox_id)
        if self.spot.reading and self.spot.thread == post.thread_id:
            self.reload()
            key = self.session.key(post.id)
            if key is not None:
                self.turn_to(key)
        else:
            self.go(Spot("forums", post.forum_id, post.thread_id, True, self.spot.sort), post=post.id, quiet=True)

    # -- the outbox

    def _waiting(self) -> OutboxRow:
        row = self.row
        if not isinstance(row, OutboxRow):
            raise UsageError("nothing waits here")
        return row

    def do_retry(self) -> None:
        row = self._waiting()
        if row.code == "version_conflict" and row.state is SendState.REFUSED:
            self._choose(row)
            return
        told = self.session.retry(row.id)
        self.reload()
        self.say(f"{told}.")

    def _choose(self, row: OutboxRow) -> None:
        """Tells both versions of what was changed meanwhile, one after the other, and does what is chosen."""
        one = self.session.conflict(row.id)
        self.say("It was changed meanwhile. Theirs:")
        if not one.version:
            self.say("It has not come in yet.")
        elif one.gone:
            self.say(one.why_gone)
        else:
            self._tell_version(one.title, one.body)
        self.say("Yours:")
        if one.kind != "delete":
            self._tell_version(one.my_title, one.my_body)
        else:
            self.say("The post is to be taken back.")
        self.flush()
        keys = ("m" if one.version and not one.gone else "") + "t" + ("e" if one.kind != "delete" else "")
        names = {"m": "m sends yours over it", "t": "t drops yours", "e": "e goes on from yours"}
        answer = self.console.choose(f"{', '.join(names[key] for key in keys)}; any other key leaves it.", keys)
        match answer:
            case "m":
                self.session.choose_mine(row.id)
                self.say("Yours goes over it.")
            case "t":
                self.offer_undo(self.session.choose_theirs(row.id))
            case "e":
                self._go_on(self.session.reopen(row.id))
                return
            case _:
                self.say("Left as it is.")
        self.news.dropped(self.session)
        self.reload()

    def _tell_version(self, title: str, body: str) -> None:
        if title:
            self.say(title)
        for line in body.split("\n"):
            self.say(line)

    def do_sign_in(self) -> None:
        session = self.session
        if session.known.local:
            raise UsageError("an archive file has no server to sign in to")
        if not session.me.guest:
            if session.signed_out:
                self.do_reconnect()
            else:
                self.say(f"You are signed in as @{safe_line(session.me.handle)}.")
            return
        if self.again is None:
            raise UsageError("this cannot be signed in to here", f"Leave, and type: {session.signs_in}")
        from jamtui.plain.ways_in import sign_in_again

        self.flush()
        entered = sign_in_again(self.console, self.again(), session)
        if isinstance(entered, Session):
            raise Another(entered)
        self.say("You still read as a guest.")

    def do_reconnect(self) -> None:
        if not self.session.signed_out:
            self.say(f"{self.session.reconnect()}.")
            return
        me = safe_line(self.session.me.handle)
        if self.again is None:
            self.say("You are signed out: jamtui login signs in again.")
            return
        self.flush()
        if note := elsewhere(self.session):
            self.say(note)
            self.flush()
        question = f"You are signed out; what you wrote is kept. Sign in again as @{me}? y does."
        if not self.console.choose(question, "y"):
            self.say("Still signed out.")
            return
        from jamtui.plain.ways_in import sign_in_again

        entered = sign_in_again(self.console, self.again(), self.session)
        if isinstance(entered, Session):
            raise Another(entered)
        if entered is None:
            self.say("Still signed out.")
            return
        self.session.reconnect()
        self.say(f"Signed in again as @{me}.")

    def do_reopen(self) -> None:
        draft = self.session.reopen(self._waiting().id)
        self.news.dropped(self.session)
        self._go_on(draft)

    def do_drafts(self) -> None:
        """Tells all drafts and what was thrown away, with numbers; the one that is typed is gone on with."""
        rows = [*self.session.draft_rows(), *self.session.thrown_rows()][:_MOST]
        if not rows:
            self.say("No drafts.")
            return
        for number, row in enumerate(rows, 1):
            gone = f", {_WHY.get(row.why, row.why)}" if row.why else ""
            self.say(f"{number}. {words.one_line(row.place, 80)}{gone}: {words.one_line(row.summary, 80)}")
        picked = self.number(f"Which one to go on with, {words.numbers(len(rows))}; Enter leaves all: ", len(rows))
        if picked is None:
            self.say("All left as it is.")
            return
        chosen = rows[picked - 1]
        self._go_on(self.session.bring_back(int(chosen.id)) if chosen.why else chosen.draft)

    def _write_as_host(self, kind: DraftKind, target: str) -> None:
        raise NotImplementedError

    def _go_on(self, draft: Draft) -> None:
        """Goes on writing where it is written; asks for another place when that one is gone."""
        if draft.kind in (DraftKind.BRIEF, DraftKind.ANNOUNCEMENT):  # not held to the Jam's hours
            self._write_as_host(draft.kind, draft.target)
            return
        self.may_write(ACT_OF[draft.kind])
        rows = {row.id: row for row in self.session.draft_rows()}
        here = rows.get(f"{draft.kind}:{draft.target}")
        if here is not None and not here.there and (places := self.session.places_for(draft)):
            for number, (_, name) in enumerate(places, 1):
                self.say(f"{number}. {words.one_line(name, 100)}")
            question = (
                f"Its place is gone. Where does the text go, {words.numbers(len(places))}; Enter keeps it as a draft: "
            )
            at = self.number(question, len(places))
            if at is None:
                self.say("Kept as a draft.")
                return
            draft = self.session.move_draft(draft, places[at - 1][0])
        if draft.kind is DraftKind.THREAD:
            self.go(Spot("forums", draft.target, sort=self.spot.sort), quiet=True)
            self.do_new_thread()
            return
        self.open_post(draft.target)
        if draft.kind is DraftKind.EDIT:
            self.do_edit()
        else:
            self.do_reply()

    def do_drop(self) -> None:
        undo = self.session.drop(self._waiting().id)
        self.news.dropped(self.session)
        self.reload()
        self.offer_undo(undo)
        self.show()
