"""The template of the route that answers: what logs and metrics say instead of a path."""

from __future__ import annotations

from starlette.types import Scope

UNMATCHED = "-"


def route_template(scope: Scope) -> str:
    """Return the template of the matched route, `-` when none matched."""
    included = scope.get("fastapi", {}).get("effective_route_context")
    route = included or scope.get("route")
    return getattr(route, "path_format", UNMATCHED)
