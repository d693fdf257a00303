"""The routes of the wire, in order of the document."""

from __future__ import annotations

from jamserver.routes import (
    announcing,
    hosting,
    ideas,
    live,
    moderating,
    reading,
    self_service,
    signing,
    tagging,
    writing,
)
from jamserver.web import Route

ROUTES: tuple[Route, ...] = (
    *reading.ROUTES,
    *writing.ROUTES,
    *tagging.ROUTES,
    *self_service.ROUTES,
    *announcing.ROUTES,
    *moderating.ROUTES,
    *hosting.ROUTES,
    *ideas.ROUTES,
    *live.ROUTES,
    *signing.ROUTES,
)
