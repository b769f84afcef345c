"""Who asks, as the routes of intake declare it, and the part of a body that every model shares."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.kernel.auth import Principal, Role
from services.kernel.web import require

Liaison = Annotated[Principal, require(Role.LIAISON)]
UnitHead = Annotated[Principal, require(Role.UNIT_HEAD)]
Unit = Annotated[Principal, require(Role.LIAISON, Role.UNIT_HEAD)]
Organiser = Annotated[Principal, require(Role.CLERK, Role.HEAD)]
Head = Annotated[Principal, require(Role.HEAD)]
UnitOrOrganiser = Annotated[Principal, require(Role.LIAISON, Role.UNIT_HEAD, Role.CLERK, Role.HEAD)]
Anyone = Annotated[Principal, require()]

Text = Annotated[str, StringConstraints(max_length=10_000)]
Line = Annotated[str, StringConstraints(max_length=200)]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Body(BaseModel):
    """A request's body: closed to members it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def is_organiser(who: Principal) -> bool:
    """Whether the person sees every unit."""
    return who.role in {Role.CLERK, Role.HEAD}
