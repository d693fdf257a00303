"""What a command gets: the options that all share, where it prints, and the Jam that it is about."""

from __future__ import annotations

import sys

from jamtui.output import Output

TYPE_CHECKING = False  # typing's own is not worth its import: see jamtui.output
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from jamtui.first_paint import Painted
    from jamtui.model import Changed
    from jamtui.paths import Home
    from jamtui.session import Session
    from jamtui.store.registry import KnownJam


def utc_now() -> datetime:
    from datetime import UTC, datetime

    return datetime.now(UTC)


class Context:
    """One run of one command. Nothing is opened before it is asked for.

    ``args`` is the namespace of the parser, or any object: what it does not have was not said. ``painted`` is the last
    screen, which stands on the terminal already.
    """

    def __init__(
        self,
        args: object,
        environ: Mapping[str, str],
        now: Callable[[], datetime] = utc_now,
        painted: Painted | None = None,
    ) -> None:
        self.environ = environ
        self.now = now
        self.painted = painted
        self._opened: list[Session] = []
        self.jam_name: str | None = getattr(args, "jam", None)
        self.explore = bool(getattr(args, "explore", False))
        self.theme: str = getattr(args, "theme", "")
        self.ascii: bool = getattr(args, "ascii", False)
        self.plain: bool = getattr(args, "plain", False)
        self.out = Output(
            sys.stdout,
            sys.stderr,
            as_json=getattr(args, "json", False),
            plain=getattr(args, "plain", False),
            environ=environ,
        )

    @property
    def home(self) -> Home:
        from jamtui.paths import Home

        return Home.from_env(self.environ)

    def jam(self, name: str | None = None) -> KnownJam:
        """The Jam that is meant: ``name``, else ``--jam``, else the one used last. The path of an archive means that
        file, indexed as by ``jamtui open``. Raises `NotFound`."""
        from pathlib import Path

        from jamtui.errors import NotFound
        from jamtui.store import registry

        wanted = name or self.jam_name
        try:
            return registry.find(self.home, wanted)
        except NotFound:
            if wanted is None or not Path(wanted).is_file():
                raise
        from jamtui.commands.files import indexed

        return indexed(self, Path(wanted))[0]

    def served(self, name: str | None = None) -> KnownJam:
        """`jam` for what only a server has. Raises `UsageError` for an archive file."""
        from jamtui.errors import UsageError

        jam = self.jam(name)
        if jam.local:
            raise UsageError("an archive file has no server", "What is in it is all there is.")
        return jam

    def open(self, jam: KnownJam) -> Session:
        """A session on ``jam``, which need not be mirrored; what became of damaged files is told. Close it."""
        import random

        from jamtui.session import open_session

        session = open_session(
            self.home,
            jam,
            clock=self.now,
            rng=random.SystemRandom(),
            explore=self.explore,
            environ=dict(self.environ),
        )
        self._opened.append(session)
        for text in session.told:
            self.uncover()
            self.out.say(f"{text}.")
        return session

    def suspect(self) -> None:
        """After an error that nobody foresaw: a file may be damaged, so the next start looks them through."""
        for session in self._opened:
            session.suspect()

    def tell(self, changed: Changed) -> None:
        """What the network has to tell, on standard error."""
        for text in changed.told:
            self.out.say(f"{text}.")

    def uncover(self) -> None:
        """Before something is told: the last screen would hide it."""
        if self.painted is not None:
            self.painted.withdraw()

    def session(self) -> Session:
        """A session on the Jam that is meant, with something to read. Raises `NotFound`. Close it."""
        session = self.open(self.jam())
        try:
            session.jam  # noqa: B018 - raises when the mirror is empty
        except BaseException:
            session.close()
            raise
        return session
