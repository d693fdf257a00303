"""Reports of our own errors: private, without a word that somebody wrote, and never the next fault."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jamtui.reports import KEPT, stopped, write_report

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CANARY = "canary-f00d my unsent thoughts"


def failure() -> BaseException:
    secret = CANARY  # a local variable, as a draft or a token would be
    try:
        try:
            raise KeyError(secret)
        except KeyError as error:
            raise ValueError(f"could not use {secret}") from error
    except ValueError as error:
        return ExceptionGroup(secret, [error, OSError(secret)])


def test_a_report_names_types_and_lines_and_holds_no_text(tmp_path: Path) -> None:
    where = Path(write_report(tmp_path / "a" / "logs", failure(), NOW))
    text = where.read_text()
    for word in ("ExceptionGroup", "ValueError", "KeyError", "OSError", "test_reports.py:", " failure\n"):
        assert word in text
    assert not any(word in text for word in CANARY.split())
    assert where.stat().st_mode & 0o777 == 0o600
    assert where.parent.stat().st_mode & 0o777 == 0o700
    assert str(where) in stopped(failure(), str(where))
    assert CANARY not in stopped(failure(), str(where))


def test_a_report_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        where = Path(write_report(tmp_path / "logs", failure(), NOW))
    finally:
        os.umask(before)
    assert where.stat().st_mode & 0o777 == 0o600


def test_a_link_is_not_followed_and_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "logs").symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in write_report(tmp_path / "logs", failure(), NOW)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (tmp_path / "file").write_text("")
    assert write_report(tmp_path / "file", failure(), NOW).startswith("it could not be written")


def test_the_newest_reports_are_kept(tmp_path: Path) -> None:
    written = [write_report(tmp_path, failure(), NOW + timedelta(seconds=n)) for n in range(KEPT + 5)]
    assert sorted(map(str, tmp_path.iterdir())) == written[5:]
