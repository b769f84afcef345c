"""Building a service's app, and serving several under one origin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.kernel.auth import Verifier
from services.kernel.service import Context
from services.kernel.web.access import route_access
from services.kernel.web.edge import Edge
from services.kernel.web.health import alive_response, health_routes, metrics_response, readiness, ready_response
from services.kernel.web.operator import operator_routes
from services.kernel.web.problems import install


def build_app(context: Context) -> FastAPI:
    """Return the service's app. Raises TypeError when a route does not declare who may use it."""
    app = FastAPI(title=context.name, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.context = context
    app.state.verifier = Verifier(context.keys, context.revocations)
    install(app)
    app.add_middleware(Edge, context=context)
    for router in (*context.definition.routers, operator_routes(context.name), health_routes(app)):
        app.include_router(router)
    route_access(app)
    return app


def one_origin(apps: Mapping[str, FastAPI]) -> ASGIApp:
    """Serve several apps under one origin, by the first one or two segments of the path; "" takes what no other owns.

    Health, readiness and metrics speak for all of them.
    """
    by_prefix = {prefix.strip("/"): app for prefix, app in apps.items()}
    members = list({id(app): app for app in by_prefix.values()}.values())
    shared: dict[str, Callable[[], Awaitable[Response]]] = {
        "healthz": _alive,
        "readyz": lambda: _ready(members),
        "metrics": lambda: metrics_response(members),
    }

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        first, _, rest = scope["path"][1:].partition("/")
        if (speaks_for_all := shared.get(scope["path"][1:])) is not None and scope["type"] == "http":
            await (await speaks_for_all())(scope, receive, send)
            return
        two = f"{first}/{rest.partition('/')[0]}"
        app = by_prefix.get(two) or by_prefix.get(first) or by_prefix[""]
        await app(scope, receive, send)

    return dispatch


async def _alive() -> Response:
    return alive_response()


async def _ready(apps: list[FastAPI]) -> Response:
    return ready_response([await readiness(app.state.context) for app in apps])


async def _lifespan(receive: Receive, send: Send) -> None:
    """Start and stop are the runtime's; the server is told that they went well."""
    while True:
        message: Any = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
