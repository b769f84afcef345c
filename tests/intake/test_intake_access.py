"""Who may use each route of intake, in one table; and nobody else may."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import S0, Person, World, enter, own_list

from services.kernel.auth import Limits, Principal, Role, mint
from services.kernel.web import route_access
from services.kernel.web.app import build_app

ALL = tuple(sorted(Role))
ORGANISER = ("clerk", "head")
UNIT = ("liaison", "unit_head")
SEES = ("clerk", "head", "liaison", "unit_head")
PUBLIC = ("public",)
UPLOAD = ("address:upload",)

TABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "/accounts": {"GET": ("clerk", "head", "unit_head"), "POST": PUBLIC},
    "/accounts/{account_id}": {"DELETE": ("clerk", "head", "unit_head")},
    "/accounts/{account_id}/reset-code": {"POST": ("clerk", "head", "operator", "unit_head")},
    "/campaigns": {"GET": ALL, "POST": ORGANISER},
    "/campaigns/{campaign_id}": {"GET": ALL, "PUT": ORGANISER},
    "/campaigns/{campaign_id}/export": {"GET": ALL},
    "/campaigns/{campaign_id}/letters": {"GET": ORGANISER},
    "/campaigns/{campaign_id}/liaisons": {"GET": ORGANISER},
    "/campaigns/{campaign_id}/publication": {"POST": ORGANISER},
    "/campaigns/{campaign_id}/publication/confirmation": {"POST": ("head",)},
    "/campaigns/{campaign_id}/readings/{reading_id}": {"PUT": ORGANISER},
    "/clock": {"GET": PUBLIC, "PUT": ("clerk", "head", "operator")},
    "/invitations": {"GET": ORGANISER, "POST": ORGANISER},
    "/invitations/redemption": {"POST": UNIT},
    "/invitations/{invitation_id}": {"DELETE": ORGANISER},
    "/late": {"GET": SEES},
    "/lists": {"GET": SEES},
    "/lists/{list_id}": {"GET": SEES},
    "/lists/{list_id}/acceptance": {"POST": ORGANISER},
    "/lists/{list_id}/history": {"GET": SEES},
    "/lists/{list_id}/lock": {"POST": ("liaison",), "DELETE": UNIT},
    "/lists/{list_id}/lock/confirmation": {"POST": ("unit_head",)},
    "/lists/{list_id}/order": {"PUT": ("liaison",)},
    "/lists/{list_id}/paper": {"GET": SEES},
    "/lists/{list_id}/statements": {"POST": ("liaison",)},
    "/office": {"GET": ORGANISER, "PUT": ("head",)},
    "/receipts": {"GET": SEES},
    "/receipts/keys": {"GET": PUBLIC},
    "/receipts/{number}": {"GET": SEES},
    "/receipts/{number}/document": {"GET": SEES},
    "/session": {"GET": ALL, "POST": PUBLIC, "DELETE": ALL},
    "/session/renew": {"POST": ALL},
    "/session/reset": {"POST": PUBLIC},
    "/units": {"GET": ALL},
    "/uploads": {"OPTIONS": PUBLIC, "POST": ("liaison",)},
    "/uploads/{upload_id}": {
        "OPTIONS": PUBLIC, "HEAD": UPLOAD, "PATCH": UPLOAD, "POST": UPLOAD, "DELETE": UPLOAD,
    },
    "/works": {"GET": SEES, "POST": ("liaison",)},
    "/works/{work_id}": {"GET": SEES, "PATCH": ("liaison",)},
    "/works/{work_id}/acceptance": {"POST": ORGANISER},
    "/works/{work_id}/consent": {"POST": ("liaison",)},
    "/works/{work_id}/files/{file_id}": {"DELETE": ("liaison",)},
    "/works/{work_id}/files/{file_id}/ticks": {"POST": SEES},
    "/works/{work_id}/history": {"GET": SEES},
    "/works/{work_id}/listing": {"POST": ("liaison",), "DELETE": ("liaison",)},
    "/works/{work_id}/mending": {"POST": ("liaison",)},
    "/works/{work_id}/rejection": {"POST": ORGANISER},
    "/works/{work_id}/release": {"POST": ("head",)},
    "/works/{work_id}/return": {"POST": ORGANISER},
    "/works/{work_id}/submission": {"POST": ("liaison",)},
    "/works/{work_id}/withdrawal": {"POST": ("liaison",)},
}  # fmt: skip
SHARED = {"/healthz", "/readyz", "/metrics"}


def test_every_route_stands_in_the_table(world: World) -> None:
    lines = [line for line in route_access(build_app(world.context)) if line.path not in SHARED and "/ops/" not in line.path]
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for line in lines:
        found.setdefault(line.path, {})[line.method] = line.access
    assert found == {path: {**methods} for path, methods in TABLE.items()}


def test_nobody_else_may(world: World) -> None:
    """Ask each route in each role that the table does not name, with a session that is good."""
    clock = world.context.clock.now()
    people = {
        role: Person(
            world,
            mint(
                world.context.keys,
                Principal(f"a-{role}", f"s-{role}", role, "yunzhan" if role in UNIT else None),
                begun_at=clock,
                now=clock,
                limits=Limits(),
            ),
        )
        for role in Role
    }
    filled = {"{campaign_id}": S0}
    for path, methods in TABLE.items():
        address = path
        for name, value in filled.items():
            address = address.replace(name, value)
        for method, access in methods.items():
            if access in {PUBLIC, UPLOAD}:
                continue
            body = {} if method in {"POST", "PUT", "PATCH"} else None
            for role in set(Role) - set(access):
                assert people[role].ask(method, address, body).status_code == 403, f"{role} {method} {path}"
            assert world.client.request(method, address, json=body).status_code == 401, f"nobody {method} {path}"


OWN_UNIT_ONLY = [
    ("GET", "/works/{work}"), ("PATCH", "/works/{work}"), ("POST", "/works/{work}/submission"),
    ("POST", "/works/{work}/withdrawal"), ("POST", "/works/{work}/listing"), ("DELETE", "/works/{work}/listing"),
    ("POST", "/works/{work}/consent"), ("POST", "/works/{work}/mending"), ("GET", "/works/{work}/history"),
    ("GET", "/lists/{list}"), ("PUT", "/lists/{list}/order"), ("POST", "/lists/{list}/statements"),
    ("POST", "/lists/{list}/lock"), ("DELETE", "/lists/{list}/lock"), ("GET", "/lists/{list}/paper"),
    ("GET", "/receipts?work_id={work}"), ("GET", "/receipts?list_id={list}"),
]  # fmt: skip
BODIES = {
    "consent": {"given": True, "given_by": "x"},
    "order": {"work_ids": []},
    "statements": {"track": "stories", "text": "x"},
}


@pytest.mark.parametrize(("method", "path"), OWN_UNIT_ONLY)
def test_another_units_things_look_as_if_they_did_not_exist(world: World, method: str, path: str) -> None:
    other = world.people["石溪"]
    work, row = enter(other, "石桥夜话"), own_list(other)
    body = BODIES.get(path.rsplit("/", 1)[-1], {}) if method in {"POST", "PUT", "PATCH"} else None
    asked = [
        world.people["沈禾"].ask(method, path.format(work=work_id, list=list_id), body, If_Match='"1"')
        for work_id, list_id in ((work["work_id"], row["list_id"]), ("0192f000-none", "0192f000-none"))
    ]
    assert [answer.status_code for answer in asked] == [404, 404]
    told_ = [{**answer.json(), "instance": ""} for answer in asked]
    assert told_[0] == told_[1]


def test_no_personal_word_stands_in_the_open_part_of_an_event(world: World) -> None:
    liaison, canaries = world.people["沈禾"], ["罗桂枝金丝雀", "100-0000-7777", "灯下三代人的长故事" * 5]
    work = enter(liaison, "灯下三代人", "家庭", performers=[canaries[0]], contact_phone=canaries[1], story=canaries[2])
    world.clock("2024-09-25 09:00:00")
    liaison.post(f"/works/{work['work_id']}/submission")
    world.settle()
    for database in Path(world.home).glob("*.db"):
        service = world.platform.services[database.stem].database
        for (data,) in service.look(lambda rows: rows.exec_driver_sql("SELECT data FROM outbox").all()):
            assert not [canary for canary in canaries if canary in bytes(data).decode()], database.stem
    (personal,) = world.rows("SELECT personal FROM outbox WHERE type = 'laurel.work.submitted.v1'")
    assert canaries[0] in bytes(personal["personal"]).decode()
    assert canaries[1] not in bytes(personal["personal"]).decode()
