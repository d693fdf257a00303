"""Handlers of the action table in plain mode: announcements, briefs, polls, a host's shift."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jamtui.errors import UsageError
from jamtui.event import Act
from jamtui.handing_over import markdown, waited
from jamtui.host_rows import AnnouncementRow, PollRow
from jamtui.hosting import MAX_CHOICES
from jamtui.model import EVERYBODY, Draft, DraftKind, ForumRow, PostRow, ThreadRow
from jamtui.plain import words
from jamtui.plain.composer import Composer
from jamtui.plain.markdown import lines_of, spoken
from jamtui.plain.ways import Ways
from jamtui.plain.wrap import wrap
from jamtui.plain.writing import CONNECTED
from jamtui.safe_text import safe_line
from jamtui.ways import until

_LEFT = "left"  # a question that was left by Escape, where None is an answer


class Hosting(Ways):
    """Methods named ``do_...`` are those of the action table."""

    def pages(self, lines: Sequence[str]) -> int:
        """Tells lines a page at a time, as long as one wants more; how many were told."""
        raise NotImplementedError

    # -- announcements

    def do_announcements(self, what: str = "") -> None:
        """All of them, the newest first, a page at a time; those that were told have been seen. ``withdraw N``: the
        N-th of them is taken away."""
        if what.strip():
            verb, row = self.session.announcement_meant(what)
            if verb == "change":
                self._compose_as_host(self.session.announcement_draft(row.id), "Change the announcement")
            else:
                self._withdraw_announcement(row)
            return
        rows = self.session.announcements()
        if not rows:
            self.say("Nothing was announced yet. What hosts announce is told here.")
            return
        new = sum(not row.seen for row in rows)
        self.say(f"{words.count(len(rows), 'announcement')}{f', {new:,} new' if new else ''}.")
        self.flush()
        lines: list[str] = []
        ends: list[int] = []  # of each, the line behind its last
        mine = [row for row in rows if self.session.withdraws(row)]
        for at, row in enumerate(rows, 1):
            head = self._announcement(row)
            lines += wrap(f"{at}. {head}" if mine else head, self.console.columns)
            lines += lines_of(spoken(row.body), self.console.columns)
            ends.append(len(lines))
        told = self.pages(lines)
        seen = [row.id for row, end in zip(rows, ends, strict=True) if end <= told and not row.seen]
        self.session.see_announcements(seen)
        if mine:
            at = rows.index(mine[0]) + 1
            changes = f"announcements change {at} changes its text, " if self.session.changes(mine[0]) else ""
            self.say(f"{changes}announcements withdraw {at} takes it away, for hosts who announced it and moderators.")
        self.show()

    def _withdraw_announcement(self, row: AnnouncementRow) -> None:
        if not self.session.withdraws(row):
            self.session.withdraw(row.id)  # says why not
        self.say(f"{words.one_line(row.body, 120)} -- its text goes from every screen, for good.")
        self.flush()
        if self.console.choose("y withdraws it, any other key leaves.", "y") != "y":
            self.say("Nothing was changed.")
            return
        done = self.session.withdraw(row.id)
        self.news.dropped(self.session)
        if isinstance(done, str):
            self.say("Withdrawn.")
        else:
            self.offer_undo(done)

    def _announcement(self, row: AnnouncementRow) -> str:
        to = f" to {row.forum or 'one forum'}" if row.forum_id else ""
        facts = words.joined(
            "" if row.seen else "new",
            f"{row.author or row.handle}{words.role(row.role)}{words.looks(row.alike, row.handle)}{to}",
            words.sent(row.send, row.reason),
            self.ages(row.created_at, self.session.now()),
            f"changed {self.ages(row.edited_at, self.session.now())}" if row.edited_at else "",
        )
        return f"{facts[:1].upper()}{facts[1:]}:"

    def do_put_away(self) -> None:
        self.say("In plain mode an alert is told once; nothing stands in the way.")

    def do_announce(self, forum: str = "") -> None:
        self._write_as_host(DraftKind.ANNOUNCEMENT, self.session.forum(forum).id if forum else EVERYBODY)

    def _write_as_host(self, kind: DraftKind, target: str) -> None:
        session = self.session
        if kind is DraftKind.BRIEF:
            draft = session.brief_draft(target)
            self._compose_as_host(draft, f"Brief of {words.one_line(session.forum(target).title)}")
            return
        session.need_host("announce")
        draft = session.draft(kind, target) or Draft(kind, target)
        to = "everybody" if target == EVERYBODY else f"those of {words.one_line(session.forum(target).title)}"
        self._compose_as_host(draft, f"Announce to {to}")

    # -- briefs

    def _forum_here(self, name: str) -> ForumRow:
        row = self.row
        found = name or self.spot.forum or (row.id if isinstance(row, ForumRow) else "")
        if not found and isinstance(row, ThreadRow | PostRow):
            found = row.forum_id
        if not found:
            raise UsageError("no forum is chosen here", "Open a forum first, or name it: :brief FORUM.")
        return self.session.forum(found)

    def do_brief(self, forum: str = "") -> None:
        """Its hosts change it; others hear all of it."""
        row = self._forum_here(forum)
        if self.session.hosts(row):
            self._write_as_host(DraftKind.BRIEF, row.id)
        elif row.brief.strip():
            self._tell_whole_brief(row)
        else:
            self.session.need_host("write the brief", row)

    def do_brief_history(self, forum: str = "") -> None:
        """Each change, the latest first: who, when, what went and what came."""
        row = self._forum_here(forum)
        changes = self.session.brief_changes(row.id)
        about = words.sentence(words.one_line(row.title))
        if not changes:
            self.say(f"The brief was not changed yet: {about}")
            return
        self.say(f"{words.count(len(changes), 'change')} of the brief of {about}")
        self.flush()
        lines: list[str] = []
        for one in changes:
            who = f"{one.by}{words.role(one.role)}{words.looks(one.alike, one.handle)}" if one.by else "the organiser"
            when = self.ages(one.at, self.session.now()) if one.at else ""
            lines += wrap(f"Version {one.version}: {words.joined(who, when)}.", self.console.columns)
            for sign, text in one.lines:
                said = {"-": "Went: ", "+": "Came: "}.get(sign)
                if said and text.strip():
                    lines += wrap(f"{said}{words.one_line(text, 2_000)}", self.console.columns, "  ")
        self.pages(lines)
        self.show()

    def do_brief_fold(self) -> None:
        self._tell_whole_brief(self._forum_here(""))

    def _tell_whole_brief(self, row: ForumRow) -> None:
        if not row.brief.strip():
            self.say("This forum has no brief yet.")
            return
        hosts = self.session.forum_hosts(row)
        who = words.joined(*(f"{one.name}{words.role(one.role)}{words.looks(one.alike, one.handle)}" for one in hosts))
        changed = ""
        if row.edited_at is not None:
            one = self.session.changed_by(row)
            by = f" by {one.name or one.handle}{words.looks(one.alike, one.handle)}" if one is not None else ""
            changed = f" Changed {self.ages(row.edited_at, self.session.now())}{by}."
        self.say(f"Brief of {words.sentence(words.one_line(row.title))}{f' Hosts: {who}.' if who else ''}{changed}")
        self.flush()
        self.pages(lines_of(spoken(row.brief), self.console.columns))
        self.show()

    # -- polls

    def do_polls(self, what: str = "") -> None:
        """Tells them with numbers; in the one that is typed one chooses. ``close 2`` ends the second, ``remove 2``
        takes it away, for those who may."""
        if what.strip():
            self._end_poll(*self.session.poll_meant(what))
            return
        rows = self.session.polls()
        if not rows:
            self.say("Nothing was asked yet. What hosts ask is told here.")
            return
        going = sum(row.open for row in rows)
        self.say(f"{words.count(len(rows), 'poll')}, {going:,} open.")
        self.flush()
        lines: list[str] = []
        for number, row in enumerate(rows, 1):
            lines += wrap(f"{number}. {self._poll(row)}", self.console.columns)
        self.pages(lines)
        self.session.see_polls([row.id for row in rows])
        mine = [(at, row.open) for at, row in enumerate(rows, 1) if row.steers]
        if mine:  # an open one first: that can be ended as well as taken away
            at, ends = max(mine, key=lambda one: (one[1], -one[0]))
            self.say(f"{f'polls close {at} ends that one, ' if ends else ''}polls remove {at} takes it away, for good.")
        if not going:
            self.show()
            return
        picked = self.number(f"Choose in which, {words.numbers(len(rows))}; Enter leaves: ", len(rows))
        if picked is None:
            self.say("Nothing chosen.")
            self.show()
            return
        self._choose_in(rows[picked - 1])

    def _end_poll(self, verb: str, row: PollRow) -> None:
        """Asks once more, and ends a poll or takes it away."""
        session = self.session
        end = session.close_poll if verb == "close" else session.remove_poll
        if not row.steers or (verb == "close" and not row.open):
            end(row.id)  # says why not
        what = "takes no more ballots" if verb == "close" else "goes with its ballots, for everybody, for good"
        self.say(f"{words.sentence(row.question)} {words.count(row.total, 'ballot')}; it {what}.")
        self.flush()
        key = "c closes it" if verb == "close" else "y takes it away"
        if self.console.choose(f"{key}, any other key leaves.", key[0]) != key[0]:
            self.say("Nothing was changed.")
            return
        done = end(row.id)
        self.news.dropped(session)
        if isinstance(done, str):
            self.say("Closed: it takes no more ballots." if verb == "close" else "Taken away.")
        else:
            self.offer_undo(done)

    def _poll(self, row: PollRow) -> str:
        """A poll for the ear: what is asked, how it stands, what one chose oneself."""
        now = self.session.now()
        by = f"{row.author or row.handle}{words.role(row.role)}{words.looks(row.alike, row.handle)}"
        if row.open:
            state = f"open until {row.closes_at.astimezone():%d %B %H:%M}" if row.closes_at else "open"
        else:
            state = f"closed {self.ages(row.closed_at, now)}" if row.closed_at else "closed"
        facts = words.joined(
            by, f"in {row.forum}" if row.forum else "", state, words.count(row.total, "ballot"),
            words.sent(row.send, row.reason),
        )  # fmt: skip
        told = "; ".join(
            f"{at + 1} {text}: {row.counts[at]:,}, {100 * row.share(at):.0f}%{', yours' if at == row.chosen else ''}"
            for at, text in enumerate(row.choices)
        )
        return f"{words.sentence(row.question)} {facts}. {told}."

    def _choose_in(self, row: PollRow) -> None:
        for at, text in enumerate(row.choices, 1):
            self.say(f"{at}. {text}")
        back, many = ", 0 takes yours back" if row.chosen >= 0 else "", len(row.choices)
        picked = self.number(f"Which, {words.numbers(many)}{back}; Enter leaves: ", many, 0 if back else 1)
        if picked is None:
            self.say("Nothing chosen.")
        else:
            self.session.choose(row.id, picked - 1 if picked else None)
            self.news.dropped(self.session)
            self.say(f"Chosen: {row.choices[picked - 1]}." if picked else "Your ballot is taken back.")
        self.show()

    def do_poll(self, forum: str = "") -> None:
        """Asks question, choices and end, one after the other; then asks the poll."""
        session = self.session
        row = session.forum(forum) if forum else None
        session.need_host("ask polls", row)
        session.check_may_write(Act.POLLS)
        self.say(f"Ask {f'those of {words.one_line(row.title)}' if row else 'everybody'}. Enter without a word leaves.")
        question = self.asked("Question: ")
        choices = self._typed_choices() if question else None
        closes = self._typed_end() if choices is not None else _LEFT
        if choices is None or isinstance(closes, str):
            self.say("Nothing asked.")
            self.show()
            return
        session.ask(question, choices, row.id if row else "", closes)
        self.news.dropped(session)
        about = words.sentence(words.one_line(safe_line(question)))
        self.say(f"Asked: {about} {self.with_keys('{polls} tells the polls.')}")
        self.show()

    def _typed_choices(self) -> list[str] | None:
        """What one can choose, as it is typed; None when that was left."""
        choices: list[str] = []
        while len(choices) < MAX_CHOICES:
            typed = self.console.line(f"Choice {len(choices) + 1} (Enter ends): ")
            if typed.key == "escape":
                return None
            if not typed.text.strip():
                break
            choices.append(typed.text)
        return choices

    def _typed_end(self) -> datetime | str | None:
        """When the poll ends, asked until it is a time: a slip loses no question. None: when its host closes it;
        `_LEFT`: it was left."""
        while True:
            typed = self.console.line("Ends in (30min, 2h, 1d; Enter: when you close it): ")
            if typed.key == "escape":
                return _LEFT
            if not typed.text.strip():
                return None
            try:
                return until(typed.text, self.session.now())
            except UsageError as error:
                self.complain(error)
                self.flush()

    # -- a host's shift

    def do_unanswered(self) -> None:
        self.session.need_host("look after what nobody answered")
        self._to_place("unanswered")

    def do_hand_over(self) -> None:
        """Tells it a page at a time, then asks for a note and whether the shift has ended."""
        session = self.session
        found = session.hand_over()
        session.look_at_desk()
        where = "the whole Jam" if found.everything else words.joined(*found.forums)
        since = self.ages(found.since, found.until)
        guess = " No shift has ended on this device yet." if found.first else ""
        self.say(f"Hand-over of {where}, since {since}.{guess}")
        if found.note.strip():
            self.say(f"Note: {found.note.strip()}")
        self.flush()
        lines: list[str] = []
        for _, heading, posts in found.sections():
            lines += wrap(
                f"{heading}: {words.count(len(posts), 'post') if posts else 'nothing'}.", self.console.columns
            )
            for one in posts:
                wait = waited(one.post.created_at, found.until)
                facts = words.joined(one.why, f"@{one.post.handle}", one.forum, wait)
                begin = words.one_line(one.title or one.post.body, 120)
                lines += wrap(f"{begin} -- {facts}. Post {one.post.id[:13]}.", self.console.columns, "  ")
        self.pages(lines)
        keys = "n writes the note, y copies all as Markdown, e ends the shift; any other key leaves."
        match self.console.choose(keys, "nye"):
            case "n":
                typed = self.console.line("Note for the next host: ", session.shift_note())
                if typed.key != "escape":
                    session.write_shift_note(typed.text)
                    self.say("Note kept on this device.")
            case "y":
                who = session.me.name or session.me.handle
                self._copied(markdown(found, session.jam, who, session.address).rstrip("\n"), "Hand-over")
            case "e":
                self.offer_undo(session.end_shift())
            case _:
                self.say("The shift goes on.")
        self.show()

    def _compose_as_host(self, draft: Draft, heading: str) -> None:
        composer = Composer(
            self.session, self.console, self.edit, draft, heading, titled=False, keymap=self.keymap
        )  # fmt: skip
        if not composer.run():
            self.say("Draft kept." if composer.kept else "Nothing was written.")
        else:
            going = self.session.status().link in CONNECTED
            self.say("On its way." if going else "Queued: it goes out when the connection is back.")
            self.news.dropped(self.session)
        self.show()
