"""Handlers of the action table in plain mode: kinds of thread, links between posts, what is featured, how far ideas
are."""

from __future__ import annotations

from jamtui.archive import IDEA_STATES, KINDS, LINKS
from jamtui.event import Act
from jamtui.ideas import link_kind
from jamtui.model import LINK_WORDS, Similar
from jamtui.plain import words
from jamtui.plain.ways import Ways
from jamtui.store.likeness import titled
from screens.spot import Spot

_MOST = 20  # links that are told at once


class Ideas(Ways):
    """Methods named ``do_...`` are those of the action table."""

    def _one_of_words(self, question: str, choices: tuple[str, ...]) -> str:
        """What is typed, completed from ``choices``; "" when it was left."""
        return self.asked(question, lambda text: [one for one in choices if text and one.startswith(text.lower())])

    # -- what a thread is, how far an idea is

    def do_kind(self, kind: str = "") -> None:
        post = self.session.there(self.need_post().thread_id)
        if not kind:
            self.say(f"{words.one_line(post.title)} -- {post.kind or 'no kind yet'}.")
            kind = self._one_of_words(f"What is it: {', '.join(KINDS)}; Enter leaves it: ", KINDS)
        if not kind:
            self.say("Left as it is.")
            return
        self.offer_undo(self.session.set_kind(post.id, kind))
        self.reload()

    def do_idea_state(self, state: str = "") -> None:
        post = self.session.there(self.need_post().thread_id)
        if not state:
            self.session.need_to_sort(post, "say how far an idea is")
            self.say(f"{words.one_line(post.title)} -- {post.idea_state or 'not an idea'}.")
            state = self._one_of_words(f"How far is it: {', '.join(IDEA_STATES)}; Enter leaves it: ", IDEA_STATES)
        if not state:
            self.say("Left as it is.")
            return
        self.offer_undo(self.session.set_idea_state(post.id, state))
        self.reload()

    def do_ideas(self) -> None:
        """How many ideas are how far; the state that is typed becomes a list of threads."""
        stages = self.session.stages()
        if not sum(stages.total):
            self.say("No ideas yet: threads of the kind idea are counted.")
            return
        figures = words.joined(
            *(f"{number:,} {state}" for state, number in zip(IDEA_STATES, stages.total, strict=True) if number)
        )
        self.say(f"{words.count(sum(stages.total), 'idea')}: {figures}.")
        for forum, counts in stages.forums:
            if sum(counts):
                parts = words.joined(
                    *(f"{number:,} {state}" for state, number in zip(IDEA_STATES, counts, strict=True) if number)
                )
                self.say(f"{words.one_line(forum.title, 80)}: {parts}.")
        state = self._one_of_words("Which ones to list, Enter for none: ", IDEA_STATES)
        if not state:
            self.show()
            return
        line = f"state:{state}"
        self.session.filter(line)
        self.enter(Spot("all", sort="votes", filter=line))

    # -- what is featured

    def do_feature(self, reason: str = "") -> None:
        post = self.session.there(self.need_post().id)
        if not reason:
            self.session.need_to_sort(post, "feature posts")
            if post.featured:
                self.say(f"It is featured: {post.featured_for.strip() or 'no reason was given'}. "
                         "Unfeature takes it off.")  # fmt: skip
            reason = self._one_of_words("Why is it worth everybody's time: ", ())
        if not reason:
            self.say("Left as it is.")
            return
        self.offer_undo(self.session.feature(post.id, reason))
        self.reload()

    def do_unfeature(self) -> None:
        self.offer_undo(self.session.unfeature(self.need_post().id))
        self.reload()

    def do_featured(self) -> None:
        self._to_place("featured")

    # -- links

    def do_connect(self, line: str = "") -> None:
        """``builds-on 0192f3a4``, or asks for both: the other post by its title or its id."""
        self.may_write(Act.LINKS)
        post = self.session.there(self.need_post().id)
        kind, _, other = line.partition(" ")
        names = tuple(one.replace("_", "-") for one in LINKS)
        kind = kind or self._one_of_words(f"How does it stand to the other: {', '.join(names)}; Enter leaves: ", names)
        if not kind:
            self.say("No link made.")
            return
        kind = link_kind(kind)
        to_id = other.strip() or self._found_post(post.id)
        if not to_id:
            self.say("No link made.")
            return
        self.offer_undo(self.session.connect(post.id, kind, to_id))
        self.reload()

    def _found_post(self, but: str) -> str:
        """The id of a post that is found by words of its title; "" for none."""
        text = self.asked("The other post, by words of its title or its id: ")
        if not text:
            return ""
        found = [one for one in titled(self.session.readable(), text) if one.post.id != but]
        if not found:
            self.say("No post is called so.")
            return ""
        for number, one in enumerate(found, 1):
            self.say(f"{number}. {like(one)}")
        picked = self.number(f"Which one, {words.numbers(len(found))}; Enter for none: ", len(found))
        return found[picked - 1].post.id if picked else ""

    def do_connections(self) -> None:
        """Tells the links of the post, with numbers: the one that is typed is gone to, with a minus taken away."""
        post = self.need_post()
        links = self.session.links(post.id)
        if not links:
            self.say(self.with_keys("No links yet. {connect} says how a post stands to another."))
            return
        for number, link in enumerate(links[:_MOST], 1):
            self.say(f"{number}. {link_words(link.kind, link.out).capitalize()}: {words.one_line(link.title, 100)}")
        if len(links) > _MOST:
            self.say(f"And {len(links) - _MOST:,} more; jamtui show lists all.")
        shown = min(_MOST, len(links))
        answer = self.asked(f"Which one to go to, {words.numbers(shown)}; with a minus to take it away; Enter leaves: ")
        chosen = next((link for n, link in enumerate(links[:_MOST], 1) if answer.lstrip("-").strip() == str(n)), None)
        if chosen is None:
            self.show()
        elif answer.startswith("-"):
            self.offer_undo(self.session.disconnect(post.id, chosen))
            self.reload()
        elif chosen.gone:
            self.say(f"This is {chosen.title}.")
        else:
            self.open_post(chosen.post_id)


def link_words(kind: str, out: bool) -> str:
    return LINK_WORDS[kind][0 if out else 1]


def like(one: Similar) -> str:
    """A thread, or a post, that is found, in a line."""
    title = words.one_line(one.post.title or one.post.body, 100)
    replies = f", {words.count(one.replies, 'reply', 'replies')}" if one.replies else ""
    return f"{title} -- {words.author(one.post)}, in {words.one_line(one.forum, 60)}{replies}."
