"""A folder for each person at each server; which name means which; the token of the environment."""

from __future__ import annotations

import argparse
import hashlib
import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jamtui.commands import screen
from jamtui.commands.context import Context
from jamtui.credentials import Secret
from jamtui.errors import NotFound, NotSignedIn, UsageError
from jamtui.paths import Home, PathError, make_private_dir
from jamtui.store import connection, opening, own, registry
from jamtui.store.registry import KnownJam
from jamtui.sync.sign_in import _mark, environment_secret_of

HERE, THERE = "https://jam.example", "https://other.example:8443"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.from_env({"JAMTUI_HOME": str(tmp_path)})


def sign_in(home: Home, handle: str, origin: str = HERE, slug: str = "tea") -> KnownJam:
    person_id = "" if handle == "guest" else f"id of {handle}"
    jam = registry.for_server(home, origin, slug, slug.title(), person_id).changed(
        handle=handle, role="guest" if handle == "guest" else "participant", store="file" if person_id else "none"
    )
    registry.remember(home, jam)
    return jam


def old_folder(home: Home, handle: str, slug: str = "tea") -> Path:
    """As jamtui named and filled it before there was a folder for each person."""
    folder = home.jams / f"{slug}-{hashlib.sha256(HERE.encode()).hexdigest()[:8]}"
    make_private_dir(folder)
    guest = handle == "guest"
    entry = {
        "slug": slug, "title": slug.title(), "origin": HERE, "file": "", "stamp": "", "name": handle,
        "person_id": "" if guest else f"id of {handle}", "handle": handle, "role": "guest" if guest else "participant",
        "store": "none" if guest else "file", "title_limit": 200, "body_limit": 20000, "tag_limit": 40,
        "tags_limit": 12, "format": 1,
    }  # fmt: skip
    (folder / "jam.json").write_text(json.dumps(entry))
    return folder


def write_something(jam: KnownJam) -> None:
    opening.prepare(jam, NOW)
    with closing(connection.connect(jam.own, own.SCHEMA)) as db:
        own.Own(db).enqueue("01", "vote", "p", "p", "f", own.Payload(), NOW)


def test_each_person_at_each_server_has_a_folder(home: Home) -> None:
    ana, bob, ana_there = sign_in(home, "ana"), sign_in(home, "bob"), sign_in(home, "ana", THERE)
    assert len({ana.folder, bob.folder, ana_there.folder}) == 3
    assert [sign_in(home, "ana").folder, sign_in(home, "bob").folder] == [ana.folder, bob.folder]
    # The event has another name by now: it is still the same place.
    assert sign_in(home, "ana", slug="coffee").folder == ana.folder


def test_a_guest_who_signs_in_goes_on_in_the_same_folder(home: Home) -> None:
    guest = sign_in(home, "guest")
    signed_in = sign_in(home, "ana")
    assert signed_in.folder == guest.folder
    again = sign_in(home, "guest")
    assert again.folder != guest.folder
    assert [jam.me.handle for jam in registry.known(home)].count("ana") == 1
    assert sign_in(home, "bob").folder == again.folder
    assert sign_in(home, "ana").folder == guest.folder


def test_a_folder_of_before_stays_with_its_person(home: Home) -> None:
    folder = old_folder(home, "ana")
    assert sign_in(home, "bob").folder != folder
    ana = sign_in(home, "ana")
    assert ana.folder == folder
    assert ana.account == f"{HERE} ana"  # where its secret is


def test_a_guests_folder_in_which_somebody_wrote_is_nobody_elses(home: Home) -> None:
    folder = old_folder(home, "guest")
    write_something(registry.find(home, None))
    assert sign_in(home, "bob").folder != folder
    assert sign_in(home, "guest").folder == folder


def test_a_guests_folder_that_is_open_stays_the_guests(home: Home) -> None:
    guest = sign_in(home, "guest")
    opened = opening.open_store(guest, NOW)
    with closing(opened):
        assert sign_in(home, "bob").folder != guest.folder
    assert sign_in(home, "ana").folder == guest.folder


def test_a_damaged_entry_gives_nothing_to_somebody_else(home: Home) -> None:
    ana, guest = sign_in(home, "ana"), sign_in(home, "guest")
    for jam in (ana, guest):
        (jam.folder / "jam.json").write_text("{")
    assert registry.known(home) == []
    assert sign_in(home, "bob").folder not in (ana.folder, guest.folder)
    assert sign_in(home, "guest").folder not in (ana.folder, guest.folder)
    assert sign_in(home, "ana").folder == ana.folder  # the name says whose it is


def test_names(home: Home) -> None:
    ana, there = sign_in(home, "ana"), sign_in(home, "ana", THERE, "coffee")
    for name in ("tea", "TEA", HERE, f"{HERE}/", "jam.example", "ana@tea", "@ana@jam.example", ana.folder.name):
        assert registry.find(home, name).folder == ana.folder
    assert registry.find(home, "other.example:8443").folder == there.folder
    assert registry.find(home, f"ana@{THERE}").folder == there.folder
    with pytest.raises(NotFound) as lost:
        registry.find(home, "bob@tea")
    assert lost.value.hint == "It is known as tea."

    bob = sign_in(home, "bob")
    for name in ("tea", HERE, "jam.example"):
        with pytest.raises(UsageError) as caught:
            registry.find(home, name)
        assert "more than one person" in caught.value.title
        assert sorted(caught.value.hint.removeprefix("Say which: ")[:-1].split(" or ")) == ["ana@tea", "bob@tea"]
    assert registry.find(home, "bob@tea").folder == bob.folder

    same_slug = sign_in(home, "ana", "https://third.example")
    with pytest.raises(UsageError) as caught:
        registry.find(home, "ana@tea")
    assert "ana@jam.example" in caught.value.hint
    assert "third.example" in caught.value.hint
    known = registry.known(home)
    for jam in (ana, bob, there, same_slug):
        assert registry.find(home, registry.short_name(jam, known)).folder == jam.folder
    (home.jams / "last").unlink()
    with pytest.raises(NotFound) as lost:
        registry.find(home, None)
    assert "bob@tea" in lost.value.hint


def test_no_jam_takes_the_name_of_another(home: Home) -> None:
    """Its slug is its own to choose: the handle and address of somebody at another, their folder."""
    here = registry.for_server(home, "https://jam.example", "tea", "Tea", "1").changed(handle="ana")
    registry.remember(home, here)
    names = ("ana@jam.example", "ana@tea", "jam.example", "https://jam.example", here.folder.name)
    for number, slug in enumerate(names):
        evil = registry.for_server(home, f"https://evil{number}.example", slug, "Evil", "2").changed(handle="eve")
        registry.remember(home, evil)
    for name in names:
        assert registry.find(home, name).folder == here.folder, name
    known = registry.known(home)
    for jam in known:  # and each has a name of its own
        assert registry.find(home, registry.short_name(jam, known)).folder == jam.folder


def test_forgetting_one_leaves_the_other(home: Home) -> None:
    ana, bob = sign_in(home, "ana"), sign_in(home, "bob")
    write_something(ana)
    write_something(bob)
    registry.forget(home, bob)
    assert not bob.folder.exists()
    assert registry.find(home, None).folder == ana.folder
    assert ana.own.exists()
    registry.forget(home, bob)  # a second time is no error


def test_what_a_link_points_to_is_never_removed(home: Home, tmp_path: Path) -> None:
    ana = sign_in(home, "ana")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "precious").write_text("stays")
    (ana.folder / "inside").symlink_to(theirs)
    registry.forget(home, ana)
    assert not ana.folder.exists()
    ana = sign_in(home, "ana")
    (ana.folder / "jam.json").rename(theirs / "jam.json")
    ana.folder.rmdir()
    ana.folder.symlink_to(theirs)
    with pytest.raises(PathError, match="symbolic link"):
        registry.forget(home, ana)
    assert (theirs / "precious").read_text() == "stays"
    assert (theirs / "jam.json").exists()


def test_killed_while_forgetting_the_jam_is_still_known(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = sign_in(home, "ana")
    write_something(ana)
    unlink, left = Path.unlink, list(ana.folder.iterdir())
    steps = 0
    while left:
        # Killed at each of its removals in turn.
        def die(path: Path, missing_ok: bool = False) -> None:
            monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
            unlink(path, missing_ok)

        monkeypatch.setattr(Path, "unlink", die)
        steps += 1
        try:
            registry.forget(home, registry.find(home, "tea"))
        except KeyboardInterrupt:
            pass
        except NotFound:
            raise AssertionError(f"not known any more, but there: {list(ana.folder.iterdir())}") from None
        left = list(ana.folder.iterdir()) if ana.folder.exists() else []
    assert steps > 2
    monkeypatch.undo()
    if ana.folder.exists():
        ana.folder.rmdir()


def test_the_token_of_the_environment_goes_to_one_jam(home: Home) -> None:
    token, other = {"JAMTUI_TOKEN": "canary"}, {"JAMTUI_TOKEN": "another"}
    ana, bob, there, guest = (
        sign_in(home, "ana"), sign_in(home, "bob"), sign_in(home, "ana", THERE), sign_in(home, "guest")
    )  # fmt: skip
    for jam in (ana, bob, there):
        with pytest.raises(NotSignedIn, match="nobody signed in"):
            environment_secret_of(home, jam, token)
        assert environment_secret_of(home, jam, {}) is None
    assert environment_secret_of(home, guest, token) is None
    ana = ana.changed(store="env", token=_mark(HERE, Secret("canary")))
    registry.remember(home, ana)
    found = environment_secret_of(home, ana, token)
    assert found is not None
    assert found.access_token == "canary"
    for jam in (bob, there):
        assert environment_secret_of(home, jam, token) is None
    with pytest.raises(NotSignedIn):
        environment_secret_of(home, ana, other)
    assert "canary" not in (ana.folder / "jam.json").read_text()


def test_a_start_does_not_write_over_a_sign_in_that_came_as_it_began(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen opens the Jam that it read of a moment ago; meanwhile the token went into another store."""
    ana, bob = sign_in(home, "ana"), sign_in(home, "bob")
    opened = Context.open

    def meanwhile(context: Context, jam: KnownJam) -> object:
        registry.remember(home, jam.changed(store="keyring", account="another"), last=False)
        return opened(context, jam)

    monkeypatch.setattr(Context, "open", meanwhile)
    monkeypatch.setattr(screen, "run", lambda context, session, **_: (session.close(), 0)[1])
    args = argparse.Namespace(jam="ana@tea")
    assert screen.on_jam(args, {"JAMTUI_HOME": str(tmp_path)}) == 0
    now = registry.find(home, None)
    assert (now.folder, now.store, now.entry.account) == (ana.folder, "keyring", "another")
    assert now.folder != bob.folder
