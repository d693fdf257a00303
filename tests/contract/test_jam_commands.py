"""``jamserver jam ...``: what each changes, says and refuses; twice changes nothing more; a running server follows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jamserver import app, cli
from jamtui.archive import rfc3339

NOW = datetime(2026, 2, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Json = dict[str, Any]


class Organiser:
    """Types commands on one file; ``now`` is what the clock says."""

    def __init__(self, db: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.db = db
        self.now = NOW
        self._capsys = capsys

    def say(self, *words: str, code: int = 0) -> tuple[str, str]:
        """(standard output, standard error)."""
        self._capsys.readouterr()
        try:
            ended = cli.main(["jam", *words, "--db", str(self.db)])
        except SystemExit as error:  # argparse's
            ended = int(str(error.code))
        told = self._capsys.readouterr()
        assert ended == code, (words, ended, told)
        return told.out, told.err

    def fields(self, *words: str) -> Json:
        out, _ = self.say(*words, "--json")
        return dict(json.loads(out))

    def show(self) -> Json:
        return self.fields("show")

    def create(self, **more: str) -> str:
        given = {"title": "Tea", "slug": "tea", "opens": at(1), "closes": at(73), "grace": "45m"} | more
        return self.say("create", *(word for name, text in given.items() for word in (f"--{name}", text)))[0]


def at(hours: float) -> str:
    return rfc3339(NOW + hours * HOUR)


@pytest.fixture
def organiser(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Organiser:
    one = Organiser(tmp_path / "jam.sqlite", capsys)
    monkeypatch.setattr(app, "system_clock", lambda: one.now)
    return one


def test_a_jam_from_its_making_to_the_archive(organiser: Organiser, figure: Callable[[str], None]) -> None:
    """Each command twice: the second time nothing is changed, and it says so."""
    typed = 0

    def twice(*words: str, state: str, changed: list[str]) -> None:
        nonlocal typed
        first, second = organiser.fields(*words), organiser.fields(*words)
        assert (first["state"], first["changed"]) == (state, changed), words
        assert (second["state"], second["changed"]) == (state, []), words
        out, _ = organiser.say(*words)
        assert "nothing was changed" in out
        typed += 3

    assert "made Tea" in organiser.create()
    assert "nothing was changed" in organiser.create()
    phase = ("--title", "Ideas", "--starts", at(1), "--closed-to", "votes,polls", "--guidance", "Be *bold*")
    twice("phase", "add", "ideas", *phase, state="scheduled", changed=["phases"])
    twice("phase", "add", "refining", "--title", "Refining", "--starts", at(49), state="scheduled", changed=["phases"])
    twice("phase", "set", "refining", "--closed-to", "threads", state="scheduled", changed=["phases"])
    organiser.now = NOW + HOUR / 2
    twice("open", state="open", changed=["opens_at"])
    assert organiser.show()["phase"] is None  # ideas begin in half an hour
    organiser.now = NOW + 50 * HOUR
    assert organiser.show() | {"phase": "refining", "state": "open"} == organiser.show()
    assert organiser.show()["next"] == {"what": "closes", "at": at(73)}
    twice("close", "--at", at(60), state="open", changed=["closes_at"])
    twice("close", "--grace", "2h", state="in grace", changed=["closes_at", "grace_seconds"])
    organiser.now += HOUR
    assert organiser.show()["next"] == {"what": "grace", "at": at(52)}
    organiser.now += HOUR
    assert organiser.show()["state"] == "closed"
    twice("archive", "--at", at(100), state="closed", changed=["archived_at"])
    twice("archive", state="archived", changed=["archived_at"])
    twice("archive", "--undo", state="closed", changed=["archived_at"])
    twice("phase", "remove", "ideas", state="closed", changed=["phases"])
    twice("phase", "remove", "refining", state="closed", changed=["phases"])
    assert "phases" not in organiser.show()
    again = organiser.fields("open", "--for", "1d12h")
    assert (again["state"], again["closes_at"], again["changed"]) == ("open", at(52 + 36), ["closes_at"])
    organiser.say("close", "--grace", "0")
    assert organiser.fields("archive")["state"] == "archived"
    again = organiser.fields("open", "--for", "2h")  # what is open is not archived
    assert (again["state"], again["changed"]) == ("open", ["archived_at", "closes_at"])
    figure(f"jamserver jam: {typed} commands, each a second and a third time, changed nothing then")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("close",), 1, "has not opened"),
        (("archive",), 1, "is not closed before"),
        (("close", "--in", "5x"), 2, "no length of time"),
        (("close", "--in", "1h", "--at", "2026-02-09T00:00:00Z"), 2, "not allowed with"),
        (("close", "--at", "2026-02-09T00:00:00"), 2, "is no time"),
        (("close", "--at", "0001-01-01T00:00:00+01:00"), 2, "is no time"),
        (("open", "--for", "999999999d"), 2, "too long"),
        (("set", "--closes", "2026-02-08T13:00:00Z"), 2, "closes after it opens"),
        (("set", "--grace", "31d"), 2, "30 days at most"),
        (("set", "--slug", "No Slug"), 2, "cannot be a slug"),
        (("set", "--title", " "), 2, "cannot be a title"),
        (("set",), 2, "nothing to change"),
        (("phase", "set", "nothere", "--title", "X"), 5, "no phase nothere"),
        (("phase", "set", "nothere"), 2, "nothing to change"),
        (("phase", "add", "x", "--title", "X", "--starts", "now", "--closed-to", "dreams"), 2, "none of threads"),
        (("phase", "add", "No Slug", "--title", "X", "--starts", "now"), 2, "cannot be a slug"),
        (("phase", "add", "x", "--title", "X", "--starts", "soon"), 2, "is no time"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_refused_with_a_reason(
    organiser: Organiser, words: tuple[str, ...], code: int, told: str
) -> None:
    organiser.create()
    before = organiser.show()
    assert told in organiser.say(*words, code=code)[1]
    assert organiser.show() == before


def test_nothing_makes_a_jam_by_the_way(organiser: Organiser) -> None:
    for words in (("open",), ("show",), ("archive",), ("phase", "list")):
        organiser.say(*words, code=5)
    assert not organiser.db.exists()


def test_a_jam_that_is_there_is_not_made_over(organiser: Organiser) -> None:
    assert "made Tea" in organiser.create()
    _, err = organiser.say(
        "create", "--title", "Coffee", "--slug", "coffee", "--opens", at(1), "--closes", at(2), code=1
    )
    assert "has a Jam already: Tea" in err
    assert organiser.show()["title"] == "Tea"


def test_the_jam_that_run_has_made_may_be_made_over(organiser: Organiser) -> None:
    organiser.say("set", "--summary", "none yet")
    made = organiser.show()
    assert made["slug"] == "new-jam"
    organiser.create()
    assert organiser.show()["id"] == made["id"]
    assert organiser.show()["slug"] == "tea"


def test_phases_that_never_come_are_warned_about(organiser: Organiser) -> None:
    organiser.create()
    _, err = organiser.say("phase", "add", "late", "--title", "Late", "--starts", at(80))
    assert "warning: phase late would begin when the Jam has closed" in err
    _, err = organiser.say("phase", "add", "early", "--title", "Early", "--starts", at(-2))
    assert "late would" in err
    _, err = organiser.say("phase", "add", "first", "--title", "First", "--starts", at(0))
    assert "warning: phase early is over before the Jam opens" in err
    assert [line.split()[0] for line in organiser.say("phase", "list")[0].splitlines()] == ["early", "first", "late"]
    assert organiser.say("show")[1] == ""


def test_words_of_strangers_reach_no_terminal_as_they_are(organiser: Organiser) -> None:
    out = organiser.create(title="T\x1b[2Jea")
    out += organiser.say("phase", "add", "x", "--title", "X\x9b2J", "--starts", at(2), "--guidance", "\x1b]0;x\x07")[0]
    out += organiser.say("show")[0] + organiser.say("phase", "list", "--json")[0]
    assert not set(out) & set("\x1b\x9b\x07")


def test_a_running_server_and_its_readers_follow(jam: Any, capsys: pytest.CaptureFixture[str]) -> None:
    head = jam.head()
    answer = jam.thread()
    organiser = Organiser(jam.server.db, capsys)
    closed = organiser.fields("close", "--grace", "0")
    refused = jam.ada.put(f"/posts/{answer['id']}/vote")
    assert (refused.status_code, refused.json()["code"]) == (403, "jam_closed")
    assert jam.guest.get("/jam").json()["closes_at"] == closed["closes_at"]
    organiser.fields("close")
    organiser.fields("open", "--for", "2h")
    assert jam.ada.put(f"/posts/{answer['id']}/vote").status_code == 200
    assert [item["type"] for item in jam.changes(head) if item["type"] == "jam"] == ["jam", "jam"]


def test_a_reopened_archive_has_its_phases_at_the_same_places(tmp_path: Path, organiser: Organiser) -> None:
    organiser.create()
    organiser.say("phase", "add", "half", "--title", "Half", "--starts", at(37))
    organiser.now = NOW + 80 * HOUR
    organiser.say("archive")
    file = tmp_path / "tea.jsonl"
    assert cli.main(["export", "--db", str(organiser.db), "-o", str(file)]) == 0
    organiser.db = tmp_path / "again.sqlite"
    assert cli.main(["import", str(file), "--db", str(organiser.db), "--reopen", "24"]) == 0
    found = organiser.show()
    assert (found["state"], found["opens_at"], found["closes_at"]) == ("open", at(80), at(104))
    assert [phase["starts_at"] for phase in found["phases"]] == [at(92)]
    assert "archived_at" not in found


@pytest.mark.parametrize(
    ("opens", "closes", "told", "advice"),
    [
        (-48, -24, "warning: the Jam is over already: it closed 2026-02-07T12:00:00.000Z", "jam open --for 72h"),
        (1, 24 * 400, "warning: the Jam is open for 399 days", "the year that you mean"),
        (1, 1.25, "warning: the Jam is open for 15 min only", "the time that you mean"),
    ],
)
def test_hours_that_are_hardly_meant_are_made_with_a_warning(
    organiser: Organiser, opens: float, closes: float, told: str, advice: str
) -> None:
    words = ("--title", "Tea", "--slug", "tea", "--opens", at(opens), "--closes", at(closes))
    out, err = organiser.say("create", *words)
    assert "made Tea" in out
    assert told in err
    assert advice in err
    assert "warning" not in organiser.say("create", *words)[1], "nothing was changed"
    _, err = organiser.say("set", "--opens", at(1), "--closes", at(73))
    assert err == ""
    _, err = organiser.say("set", "--opens", at(opens), "--closes", at(closes))
    assert told in err


def test_hours_that_cannot_be_are_refused_with_what_to_do(organiser: Organiser) -> None:
    words = ("--title", "Tea", "--slug", "tea")
    _, err = organiser.say("create", *words, "--opens", at(2), "--closes", at(1), code=2)
    assert f"this one would close {at(1)}, and open only {at(2)}" in " ".join(err.split())
    assert "--closes TIME" in err
    assert not organiser.db.exists()
    _, err = organiser.say("create", *words, "--opens", "2026-02-08T14:00", "--closes", at(90), code=2)
    assert "is no time, since it has no time zone" in " ".join(err.split())
    assert "2026-02-08T14:00Z for UTC" in " ".join(err.split())
    organiser.create()
    _, err = organiser.say("set", "--closes", at(0.5), code=2)
    assert "--opens TIME" in err


def test_closing_is_no_mistake_and_phases_outside_are_told_with_their_mending(organiser: Organiser) -> None:
    organiser.create(opens=at(-30))
    organiser.now += 2 * HOUR
    assert "warning" not in organiser.say("close")[1]
    organiser.now += 2 * HOUR
    assert "warning" not in organiser.say("set", "--title", "Coffee")[1]
    assert "warning" not in organiser.say("set", "--closes", at(0.5))[1], (
        "it was open: to say later when it closed is meant"
    )
    _, err = organiser.say("phase", "add", "late", "--title", "Late", "--starts", at(80))
    assert "jamserver jam phase set late --starts TIME" in err


def test_forums_get_their_hosts_and_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "jam.sqlite"

    def say(*words: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert cli.main([*words, "--db", str(file)]) == code, (words, capsys.readouterr())
        told = capsys.readouterr()
        return told.out, told.err

    def fields(*words: str) -> list[Json]:
        return [json.loads(line) for line in say(*words, "--json")[0].splitlines()]

    say("person", "add", "zoe")
    assert "no forum yet" in say("forum", "list")[1]
    say("forum", "add", "tea", "--title", "Tea")
    for handle, role in (("ada", "host"), ("bob", "participant"), ("mo", "moderator")):
        say("person", "add", handle, "--name", handle.title(), "--role", role)
    ids = {one["handle"]: one["id"] for one in fields("person", "list")}
    assert list(ids) == ["mo", "ada", "bob", "zoe"], "who may do most first"
    assert [one["handle"] for one in fields("person", "list", "--role", "host")] == ["ada"]
    assert "nobody is expert" in say("person", "list", "--role", "expert")[1]

    say("forum", "add", "rooms", "--title", "Rooms", "--host", "@ada")
    assert [one["hosts"] for one in fields("forum", "list")] == [[], ["ada"]]
    assert "every host" in say("forum", "list")[0]
    assert "0 threads       0 posts" in say("forum", "list")[0]
    saved = tmp_path / "saved.jsonl"
    say("export", "-o", str(saved))
    with saved.open("a") as out:
        for kind in ("announcement", "announcement", "brief", "unheard-of"):
            out.write(json.dumps({"type": kind, "data": {"id": kind}}) + "\n")
    capsys.readouterr()
    assert cli.main(["import", str(saved), "--db", str(tmp_path / "other.sqlite")]) == 0
    told = capsys.readouterr().err
    assert "imported 2 announcements, 1 brief, 2 forums, 4 people, 1 unheard-of" in told
    assert "of types that this version does not know: unheard-of\n" in told
    out, _ = say("forum", "set", "tea", "--title", "Tea and cake", "--brief", "Which?", "--host", "ada", "--host", "mo")
    assert out == "tea: title, brief, hosts changed\n"
    (tea, _) = fields("forum", "list")
    assert (tea["title"], tea["brief"], tea["host_ids"], tea["version"]) == (
        "Tea and cake", "Which?", [ids["ada"], ids["mo"]], 2
    )  # fmt: skip
    assert "edited_by" not in tea, "the organiser is nobody in the Jam"
    assert say("forum", "set", "tea", "--host", "ada", "--host", "mo")[0] == "tea: nothing to change\n"
    assert fields("forum", "list")[0]["version"] == 2
    say("forum", "set", "tea", "--no-hosts", "--brief", "")
    assert [(one["hosts"], one["brief"], one["title"]) for one in fields("forum", "list")] == [
        ([], "", "Tea and cake"),
        (["ada"], "", "Rooms"),
    ]
    for words, code, told in (
        (("tea",), 2, "nothing to change was named"),
        (("tea", "--host", "ada", "--no-hosts"), 2, "do not go together"),
        (("tea", "--host", "nobody"), 5, "nobody is called nobody"),
        (("tea", "--host", "bob"), 1, "jamserver person role bob host"),
        (("none", "--title", "x"), 5, "no forum none"),
        (("tea", "--title", " "), 2, "A forum has a title"),
        (("tea", "--title", "x" * 201), 2, "does not fit"),
    ):
        assert told in say("forum", "set", *words, code=code)[1], words
    assert [one["title"] for one in fields("forum", "list")] == ["Tea and cake", "Rooms"]
