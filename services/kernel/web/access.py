"""Who may use a route: declared on the route, so that a test can read it; a route without a declaration does not start."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from services.kernel.auth import Principal, Role, Session
from services.kernel.errors import Forbidden, Unauthenticated
from services.kernel.settings import Settings
from services.kernel.web.bodies import StrictRoute
from services.kernel.web.exchange import exchange_of, stamp_of

COOKIE = "laurel_session"
PUBLIC = "public"


class Access(Protocol):
    """One declaration: what it calls itself in the authorisation matrix."""

    def names(self) -> tuple[str, ...]:
        """Return role values, `public`, or `address:<what signs it>`."""
        ...


@dataclass(frozen=True, slots=True)
class RoleAccess:
    """A session in one of these roles."""

    roles: frozenset[Role]

    def names(self) -> tuple[str, ...]:
        """The roles."""
        return tuple(sorted(self.roles))

    async def __call__(self, request: Request) -> Principal:
        """Return who asks. Raises `Unauthenticated` or `Forbidden`."""
        session = session_of(request)
        if session is None:
            raise Unauthenticated("请先登录。", "No access token.")
        if session.principal.role not in self.roles:
            raise Forbidden("您的角色不能进行这一步。", "This role may not do that.")
        exchange_of(request.scope).principal = session.principal
        return session.principal


@dataclass(frozen=True, slots=True)
class PublicAccess:
    """Anybody; who is signed in is known all the same."""

    def names(self) -> tuple[str, ...]:
        """Just `public`."""
        return (PUBLIC,)

    async def __call__(self, request: Request) -> Principal | None:
        """Return who asks, or None; a token that is no good counts as none."""
        try:
            session = session_of(request)
        except Unauthenticated:
            return None
        principal = session.principal if session else None
        exchange_of(request.scope).principal = principal
        return principal


@dataclass(frozen=True, slots=True)
class AddressAccess:
    """Whoever holds the signed address; the endpoint checks it, and reads `query_names` of its query."""

    signed_by: str
    query_names: frozenset[str]

    def names(self) -> tuple[str, ...]:
        """What signs the address."""
        return (f"address:{self.signed_by}",)

    async def __call__(self, request: Request) -> None:
        """Let the endpoint check."""


def require(*roles: Role) -> Any:
    """Declare which roles may use a route, none named meaning all.

    As a parameter: `who: Annotated[Principal, require(Role.HEAD)]`; or among the route's `dependencies`.
    """
    return Depends(RoleAccess(frozenset(roles or Role)))


def public() -> Any:
    """Declare that anybody may use a route.

    As a parameter: `who: Annotated[Principal | None, public()]`; or among the route's `dependencies`.
    """
    return Depends(PublicAccess())


def signed_address(signed_by: str, query_names: frozenset[str]) -> Any:
    """Declare a route whose address carries its own permission: `dependencies=[signed_address("upload", UPLOAD_QUERY)]`."""
    return Depends(AddressAccess(signed_by, query_names))


async def _stamp(request: Request) -> datetime:
    return stamp_of(request.scope)


async def _session(request: Request) -> Session:
    session = session_of(request)
    if session is None:
        raise Unauthenticated("请先登录。", "No access token.")
    return session


CurrentPrincipal = Annotated[Principal, require()]
CurrentSession = Annotated[Session, Depends(_session)]
Received = Annotated[datetime, Depends(_stamp)]
"""The instant at which this write's headers had been read, in system time."""


def session_of(request: Request) -> Session | None:
    """Return the session of a bearer token or of the cookie, None without either. Raises `Unauthenticated`."""
    token = token_of(request)
    if token is None:
        return None
    state = request.app.state
    verified: Session = state.verifier.verify(token, now=state.context.clock.now())
    return verified


def token_of(request: Request) -> str | None:
    """Return the access token; one sent as a bearer goes before the cookie."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return request.cookies.get(COOKIE)


def session_cookie(token: str, settings: Settings) -> str:
    """Return the Set-Cookie header that keeps a token."""
    secure = "; Secure" if settings.session_cookie_secure else ""
    return f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={settings.session_idle_s}{secure}"


def ended_cookie() -> str:
    """Return the Set-Cookie header that forgets the token."""
    return f"{COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """One line of the authorisation matrix."""

    method: str
    path: str
    access: tuple[str, ...]


def route_access(app: FastAPI) -> list[RouteAccess]:
    """Return every route with who may use it. Raises TypeError for one that declares nothing, or two things."""
    return sorted(_lines(app), key=lambda line: (line.path, line.method))


def _lines(app: FastAPI) -> Iterator[RouteAccess]:
    for context in iter_route_contexts(app.routes):
        access = _declared(context)
        for method in sorted(context.methods or ()):
            yield RouteAccess(method, context.path or "", access)


def _declared(context: RouteContext) -> tuple[str, ...]:
    if not isinstance(context.original_route, StrictRoute):
        raise TypeError(f"{context.path} is not a route of services.kernel.web.Router")
    found = {access.names() for access in _accesses(context.dependant)}
    if len(found) != 1:
        raise TypeError(f"{context.path} must declare exactly once who may use it: require(…), public() or signed_address(…)")
    return found.pop()


def _accesses(dependant: Dependant) -> Iterator[Access]:
    if isinstance(dependant.call, (RoleAccess, PublicAccess, AddressAccess)):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _accesses(inner)
