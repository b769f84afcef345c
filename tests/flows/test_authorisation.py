"""Who may do what: every route of all five services, in one table, asked for through HTTP by everybody.

A line is service, method, path, who may (C clerk, H head, L liaison, U unit's head, E expert, O operator; `public`;
`address:…` for whoever holds a signed address) and the relation: what a person of another unit, or another expert, must
not be able to tell from what does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from services.kernel.auth import Principal, Role
from services.kernel.auth.sessions import Limits, mint
from services.kernel.ids import new_id
from services.kernel.settings import Settings
from services.kernel.web import build_app, route_access
from services.runtime import Platform

LETTERS = {
    "C": Role.CLERK,
    "H": Role.HEAD,
    "L": Role.LIAISON,
    "U": Role.UNIT_HEAD,
    "E": Role.EXPERT,
    "O": Role.OPERATOR,
}

MATRIX = """
intake  GET     /accounts                                     CHU            -
intake  POST    /accounts                                     public         -
intake  DELETE  /accounts/{account_id}                        CHU            account
intake  POST    /accounts/{account_id}/reset-code             CHUO           account
intake  GET     /campaigns                                    CHLUEO         -
intake  POST    /campaigns                                    CH             -
intake  GET     /campaigns/{campaign_id}                      CHLUEO         -
intake  PUT     /campaigns/{campaign_id}                      CH             -
intake  GET     /campaigns/{campaign_id}/export               CHLUEO         -
intake  GET     /campaigns/{campaign_id}/letters              CH             -
intake  GET     /campaigns/{campaign_id}/liaisons             CH             -
intake  POST    /campaigns/{campaign_id}/publication          CH             -
intake  POST    /campaigns/{campaign_id}/publication/confirmation H              -
intake  PUT     /campaigns/{campaign_id}/readings/{reading_id} CH             -
intake  GET     /clock                                        public         -
intake  PUT     /clock                                        CHO            -
intake  GET     /invitations                                  CH             -
intake  POST    /invitations                                  CH             -
intake  POST    /invitations/redemption                       LU             -
intake  DELETE  /invitations/{invitation_id}                  CH             -
intake  GET     /late                                         CHLU           -
intake  GET     /lists                                        CHLU           -
intake  GET     /lists/{list_id}                              CHLU           list
intake  POST    /lists/{list_id}/acceptance                   CH             list
intake  DELETE  /lists/{list_id}/lock                         LU             list
intake  GET     /lists/{list_id}/history                      CHLU           list
intake  POST    /lists/{list_id}/lock                         L              list
intake  POST    /lists/{list_id}/lock/confirmation            U              list
intake  PUT     /lists/{list_id}/order                        L              list
intake  GET     /lists/{list_id}/paper                        CHLU           list
intake  POST    /lists/{list_id}/statements                   L              list
intake  GET     /office                                       CH             -
intake  PUT     /office                                       H              -
intake  GET     /receipts                                     CHLU           -
intake  GET     /receipts/keys                                public         -
intake  GET     /receipts/{number}                            CHLU           receipt
intake  GET     /receipts/{number}/document                   CHLU           receipt
intake  DELETE  /session                                      CHLUEO         -
intake  GET     /session                                      CHLUEO         -
intake  POST    /session                                      public         -
intake  POST    /session/renew                                CHLUEO         -
intake  POST    /session/reset                                public         -
intake  GET     /units                                        CHLUEO         -
intake  OPTIONS /uploads                                      public         -
intake  POST    /uploads                                      L              -
intake  DELETE  /uploads/{upload_id}                          address:upload -
intake  HEAD    /uploads/{upload_id}                          address:upload -
intake  OPTIONS /uploads/{upload_id}                          public         -
intake  PATCH   /uploads/{upload_id}                          address:upload -
intake  POST    /uploads/{upload_id}                          address:upload -
intake  GET     /works                                        CHLU           -
intake  POST    /works                                        L              -
intake  GET     /works/{work_id}                              CHLU           work
intake  PATCH   /works/{work_id}                              L              work
intake  POST    /works/{work_id}/acceptance                   CH             work
intake  POST    /works/{work_id}/consent                      L              work
intake  DELETE  /works/{work_id}/files/{file_id}              L              work
intake  POST    /works/{work_id}/files/{file_id}/ticks        CHLU           work
intake  GET     /works/{work_id}/history                      CHLU           work
intake  DELETE  /works/{work_id}/listing                      L              work
intake  POST    /works/{work_id}/listing                      L              work
intake  POST    /works/{work_id}/mending                      L              work
intake  POST    /works/{work_id}/rejection                    CH             work
intake  POST    /works/{work_id}/release                      H              work
intake  POST    /works/{work_id}/return                       CH             work
intake  POST    /works/{work_id}/submission                   L              work
intake  POST    /works/{work_id}/withdrawal                   L              work
media   GET     /assets/{asset_id}                            CHLUO          asset
media   POST    /assets/{asset_id}/retry                      CHLUO          asset
media   GET     /bytes/{object_key:path}                      address:bytes  -
media   HEAD    /bytes/{object_key:path}                      address:bytes  -
review  GET     /ballots                                      E              -
review  GET     /ballots/{ballot_id}                          E              ballot
review  PUT     /ballots/{ballot_id}/draft                    E              ballot
review  POST    /ballots/{ballot_id}/recuse                   E              ballot
review  POST    /ballots/{ballot_id}/submit                   E              ballot
review  GET     /experts                                      CH             -
review  GET     /results                                      public         -
review  GET     /results/{result_id}                          public         -
review  GET     /rounds                                       CH             -
review  POST    /rounds                                       C              -
review  GET     /rounds/{round_id}                            CH             -
review  POST    /rounds/{round_id}/close                      C              -
review  POST    /rounds/{round_id}/confirm                    H              -
review  POST    /rounds/{round_id}/experts                    C              -
review  POST    /rounds/{round_id}/open                       C              -
review  POST    /rounds/{round_id}/publish                    CH             -
review  GET     /rounds/{round_id}/record                     CH             -
review  GET     /rounds/{round_id}/recusals                   C              -
review  POST    /rounds/{round_id}/reminders                  C              -
review  PUT     /rounds/{round_id}/rubric                     C              -
review  GET     /rounds/{round_id}/tally                      CH             -
review  POST    /rounds/{round_id}/ties                       C              -
notify  GET     /messages                                     CHLUEO         -
notify  GET     /messages/{message_id}                        CHLUEO         message
notify  POST    /messages/{message_id}/read                   CHLUEO         message
notify  GET     /record/heads                                 public         -
search  GET     /exclusions                                   CH             -
search  GET     /exclusions/{work_id}                         CHLU           exclusion
search  POST    /exclusions/{work_id}/decisions               CH             exclusion
search  GET     /stories                                      public         -
search  POST    /stories/rebuild                              O              -
search  GET     /stories/staff                                CHLUO          -
search  GET     /stories/{work_id}                            public         -
search  GET     /winners                                      CHO            -
search  POST    /winners/check                                CHO            -
search  GET     /winners/imports                              CHO            -
search  POST    /winners/imports                              CHO            -
search  GET     /winners/imports/{import_id}                  CHO            -
search  POST    /winners/imports/{import_id}/undo             CHO            -
"""

OF_EACH_SERVICE = """
GET     /healthz                                public
GET     /readyz                                 public
GET     /metrics                                public
GET     /ops/{service}/deadletters                       O
GET     /ops/{service}/deadletters/{event_id}            O
POST    /ops/{service}/deadletters/{event_id}/drop       O
POST    /ops/{service}/deadletters/{event_id}/retry      O
GET     /ops/{service}/events                            O
GET     /ops/{service}/events/place                      O
GET     /ops/{service}/state                             O
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the matrix."""

    service: str
    method: str
    path: str
    who: str
    relation: str

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset() if ":" in self.who or self.who == "public" else frozenset(LETTERS[letter] for letter in self.who)

    @property
    def access(self) -> tuple[str, ...]:
        return tuple(sorted(self.roles)) or (self.who,)

    def filled(self, **ids: str) -> str:
        """Return the path with these ids, and ids of nothing in the other places."""
        parts = [ids.get(part[1:-1], new_id()) if part.startswith("{") else part for part in self.path.split("/")]
        return "/".join(parts)


def lines() -> list[Line]:
    written = [Line(*line.split()) for line in MATRIX.strip().splitlines()]
    services = sorted({line.service for line in written})
    each = [line.split() for line in OF_EACH_SERVICE.strip().splitlines()]
    return written + [
        Line(service, method, path.replace("{service}", service), who, "-")
        for service in services
        for method, path, who in each
    ]


class Inside:
    """A platform in this process, and tokens for anybody."""

    def __init__(self, home: Path) -> None:
        self.platform = Platform(Settings(home=home, rehearsal=True, argon2_memory_kib=8192, argon2_time_cost=1))
        self.platform.start()
        self.http = TestClient(self.platform.app(), base_url="http://laurel.test", raise_server_exceptions=False)

    def routes(self) -> set[tuple[str, str, str, tuple[str, ...]]]:
        return {
            (name, each.method, each.path, tuple(str(one) for one in each.access))
            for name, running in self.platform.services.items()
            for each in route_access(build_app(running.context))
        }

    def token(self, role: Role) -> str:
        unit = "yunzhan" if role in {Role.LIAISON, Role.UNIT_HEAD} else None
        now, keys = datetime.now(UTC), self.platform.services["intake"].context.keys
        return mint(keys, Principal(new_id(), new_id(), role, unit), begun_at=now, now=now, limits=Limits())

    def status(self, line: Line, role: Role | None) -> int:
        headers = {"If-Match": '"1"', "Tus-Resumable": "1.0.0"}
        if role is not None:
            headers["Authorization"] = f"Bearer {self.token(role)}"
        body = {"json": {}} if line.method in {"POST", "PUT", "PATCH"} else {}
        self.http.cookies.clear()
        return int(self.http.request(line.method, line.filled(), headers=headers, **body).status_code)

    def misasked(self, line: Line) -> tuple[int, str]:
        """Ask with a parameter that no route has. A HEAD is answered without a body."""
        role = min(line.roles, default=Role.CLERK)
        headers = {"If-Match": '"1"', "Tus-Resumable": "1.0.0", "Authorization": f"Bearer {self.token(role)}"}
        answer = self.http.request(line.method, line.filled() + "?no_such_thing=1", headers=headers)
        return answer.status_code, "" if line.method == "HEAD" else answer.json()["errors"][0]["field"]


SPEAK_FOR_ALL = {"/healthz", "/readyz", "/metrics"}  # probes and scrapers bring parameters of their own


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    made = Inside(tmp_path_factory.mktemp("matrix"))
    try:
        yield made
    finally:
        made.platform.stop()


def test_every_route_is_in_the_matrix(inside: Inside) -> None:
    written = {(line.service, line.method, line.path, line.access) for line in lines()}
    assert written == inside.routes()
    assert len(written) == len(lines())


def test_only_those_of_the_matrix_are_let_in(inside: Inside) -> None:
    wrong = []
    for line in lines():
        for role in (None, *Role):
            status = inside.status(line, role)
            if not _as_expected(line, role, status):
                wrong.append((line, role, status))
    assert not wrong


def test_no_route_ignores_a_query_that_it_does_not_know(inside: Inside) -> None:
    """A mistyped filter would otherwise show everything as if it were what was asked for."""
    answered = [(line, inside.misasked(line)) for line in lines() if line.path not in SPEAK_FOR_ALL]
    assert not [(line, told) for line, told in answered if told not in {(422, "no_such_thing"), (422, "")}]


@pytest.mark.parametrize(
    "path", ["/works?after=x", "/works?after=%27%20OR%201", "/messages?before=../x", "/ops/intake/events?after=-1"]
)
def test_a_broken_place_in_a_list_is_told(inside: Inside, path: str) -> None:
    role = Role.OPERATOR if path.startswith("/ops") else Role.CLERK
    answer = inside.http.get(path, headers={"Authorization": f"Bearer {inside.token(role)}"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:laurel:problem:invalid-fields")
    assert [error["field"] for error in answer.json()["errors"]] == [path.partition("?")[2].partition("=")[0]]


def _as_expected(line: Line, role: Role | None, status: int) -> bool:
    """No session: 401. Another role: 403. Whoever may: neither, and never a fault of ours."""
    if line.who.startswith("address:"):
        return status in {403, 404}
    if not line.roles:
        return status < 500 and (status not in {401, 403} or line.path == "/session")
    if role is None:
        return status == 401
    if role not in line.roles:
        return status == 403
    return status < 500 and status not in {401, 403}
