"""One process holds the network of a mirror; the others can read how its link is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jamtui.model import Link, Status
from jamtui.plain.words import link as spoken
from jamtui.sync.holder import Holder, Told, link_of, told_of
from widgets.status_line import link_words

NOW = datetime(2011, 2, 9, 14, tzinfo=UTC)


def test_who_does_not_hold_the_network_reads_how_the_link_is(tmp_path: Path) -> None:
    one, other = Holder(tmp_path / "network.lock"), Holder(tmp_path / "network.lock")
    assert other.told() == ""  # there is no file yet
    assert one.take()
    assert not other.take()
    for link in (Link.CONNECTING, Link.LIVE, Link.OFFLINE):
        one.tell(link)
        assert link_of(other.told()) is link
    other.tell(Link.LIVE)  # says nothing: it does not hold
    assert link_of(one.told()) is Link.OFFLINE
    one.release()
    assert link_of(other.told()) is None
    assert other.take()
    other.release()


def test_until_when_the_server_asked_to_be_left_alone_is_told_too(tmp_path: Path) -> None:
    one, other = Holder(tmp_path / "network.lock"), Holder(tmp_path / "network.lock")
    assert one.take()
    for told in (Told(Link.LIVE), Told(Link.OFFLINE, NOW), Told(Link.OFFLINE, NOW, NOW), Told(Link.OFFLINE, None, NOW)):
        one.tell(told.word())
        assert told_of(other.told()) == told
    one.release()
    assert told_of(other.told()) == Told()


def test_a_word_of_another_version_is_no_link(tmp_path: Path) -> None:
    path = tmp_path / "network.lock"
    path.write_bytes(b"\x1b[2J\xff quantum")
    path.chmod(0o600)
    assert link_of(Holder(path).told()) is None


@pytest.mark.parametrize(
    ("elsewhere", "words", "said"),
    [
        (None, "● live elsewhere", "live, through another"),
        (Link.LIVE, "● live elsewhere", "live, through another"),
        (Link.OFFLINE, "○ offline elsewhere, mirror 9 min old", "offline, what you read is 9 minutes old, through"),
        (Link.SIGNED_OUT, "○ signed out elsewhere, mirror 9 min old", "signed out, what you read is 9 minutes old"),
    ],
)
def test_the_link_of_another_jamtui_is_told_as_it_is(elsewhere: Link | None, words: str, said: str) -> None:
    status = Status(Link.READER, mirrored_at=NOW - timedelta(minutes=9), elsewhere=elsewhere)
    assert link_words(status, NOW)[0] == words
    assert spoken(status, NOW).startswith(said)
