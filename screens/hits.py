"""The main screen while the hits of a search are gone through: which one is shown, n and p, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from jamtui.errors import NotFound
from jamtui.model import Found
from jamtui.session import Session
from screens.messages import HitsFound
from screens.type_ahead import hold_keys, release_keys

if TYPE_CHECKING:
    from screens.search import Chosen
    from widgets.rows import Ages


class Hits:
    """Mixed into `screens.view.View`."""

    session: Session
    ages: Ages
    hits: Chosen | None = None  # the answer that is gone through, and where one is in it
    _marks: tuple[str, ...] = ()  # words as they stand in the texts found
    _origin: Any = None  # the `Spot` from which one set out to search
    _sought_last = ""
    _shown_hit = ""  # the id of the post

    def search(self, words: str = "", *, back_to: Chosen | None = None) -> None:
        """Opens the search line. ``back_to``: again as it was when that hit was opened."""
        from screens.search import Search

        host: Any = self
        if back_to is None:
            self.session.searching.here = host.spot.thread
        screen = Search(
            self.session,
            words or self._sought_last,
            anew=not words,
            back_to=back_to,
            ages=self.ages,
            keymap=host.keymap,
        )
        hold_keys(host.app, lambda widget: widget.id == "query")

        def answered(chosen: Chosen | None) -> None:
            with host.in_words():
                if chosen is not None:
                    self.show_hit(chosen)
                elif back_to is not None:
                    self._return()
            release_keys(host.app)

        host.app.push_screen(screen, answered)

    def show_hit(self, chosen: Chosen) -> None:
        """Goes to a hit; from then on n and p go through the others. Raises `NotFound` when it vanished."""
        host: Any = self
        found = self.session.searching.hits([chosen.found.keys[chosen.at]], chosen.found.marks)
        if self.hits is None:
            self._origin = host.spot
        self.hits = chosen
        self._sought_last = chosen.found.text
        if not found:
            host._refresh_lines()
            raise NotFound(
                "this hit is gone",
                host.keymap.fill("It was taken back, removed or hidden; {next} goes on to the next."),
            )
        self._shown_hit = found[0].post.id
        texts = [text for hit in (*found, *chosen.found.hits) for text, marked in hit.snippet if marked]
        titles = [hit.thread_title[begin:end] for hit in found for begin, end in hit.title_marks]
        self._marks = tuple(dict.fromkeys((*texts, *titles)))[:20]
        host.open_post(found[0].post.id)
        host._refresh_lines()

    def ask_anew(self) -> None:
        """Asks the same again when the hits have other keys now, since the mirror was fetched anew."""
        key = self.session.key(self._shown_hit) if self.hits is not None else None
        if self.hits is None or key is None or key == self.hits.found.keys[self.hits.at]:
            return
        host: Any = self
        asked = self.hits.found
        self.session.searching.ask(asked.text, asked.order, lambda found: host.post_message(HitsFound(found)))

    def hits_found(self, found: Found) -> None:
        """The same answer with the keys of now: one stays at the hit that is shown, as far as it is still one."""
        if self.hits is None or found.total < 0 or found.text != self.hits.found.text or not found.keys:
            return
        host: Any = self
        key = self.session.key(self._shown_hit)
        at = found.keys.index(key) if key in found.keys else min(self.hits.at, len(found.keys) - 1)
        self.hits = replace(self.hits, found=found, at=at)
        host._refresh_lines()

    def step_hit(self, direction: int) -> None:
        """The next hit or the one before; after the last comes the first again."""
        if self.hits is None:
            return
        host: Any = self
        at, total = self.hits.at + direction, len(self.hits.found.keys)
        if direction > 0 and host.spot.reading and total > 1:
            host.reader.leave_post()
        self.show_hit(replace(self.hits, at=at % total))
        if total == 1:
            host.say("There is no other hit", "fact")
        elif not 0 <= at < total:
            host.say(f"On from the {'first' if at > 0 else 'last'} hit again", "fact")

    def sought(self) -> tuple[str, ...]:
        """The words of the search that is shown, to be marked in the text."""
        return self._marks if self.hits is not None else ()

    def hit_figures(self) -> str:
        """``hit 3 of 120``."""
        if self.hits is None:
            return ""
        total = max(self.hits.found.total, len(self.hits.found.keys))
        return f"hit {self.hits.at + 1:,} of {total:,}"

    def back_to_search(self) -> None:
        """From a hit back to the list of hits."""
        self.search(back_to=self.hits)

    def _return(self) -> None:
        """The search is over: back to where it began."""
        host: Any = self
        origin, self._origin = self._origin, None
        self.forget_hits()
        host.reader.words = ()
        if origin is not None:
            host.go(origin)
        host._refresh_lines()

    def forget_hits(self) -> None:
        self.hits = None
        self._marks = ()
