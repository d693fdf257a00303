"""The body of a request, from its bytes: what does not fit is told with its place."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from jamserver.problems import FieldError, Problem
from jamtui.archive import mend_surrogates

R = TypeVar("R", bound=msgspec.Struct)

_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"^Object (?:contains unknown|missing required) field `(?P<name>.*)`$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def decode(kind: type[R], raw: bytes) -> R:
    """The request. Lone surrogates become U+FFFD.

    Raises 400 for what is no JSON, 422 with a pointer for what does not fit.
    """
    try:
        return msgspec.json.decode(mend_surrogates(raw), type=kind)
    except msgspec.ValidationError as error:
        raise _mismatch(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem("bad_request", f"The body is no JSON: {error}.") from None
    except RecursionError:
        raise Problem("bad_request", "The body is nested too deeply.") from None


def _mismatch(message: str) -> Problem:
    """msgspec's words as a problem with a JSON pointer (RFC 6901)."""
    match = _WHERE.match(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    steps = [name or index for name, index in _STEP.findall(path)]
    field = _FIELD.match(what)
    if field:
        steps.append(field["name"])
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
    return Problem("invalid", f"{what}.", errors=[FieldError(what, pointer=pointer)])
