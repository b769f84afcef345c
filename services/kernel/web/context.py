"""The running service, as an endpoint's parameter."""

from typing import Annotated

from fastapi import Depends, Request

from services.kernel.service import Context


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Ctx = Annotated[Context, Depends(_context)]
