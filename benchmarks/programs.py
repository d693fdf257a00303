"""Programs to measure beside jamtui, ready to be started: floors, which are bare Textual, and peers on the same posts.

Each `Program` has a home of its own. The forms of the posts are made when a program needs them, once a run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from benchmarks import letters
from benchmarks.figures import Ground
from benchmarks.pty_timing import Terminal, environment
from jamtui.archive import open_archive, read
from jamtui.paths import Home
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare

ROOT = Path(__file__).parents[1]

BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    count = 0
    def compose(self):
        yield Static("ready-frame")
    def on_key(self):
        self.count += 1
        self.query_one(Static).update(f"ready-frame {self.count}")
Bare().run()
"""
OPTIONS = """
from textual.app import App
from textual.widgets import OptionList
class Options(App):
    def compose(self):
        yield OptionList(*[f"row-{n} of a list with words enough to fill a line of it" for n in range(COUNT)])
Options().run()
"""
TABLE = """
from textual.app import App
from textual.widgets import DataTable
class Rows(App):
    def compose(self):
        yield DataTable(cursor_type="row")
    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("title", "replies")
        table.add_rows([(f"row-{n} of a list with words enough to fill a line of it", n % 50) for n in range(COUNT)])
        table.focus()
Rows().run()
"""


@dataclass(frozen=True)
class Program:
    """How a program is started, and when its first frame is there; ``open`` leads to the list that is measured."""

    argv: list[str]
    home: Path
    ready: str | Callable[[str], bool]
    more: Mapping[str, str] = field(default_factory=dict)
    open: Callable[[Terminal], object] = Terminal.settle
    down: str = "j"
    page: str = "\x1b[6~"
    note: str = ""

    def start(self) -> Terminal:
        self.home.mkdir(parents=True, exist_ok=True)
        return Terminal(self.argv, environment(self.home, **self.more), cwd=self.home)


def bare(folder: Path, code: str = BARE, count: int = 0, ready: str = "ready-frame") -> Program:
    """An app of nothing but Textual, the same version that jamtui uses."""
    down = "j" if code is BARE else "\x1b[B"
    argv = [sys.executable, "-c", code.replace("COUNT", str(count))]
    return Program(argv, folder / "bare", ready, down=down)


def jamtui(home: Path, *words: str, ready: str) -> Program:
    more = {"JAMTUI_HOME": str(home / "jamtui"), "PYTHONPATH": str(ROOT)}
    return Program([sys.executable, "-m", "jamtui", *words], home, ready, more)


def keep(home: Home, archive: Path) -> registry.KnownJam:
    """``home`` has the mirror of a Jam whose server is not there: the posts of ``archive``."""
    jam = registry.for_server(home, "http://127.0.0.1:9", "bench", "Bench")
    registry.remember(home, jam)
    prepare(jam, datetime.now(UTC))
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    loading = Loading(Mirror(db), "1-aaaa")
    with open_archive(archive) as stream:
        for record in read(stream):
            loading.feed_record(record)
    loading.finish("2026-01-01T00:00:00.000Z")
    db.close()
    return jam


def _shown(screen: str) -> bool:
    return bool(screen.strip())


class Stand:
    """The peers, on the posts of ``archive``. Each is None when it cannot be started."""

    def __init__(self, ground: Ground, archive: Path) -> None:
        self._ground = ground
        self.folder = ground.folder / f"peers-{archive.stem}"
        self._archive = archive

    @cached_property
    def letters(self) -> list[letters.Letter]:
        return list(letters.letters(self._archive))

    def _home(self, name: str) -> Path:
        home = self.folder / name
        home.mkdir(parents=True, exist_ok=True)
        return home

    def neomutt(self, *, cached: bool = False) -> Program | None:
        """An mbox, or with ``cached`` a maildir whose headers neomutt keeps in a cache of its own."""
        words = self._ground.peer("neomutt")
        if words is None:
            return None
        home = self._home("neomutt-maildir" if cached else "neomutt")
        box = home / "jam"
        if not box.exists():
            (letters.maildir if cached else letters.mbox)(self.letters, box)
            cache = home / "cache"
            cache.mkdir()
            (home / "rc").write_text(
                "set sort=threads\nset sort_aux=date\nset pager_stop=no\nset help=no\nset record=\n"
                f"set folder={home}\nset postponed={home}/postponed\nset tmpdir={home}\n"
                + (f"set header_cache={cache}\n" if cached else "")
            )
        argv = [*words, "-n", "-R", "-F", str(home / "rc"), "-f", str(box)]
        return Program(argv, home, "NeoMutt:", note="a maildir with its header cache" if cached else "an mbox")

    def newsboat(self) -> Program | None:
        words = self._ground.peer("newsboat")
        if words is None:
            return None
        home = self._home("newsboat")
        for name, text in (("urls", f"file://{home}/feed.xml\n"), ("config", "auto-reload no\nmax-items 0\n")):
            (home / name).write_text(text)
        if not (home / "feed.xml").exists():
            letters.feed(self.letters, home / "feed.xml")
        argv = [*words, "-u", str(home / "urls"), "-c", str(home / "cache.db"), "-C", str(home / "config")]

        if not (home / "cache.db").exists():
            subprocess.run([*argv, "-x", "reload"], env=environment(home), check=True, capture_output=True)

        def opened(terminal: Terminal) -> None:
            terminal.settle()
            terminal.send("\r")
            terminal.wait_for("Articles in feed")
            terminal.settle()

        return Program(argv, home, "Your feeds", open=opened, note="a feed in its cache")

    def slrn(self) -> Program | None:
        words = self._ground.peer("slrn")
        if words is None:
            return None
        home = self._home("slrn")
        spool = home / "spool"
        if not spool.exists():
            letters.spool(self.letters, spool)
        argv = [*words, "--spool", "-i", str(spool / "rc"), "-f", str(spool / "jnewsrc")]

        def opened(terminal: Terminal) -> None:
            terminal.settle()
            terminal.send("\r")
            terminal.wait_for("Read how many?")
            terminal.send("\r")
            terminal.wait_for("Group: jam.all")
            terminal.settle(1)

        return Program(argv, home, letters.GROUP, open=opened, down="\x0e", note="a news spool")

    def textual(self, name: str) -> Program | None:
        """Peers that need a server, which is not there, or read something else: only their first frame is measured."""
        words = self._ground.peer(name)
        if words is None:
            return None
        home = self._home(name)
        if name == "posting":
            (home / "requests").mkdir(exist_ok=True)
            return Program([*words, "--collection", "requests"], home, _shown, note="an empty collection")
        if name == "toot":
            config = home / ".config" / "toot"
            config.mkdir(parents=True, exist_ok=True)
            app = {"instance": "jam.example", "base_url": "http://127.0.0.1:9", "client_id": "a", "client_secret": "b"}
            user = {"instance": "jam.example", "username": "ada", "access_token": "c"}
            known = {"apps": {"jam.example": app}, "users": {"ada@jam.example": user}, "active_user": "ada@jam.example"}
            (config / "config.json").write_text(json.dumps(known))
            return Program([*words, "tui"], home, _shown, note="its notice of deprecation")
        note = {"tooi": "its choice of accounts", "harlequin": "an empty database"}[name]
        return Program(words, home, _shown, note=note)
