"""What all commands of the server share: words and rows for the terminal, and a write to the file."""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import apsw
import msgspec

from jamserver import app, db, objects
from jamserver.log import Tx
from jamserver.writer import write_once
from jamtui.safe_text import escape_json, safe_line

T = TypeVar("T")
RNG = random.SystemRandom()


def say(text: str) -> None:
    print(safe_line(text), file=sys.stderr)


def show(arguments: argparse.Namespace, fields: objects.Fields, line: str) -> None:
    """The row as JSON, or the line for people."""
    if arguments.json:
        print(escape_json(msgspec.json.encode(fields).decode()))
    else:
        print(safe_line(line))


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """SQLite's errors in words."""
    try:
        yield
    except apsw.FullError:
        raise db.DatabaseError(f"the disk of {path} is full", "Make room; nothing was changed") from None
    except apsw.BusyError:
        raise db.DatabaseError(f"{path} is held by another program", "Try again when it is done") from None
    except apsw.Error as error:
        raise db.DatabaseError(f"{path}: {error}", "Nothing was changed") from None


def write(path: Path, job: Callable[[Tx], T], *, create: bool = True) -> T:
    """One write to the file, which gets its Jam when it is new."""
    db.prepare(path, create=create)

    def with_jam(tx: Tx) -> T:
        objects.found_jam(tx, app.random_id(RNG))
        return job(tx)

    with told(path):
        return write_once(path, app.system_clock(), RNG, with_jam)
