"""What an account may do for now: suspended until a time, or new and limited for its first hour.

Both are private: neither stands in the log. People who came with an archive, were added on the machine, or whose invite
gives a role are not new.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jamserver import links_out
from jamserver.db import Connection, row, value
from jamserver.log import Tx
from jamserver.problems import Problem, later
from jamtui.archive import rfc3339


def moment(milliseconds: int) -> datetime:
    """UTC, from milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def ms(moment: datetime) -> int:
    """Milliseconds since 1970, as the database keeps times."""
    return int(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Suspension:
    """Until when somebody may not write, and why."""

    until: datetime
    reason: str

    def fields(self) -> dict[str, str]:
        """As it is told to the person alone."""
        return {"until": rfc3339(self.until), "reason": self.reason}

    def problem(self) -> Problem:
        """403 ``suspended``, with both."""
        return Problem("suspended", f"You are suspended until {rfc3339(self.until)}: {self.reason} You can still read.")


def suspension(db: Connection, person_id: str, now: datetime) -> Suspension | None:
    """The one that holds now; one whose time is over is none."""
    found = row(db, "SELECT until, reason FROM suspensions WHERE person_id = ?", (person_id,))
    return Suspension(moment(found[0]), found[1]) if found is not None and found[0] > ms(now) else None


def suspend(tx: Tx, person_id: str, until: datetime, reason: str) -> None:
    """From now on; one that there is gives way."""
    tx.db.execute("INSERT OR REPLACE INTO suspensions VALUES (?, ?, ?)", (person_id, ms(until), reason))


def unsuspend(tx: Tx, person_id: str) -> None:
    """Ends it; of somebody who is not suspended it ends nothing."""
    tx.db.execute("DELETE FROM suspensions WHERE person_id = ?", (person_id,))


def asked_before(db: Connection, person_id: str, key: str | None, post_id: str | None) -> bool:
    """Whether a write was made already, its answer lost perhaps: under this key, or the making of this post. It gets
    its answer though its author was suspended since, and changes nothing."""
    if key and row(db, "SELECT 1 FROM answers WHERE person_id = ? AND key = ?", (person_id, key)):
        return True
    return bool(post_id and row(db, "SELECT 1 FROM posts WHERE id = ? AND author_id = ?", (post_id, person_id)))


def came(tx: Tx, person_id: str) -> None:
    """Somebody has just made an account: it is new for a while."""
    tx.db.execute("INSERT OR IGNORE INTO joined VALUES (?, ?)", (person_id, ms(tx.now)))


@dataclass(frozen=True, slots=True)
class Newcomers:
    """What new accounts may do in their first ``period`` seconds: so many ``threads``, so many ``links`` in a post, and
    as many between posts, so many ``reports``."""

    period: float
    threads: int
    links: int
    reports: int

    def holds(self, joined: int, now: datetime) -> bool:
        """Whether an account that was made then (ms; 0: it was not) is new."""
        return bool(joined) and now < moment(joined) + timedelta(seconds=self.period)

    def since(self, db: Connection, person_id: str, now: datetime) -> datetime | None:
        """Until when an account is new; None when it is not."""
        at: int | None = value(db, "SELECT at FROM joined WHERE person_id = ?", (person_id,))
        if at is None:
            return None
        end = moment(at) + timedelta(seconds=self.period)
        return end if end > now else None

    def check(self, tx: Tx, person_id: str, text: str, *, thread: bool) -> None:
        """``text``: title and body. Raises 429 until the account is not new any more."""
        end = self.since(tx.db, person_id, tx.now)
        if end is None:
            return
        wait = (end - tx.now).total_seconds()
        if links_out.count(text) > self.links:
            raise later("rate_limited", f"An account's first hour: at most {self.links} links in a post.", wait)
        if thread:
            sql = "SELECT count(*) FROM posts WHERE author_id = ? AND parent_id IS NULL"
            if value(tx.db, sql, (person_id,)) >= self.threads:
                raise later("rate_limited", f"An account's first hour: at most {self.threads} new threads.", wait)

    def check_reports(self, tx: Tx, person_id: str) -> None:
        """The same before one more report."""
        end = self.since(tx.db, person_id, tx.now)
        if end is None or value(tx.db, "SELECT count(*) FROM reports WHERE person_id = ?", (person_id,)) < self.reports:
            return
        wait = (end - tx.now).total_seconds()
        raise later("rate_limited", f"An account's first hour: at most {self.reports} reports.", wait)

    def check_links(self, tx: Tx, person_id: str) -> None:
        """The same before one more link between posts. Raises 429 ``rate_limited``."""
        end = self.since(tx.db, person_id, tx.now)
        if end is None or value(tx.db, "SELECT count(*) FROM links WHERE author_id = ?", (person_id,)) < self.links:
            return
        wait = (end - tx.now).total_seconds()
        raise later("rate_limited", f"An account's first hour: at most {self.links} links between posts.", wait)
