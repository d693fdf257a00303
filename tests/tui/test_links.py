"""Promise 3: links open only when absolute http(s), shown with their real host, after a question.

The browser is a real program, named by ``$BROWSER``, that writes down what it is given. All addresses of the hostile
corpus and the cases below are tried, as links, as autolinks, bare, as pictures and by reference: by lines in plain
mode, those that matter for the screen by key and by click.
"""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from jamtui import opener
from jamtui.app import JamApp
from jamtui.errors import UsageError
from jamtui.paths import Home
from jamtui.plain.console import Ended
from jamtui.plain.markdown import spoken
from jamtui.plain.pipe import Pipe
from jamtui.plain.program import Plain
from jamtui.session import Session, open_session
from jamtui.store import connection, mirror, registry
from jamtui.store.mirror import Loading, Mirror
from jamtui.store.opening import prepare
from screens.dialogs import Hosts, OpenLink
from widgets.links import check
from widgets.thread_reader import ThreadReader

NOW = datetime(2026, 1, 2, 14, tzinfo=UTC)
CORPUS = json.loads((Path(__file__).parent.parent / "data" / "hostile" / "corpus.json").read_text("utf-8"))

# What is written, and what may be opened: "" for nothing.
CASES = {
    "https://a.example/": "https://a.example/",
    "HTTP://A.Example:80/p?q=1#f": "http://a.example/p?q=1#f",
    "https://a.example:8443/x": "https://a.example:8443/x",
    "https://a.example.": "https://a.example",
    "https://a_b.example/": "https://a_b.example/",
    "https://a.example/ü?ä#ö": "https://a.example/%C3%BC?%C3%A4#%C3%B6",
    "https://a.example/%2e%2e/%0d%0aSet-Cookie:x": "https://a.example/%2e%2e/%0d%0aSet-Cookie:x",
    "https://good.example?@evil.example": "https://good.example?@evil.example",
    "https://good.example#@evil.example": "https://good.example#@evil.example",
    "https://münchen.example/": "https://xn--mnchen-3ya.example/",
    "https://straße.example": "https://xn--strae-oqa.example",
    "https://xn--mnchen-3ya.example/": "https://xn--mnchen-3ya.example/",
    "https://раураl.example/": "https://xn--l-7sba6dbr.example/",
    "https://例え.example/": "https://xn--r8jz45g.example/",
    "https://ｅｖｉｌ.example/": "https://evil.example/",
    "https://evil。example/": "https://evil.example/",
    "https://ev\u00adil.example/": "https://evil.example/",
    "http://0x7f000001/": "http://127.0.0.1/",
    "http://2130706433/": "http://127.0.0.1/",
    "http://0177.0.0.1/": "http://127.0.0.1/",
    "http://127.1/": "http://127.0.0.1/",
    "http://[::1]:8000/": "http://[::1]:8000/",
    "http://[0:0:0:0:0:FFFF:127.0.0.1]/": "http://[::ffff:7f00:1]/",
    "http://1.2.3.4.5/": "",
    "http://256.1.1.1/": "",
    "http://0x7f.1.1.1.1/": "",
    "http://09.1.1.1/": "",
    "http://a.b.1/": "",
    "http://[fe80::1%25eth0]/": "",
    "http://[::1/": "",
    "http://::1/": "",
    "https:/evil.example": "",
    "https:evil.example": "",
    "https:///evil.example": "",
    "https://": "",
    "//evil.example/": "",
    "/etc/passwd": "",
    "../x.md": "",
    "evil.example": "",
    "-remote": "",
    "http:\\\\evil.example\\": "",
    "https://good.example\\@evil.example/": "",
    "https://good.example\\.evil.example/": "https://good.example.evil.example/",  # an escape of Markdown
    "https://good.example%40evil.example/": "",
    "https://good.example%2f.evil.example/": "",
    "https://good%2eexample/": "",
    "https://github.com@evil.example/": "",
    "https://user:pass@a.example/": "",
    "https://a.example:443@evil.example/": "",
    "https://a.example:99999/": "",
    "https://a.example:-1/": "",
    "https://a.example:٤٤٣/": "",
    "https://a..example/": "",
    "https://.a.example/": "",
    "https://-a.example/": "",
    "https://❤.example/": "",
    "https://a\u202eb.example/": "",
    "https://a.example/\u202egpj.exe": "",
    "https://a.example/\x1b]0;x\x07": "",
    "https://a.exam\tple/": "https://a.exam",  # where the address ends for those who see it
    "https://a.example/\x85x": "https://a.example/",
    "https://" + "a" * 64 + ".example/": "",
    "https://" + "a." * 127 + "example/": "",
    "https://a.example/" + "x" * 2000: "",
    "javascript:alert(1)": "",
    "JaVaScRiPt://a.example/%0aalert(1)": "",
    "data:text/html,<script>": "",
    "file:///etc/passwd": "",
    "vbscript:x": "",
    "ssh://-oProxyCommand=x": "",
    "ftp://a.example/": "",
    "mailto:a@b.example?attach=/etc/passwd": "",
    "tel:1": "",
    "vscode://x": "",
    "ms-msdt:/id": "",
    "steam://run": "",
    "x-man-page://ls": "",
    "view-source:https://a.example/": "https://a.example/",  # as bare text, without what stands before it
    "blob:https://a.example/x": "https://a.example/x",
    "intent://a.example/#Intent;scheme=http;end": "",
}


def forms(url: str) -> str:
    """A post that holds the address in each way that Markdown has."""
    return "\n\n".join(
        [f"[a link](<{url}>)", f"<{url}>", f"see {url} there", f"![a picture](<{url}>)", f"[r][1]\n\n[1]: <{url}>"]
    )


def post_id(at: int) -> str:
    return f"00000000-0000-7000-8000-{at:012d}"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "given.jsonl"


@pytest.fixture
def environ(tmp_path: Path, written: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """``$BROWSER`` is a program that writes down its arguments and whether it was given the token."""
    program = tmp_path / "browser of mine"
    program.write_text(
        "#!/bin/sh\n"
        f'printf \'%s\\t\' "$#" "${{JAMTUI_TOKEN-none}}" "$@" >> \'{written}\'\n'
        f"printf '\\n' >> '{written}'\n"
    )
    program.chmod(0o700)
    found = {"BROWSER": f"nothing-of-this-name:'{program}' --url=%s", "PATH": "/usr/bin:/bin", "JAMTUI_TOKEN": "canary"}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    return found


def given(written: Path) -> list[str]:
    """The addresses that the browser was given; it was given nothing else."""
    if not written.exists():
        return []
    lines = [line.split("\t")[:-1] for line in written.read_text("utf-8").splitlines()]
    assert all(line[:2] == ["1", "none"] and len(line) == 3 for line in lines)
    return [line[2].removeprefix("--url=") for line in lines]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A Jam of one forum: a thread for each case, for each text of the corpus, and for a link that deceives."""
    bodies = [
        *map(forms, CASES),
        *(case["payload"] for case in CORPUS),
        "[https://bank.example/login](https://evil.example/x)",
    ]
    home = Home.from_env({"JAMTUI_HOME": str(tmp_path / "home")})
    jam = registry.for_server(home, "http://127.0.0.1:9", "links", "Links").changed(person_id="p", handle="p", name="P")
    registry.remember(home, jam)
    prepare(jam, NOW)
    db = connection.connect(jam.mirror, mirror.SCHEMA)
    loading = Loading(Mirror(db), "1-aaaa")
    at = "2026-01-02T10:00:00Z"
    records: list[tuple[str, dict[str, Any]]] = [
        ("jam", {"format": 1, "id": "j", "slug": "links", "title": "Links", "opens_at": "2026-01-01T00:00:00Z",
                 "closes_at": "2026-01-04T00:00:00Z"}),
        ("person", {"id": "q", "handle": "q", "name": "Q"}),
        ("forum", {"id": "f", "slug": "f", "title": "F"}),
        *(("post", {"id": post_id(n), "forum_id": "f", "thread_id": post_id(n), "author_id": "q", "title": f"Case {n}",
                    "body": body, "created_at": at}) for n, body in enumerate(bodies)),
    ]  # fmt: skip
    for kind, data in records:
        loading.feed(json.dumps({"type": kind, "data": data}).encode())
    loading.finish("2026-01-02T14:00:00.000Z")
    db.close()
    one = open_session(home, registry.find(home, None), clock=lambda: NOW, rng=random.Random(1), environ={})
    one.start = lambda on_change: None  # type: ignore[method-assign] # off line: no server is meant here
    yield one
    one.close()


def test_no_link_but_http_is_opened_and_none_without_a_question(
    session: Session, environ: dict[str, str], written: Path, figure: Callable[..., None]
) -> None:
    """In plain mode, for every case: each link of the post is chosen and opened."""
    others, asked, opened, wrong = 0, 0, 0, []
    for at, (case, expected) in enumerate(CASES.items()):
        told, found = talk(session, environ, written, at)
        asked += told.count("in the browser?")
        opened += len(found)
        others += sum(url != expected for url in found)
        host = check(case)[1]
        if set(found) != ({expected} if expected else set()) or (found and f"Open host {host}" not in told):
            wrong.append((case, found))
    for at in range(len(CASES), len(CASES) + len(CORPUS)):
        told, found = talk(session, environ, written, at)
        asked += told.count("in the browser?")
        opened += len(found)
        real = [url for url in found if re.fullmatch(r"https?://[a-z0-9\[][!-~]*", url) and check(url)[0] == url]
        others += len(found) - len(real)
    figure(
        f"promise 3: {others} others opened of {len(CASES) + len(CORPUS)} texts; {opened} links opened, {asked} asked",
        others,
    )
    print(*wrong, sep="\n")
    assert wrong == []
    assert (others, opened) == (0, asked)
    assert opened > 100


def talk(session: Session, environ: dict[str, str], written: Path, at: int) -> tuple[str, list[str]]:
    """What is told when all links of a post are opened one after another, and what the browser was given."""
    before = len(given(written))
    out = io.StringIO()
    links = spoken(session.post(post_id(at)).body).links
    lines = [f"post {post_id(at)}"]
    for number in range(1, max(2, len(links) + 1)):
        lines += ["link", *([str(number)] if len(links) > 1 else []), "o"]
    console = Pipe(io.StringIO("".join(f"{line}\n" for line in lines)), out, columns=2_000)

    def browse(url: str) -> None:
        opener.open_url(url, environ, wait=60)

    with pytest.raises(Ended):
        Plain(session, console, edit=str, browse=browse, environ=environ).run()
    return out.getvalue(), given(written)[before:]


async def click_link(t: Any, words: str) -> None:
    """Clicks on the first cell of ``words`` in the thread."""
    reader = t.screen.query_one(ThreadReader)
    for y in range(reader.size.height):
        line = reader.render_line(y).text
        if words in line:
            assert await t.pilot.click(ThreadReader, offset=(line.index(words) + 1, y))
            await t.settle()
            return
    raise AssertionError(f"no {words!r} in {t.text}")


async def test_on_the_screen_a_link_is_asked_about_with_its_real_host(
    tui: Any, environ: dict[str, str], written: Path
) -> None:
    cases = list(CASES)
    spoof = post_id(len(CASES) + len(CORPUS))
    async with tui() as t:
        await t.command(f"post {spoof}")
        assert "https://bank.example/login[1] → evil.example" in t.text
        await t.press("o")
        assert isinstance(t.screen, OpenLink)
        assert "Host  evil.example" in t.text
        assert "! Careful: the text of the link names another:" in t.text
        assert t.text.count("https://bank.example/login") == 2  # behind the question, and in it
        await t.press("a")  # not for a link that deceives
        assert isinstance(t.screen, OpenLink)
        await t.press("escape")
        assert given(written) == []
        await click_link(t, "https://bank.example")
        assert isinstance(t.screen, OpenLink)
        await t.press("o")
        assert given(written) == ["https://evil.example/x"]
        assert t.session.trusted_hosts() == []

        # Which cells lead somewhere, and which do not.
        await t.command(f"post {post_id(cases.index('https://раураl.example/'))}")
        assert "a link[1] → xn--l-7sba6dbr.example" in t.text
        await click_link(t, "a link")
        assert "! Careful: its letters look like those of another name" in t.text
        await t.press("escape")
        await t.command(f"post {post_id(cases.index('javascript:alert(1)'))}")
        await click_link(t, "a link")
        assert not isinstance(t.screen, OpenLink)
        await t.press("o")
        assert "No link in this post" in t.told
        await t.command(f"post {post_id(cases.index('http://0x7f000001/'))}")
        await click_link(t, "▣ a picture")
        assert "Host  127.0.0.1" in t.text
        assert "! Careful: this computer" in t.text
        await t.press("enter")  # cancel has the focus
        assert given(written) == ["https://evil.example/x"]


async def test_a_host_is_asked_about_until_it_is_trusted(tui: Any, environ: dict[str, str], written: Path) -> None:
    async with tui() as t:
        await t.command(f"post {post_id(0)}")
        await click_link(t, "a link")
        await t.press("a")
        assert given(written) == ["https://a.example/"]
        await click_link(t, "a link")
        assert not isinstance(t.screen, OpenLink)
        assert given(written) == ["https://a.example/"] * 2
        assert "Opening a.example" in t.told
        # Another port is another host.
        await t.command(f"post {post_id(list(CASES).index('https://a.example:8443/x'))}")
        await click_link(t, "a link")
        assert isinstance(t.screen, OpenLink)
        await t.press("escape")
        await t.command("hosts")
        assert isinstance(t.screen, Hosts)
        assert "✓ a.example" in t.text
        await t.press("enter", "escape")
        assert t.session.trusted_hosts() == []
        await t.command(f"post {post_id(0)}")
        await click_link(t, "a link")
        assert isinstance(t.screen, OpenLink)
        await t.press("escape")
        await t.command("hosts")
        assert "None: each link is asked about." in t.text


async def test_without_a_browser_it_is_said_and_the_address_can_be_copied(
    tui: Any, environ: dict[str, str], written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "nothing-of-this-name")
    async with tui() as t:
        t.session.trust("a.example")
        await t.command(f"post {post_id(0)}")
        await click_link(t, "a link")
        assert "There is no browser here: what $BROWSER names is not there" in t.text
        assert "Open (o)" not in t.text
        await t.press("o")
        assert isinstance(t.screen, OpenLink)
        await t.press("y")
        assert t.app.clipboard == "https://a.example/"


async def test_a_browser_that_fails_is_told(tui: Any, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "false")
    async with tui() as t:
        await t.command(f"post {post_id(0)}")
        await click_link(t, "a link")
        await t.press("o")
        assert "False ended with 1. Copy the address instead." in t.told


@pytest.mark.parametrize(
    ("environ", "command", "here"),
    [
        ({"BROWSER": "true"}, ("true", "%s"), False),
        ({"BROWSER": "no-such-thing:true -u '%s' -x"}, ("true", "-u", "%s", "-x"), False),
        ({"BROWSER": "true &"}, ("true", "%s"), False),
        ({"BROWSER": "'unclosed:true"}, ("true", "%s"), False),
        ({"BROWSER": "w3m"}, ("w3m", "%s"), True),
    ],
)
def test_the_browser_is_the_first_of_the_variable_that_is_there(
    environ: dict[str, str], command: tuple[str, ...], here: bool, tmp_path: Path
) -> None:
    w3m = tmp_path / "w3m"
    w3m.write_text("#!/bin/sh\n")
    w3m.chmod(0o700)
    found = opener.find({"PATH": f"/usr/bin:/bin:{tmp_path}"} | environ)
    assert found is not None
    assert (found.command, found.here) == (command, here)


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "no display"),
        ({"SSH_TTY": "/dev/pts/3"}, "far away (SSH)"),
        ({"BROWSER": "no-such-thing"}, "what $BROWSER names is not there"),
        ({"DISPLAY": ":0", "PATH": "/nowhere"}, "no display"),
    ],
)
def test_why_there_is_no_browser_is_told(environ: dict[str, str], why: str) -> None:
    assert why in opener.missing({"PATH": "/usr/bin:/bin"} | environ)


@pytest.mark.parametrize("url", ["", "-remote", "javascript:x", "https://a b", "file:///etc/passwd", "https://ä"])
def test_nothing_else_is_handed_over(url: str, environ: dict[str, str], written: Path) -> None:
    with pytest.raises(UsageError):
        opener.open_url(url, environ)
    assert given(written) == []


@pytest.mark.parametrize("size", [(80, 24), (40, 10)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", ["spoof", "plain"])
def test_the_question(
    case: str,
    size: tuple[int, int],
    session: Session,
    environ: dict[str, str],
    tmp_path: Path,
    snap_compare: Callable[..., bool],
) -> None:
    """The real host apart from the text, the warning, the address, and what can be done."""
    at = len(CASES) + len(CORPUS) if case == "spoof" else list(CASES).index("https://münchen.example/")

    async def ask(pilot: Pilot[object]) -> None:
        await pilot.press("colon", *f"post {post_id(at)}", "enter", "o")
        await pilot.pause()
        if case == "plain":
            await pilot.press("1")

    app = JamApp(session, reports=tmp_path / "reports", frozen=True, clock=lambda: NOW)
    assert snap_compare(app, terminal_size=size, run_before=ask)
