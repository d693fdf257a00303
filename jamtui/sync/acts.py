"""Acts: what people do in a Jam that is not writing, tagging or voting for a post.

Each is a row of the outbox like a post is, so it is done off line as well, exactly once, and in order with what else is
written in its thread. Its address and fields stand in the row; all that is to be known of a kind here is its method.
An act is safe to ask for again: the wire makes it so, by an id of the client's or by the Idempotency-Key.
"""

from __future__ import annotations

from jamtui.store.own import ACTS

# Kind to HTTP method.
METHODS: dict[str, str] = {
    "announce": "PUT",
    "announce-change": "PATCH",
    "withdraw": "DELETE",
    "profile": "PATCH",
    "tag-curate": "PUT",
    "tag-forget": "DELETE",
    "tag-merge": "PUT",
    "tag-unmerge": "DELETE",
    "brief": "PATCH",
    "poll": "PUT",
    "close-poll": "PATCH",
    "remove-poll": "DELETE",
    "ballot": "PUT",
    "unballot": "DELETE",
    "report": "PUT",
    "moderate": "PUT",
    "decide": "PATCH",
    "kind": "PATCH",
    "idea-state": "PUT",
    "feature": "PUT",
    "unfeature": "DELETE",
    "connect": "PUT",
    "disconnect": "DELETE",
}

if set(METHODS) != set(ACTS):  # what the store keeps and what can be sent are the same
    raise RuntimeError("jamtui.sync.acts.METHODS and jamtui.store.own.ACTS differ")
