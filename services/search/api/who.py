"""Who may ask."""

from __future__ import annotations

from typing import Annotated

from services.kernel.auth import Principal, Role
from services.kernel.web import public, require

ORGANISER = (Role.CLERK, Role.HEAD)

Anybody = Annotated[Principal | None, public()]
Staff = Annotated[Principal, require(*ORGANISER, Role.LIAISON, Role.UNIT_HEAD)]
StaffOrOperator = Annotated[Principal, require(*ORGANISER, Role.LIAISON, Role.UNIT_HEAD, Role.OPERATOR)]
Keeper = Annotated[Principal, require(*ORGANISER, Role.OPERATOR)]
Organiser = Annotated[Principal, require(*ORGANISER)]
