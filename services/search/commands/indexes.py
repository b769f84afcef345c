"""`laurel search` and `laurel index rebuild`: the full text of stories, on a home or at the platform that runs on it.

Exit codes of search: 0 found, 1 nothing found. Of a rebuild: 0 done, or asked of the platform. Of both: 3 not done, 64 usage.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

from services.kernel.command_line import CommandLine
from services.kernel.settings import Settings
from services.search.commands.desk import DEFAULT_HOME, Home, Json, Reach, ask
from services.search.domain.stories import PUBLIC, STAFF

FOUND, NOTHING = 0, 1
Query = Annotated[str, typer.Argument(metavar="QUERY", help="检索词；几个词之间用空格，须全部出现")]
AsStaff = Annotated[bool, typer.Option("--staff", help="检索全部已提交的作品；不写时只检索已公布的")]
Limit = Annotated[int, typer.Option(metavar="N", min=1, max=100, help="最多显示几件")]


class IndexName(StrEnum):
    """An index that can be rebuilt."""

    STAFF = STAFF.name
    PUBLIC = PUBLIC.name


Name = Annotated[IndexName | None, typer.Argument(metavar="NAME", help="stories-staff 或 stories-public；不写时两个都重建")]


def add_to(app: CommandLine, reach: Reach) -> None:
    """Add both commands to the command line."""
    index = CommandLine(help="全文索引。Indexes of full text.")
    app.add_typer(index, name="index")

    @app.command(help="全文检索作品：0 有结果，1 没有结果，3 没有办成，64 用法有误。Search stories.")
    def search(  # options of a command
        query: Query, staff: AsStaff = False, limit: Limit = 20, home: Home = DEFAULT_HOME, as_json: Json = False
    ) -> None:
        """Search stories."""
        found = _search(reach, Settings(home=home), query, staff=staff, limit=limit)
        for line in [json.dumps(found, ensure_ascii=False)] if as_json else _lines(found):
            typer.echo(line)
        raise typer.Exit(FOUND if found["total"] else NOTHING)

    @index.command(
        help="用已存的作品重建全文索引，重建时检索照常：0 已重建或已交平台重建，3 没有办成，64 用法有误。Rebuild them."
    )
    def rebuild(name: Name = None, home: Home = DEFAULT_HOME, as_json: Json = False) -> None:
        """Fill the indexes anew."""
        told = _rebuild(reach, Settings(home=home), name)
        sentence = f"平台正在重建索引，任务编号{told['job']}。" if told["job"] else f"已重建索引，共{told['works']:,}件作品。"
        typer.echo(json.dumps(told) if as_json else sentence)


def _search(reach: Reach, settings: Settings, query: str, *, staff: bool, limit: int) -> dict[str, Any]:
    if address := reach.address(settings.home):
        where = "/stories/staff" if staff else "/stories"
        return ask(settings, "GET", f"{address}{where}", {"q": query, "limit": limit})
    from pydantic_core import to_jsonable_python  # noqa: PLC0415 - other commands start faster without

    from services.kernel.search_index import SearchRequest  # noqa: PLC0415 - other commands start faster without
    from services.search.actions import finding, indexes  # noqa: PLC0415 - other commands start faster without

    with reach.alone(settings) as context:
        while indexes.feed(context.database, context.index):
            pass
        asked = SearchRequest(query, limit=limit, facets=finding.FACETS)
        page = finding.page(context.index, STAFF.name if staff else PUBLIC.name, asked)
    found: dict[str, Any] = to_jsonable_python(page)
    return found


def _rebuild(reach: Reach, settings: Settings, name: IndexName | None) -> dict[str, Any]:
    """Return the job of the platform that was asked, or how many works the files hold."""
    if address := reach.address(settings.home):
        asked = ask(settings, "POST", f"{address}/stories/rebuild", {"index": name.value} if name else None)
        return {"job": asked["job"], "works": None}
    from services.search.actions import indexes  # noqa: PLC0415 - other commands start faster without

    with reach.alone(settings) as context:
        return {"job": None, "works": indexes.rebuild(context.database, context.index, name and name.value)}


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"共{found['total']:,}件，显示{len(found['hits'])}件。"
    for hit in found["hits"]:
        story = hit["story"]
        told = " ".join(filter(None, (hit["unit_name"], hit["year"], hit["outcome"])))
        yield f"《{hit['title']['text']}》 {told} {hit['work_id']}"
        yield f"  {' '.join(story['text'].split())}{'……' if story['cut'] else ''}"
