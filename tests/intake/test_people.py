"""Accounts, sessions, forgotten passwords and who may do what, through the HTTP API."""

from __future__ import annotations

from typing import Any

import pytest
from world import PASSWORD, S0, Person, World, enter, refused, told

from services.intake.actions.invitations import first_organiser_code
from services.intake.domain.people import FREE_ATTEMPTS


def sign_in(world: World, login: str, password: str = PASSWORD, **more: Any) -> Any:
    return world.client.post("/session", json={"login": login, "password": password, **more})


def test_the_first_code_is_renewed_at_each_start_until_it_is_used(empty: World) -> None:
    first, second = first_organiser_code(empty.context), first_organiser_code(empty.context)
    assert first is not None
    assert second is not None
    body = {"code": first, "name": "陆砚秋", "mobile": "10000000901", "email": "a@jiangzhou.example", "password": PASSWORD}
    assert empty.client.post("/accounts", json=body).status_code == 404
    told(empty.client.post("/accounts", json=body | {"code": second}), 201)
    assert first_organiser_code(empty.context) is None


def test_a_session_is_read_renewed_and_ended_everywhere(world: World) -> None:
    answer = told(sign_in(world, "10000000010"), 200)
    liaison = Person(world, answer["token"])
    assert (answer["role_label"], answer["unit_id"]) == ("联络员", "yunzhan")
    assert liaison.get("/session")["account"]["name"] == "沈禾"
    renewed = Person(world, told(liaison.post("/session/renew"), 200)["token"])
    assert renewed.get("/session")["begun_at"] == answer["begun_at"]
    told(renewed.delete("/session"), 204)
    assert liaison.ask("GET", "/session").status_code == 401
    world.settle()
    for path in ("/works", "/rounds", "/messages"):
        assert liaison.ask("GET", path).status_code in {401, 404}, path
    assert len(world.events("session.ended")) == 1


def test_the_mailbox_signs_in_too_and_spelling_does_not_matter(world: World) -> None:
    for login in ("P10@jiangzhou.example", "+86 100-0000-0010", "１００００００００１０"):
        assert sign_in(world, login).status_code == 200, login


def test_an_unknown_login_and_a_wrong_password_answer_alike_and_wait_alike(world: World) -> None:
    for _ in range(FREE_ATTEMPTS):
        answers = [sign_in(world, login, "wrong password") for login in ("10000000010", "19900000000")]
        told_ = [{**answer.json(), "instance": ""} for answer in answers]
        assert told_[0] == told_[1]
        assert told_[0]["message"] == "手机号码（或邮箱）与密码不符，请核对。"
    held = [sign_in(world, login, "wrong password") for login in ("10000000010", "19900000000")]
    assert [answer.status_code for answer in held] == [429, 429]
    assert held[0].headers["retry-after"] == held[1].headers["retry-after"]


def test_strangers_who_try_passwords_do_not_lock_a_known_device_out(world: World) -> None:
    device = told(sign_in(world, "10000000010"), 200)["device"]
    for _ in range(FREE_ATTEMPTS):
        sign_in(world, "10000000010", "wrong password")
    assert sign_in(world, "10000000010").status_code == 429, "a stranger waits, also with the right password"
    assert sign_in(world, "10000000010", device=device).status_code == 200
    others = told(sign_in(world, "10000000020"), 200)["device"]
    assert sign_in(world, "10000000010", device=others).status_code == 429, "another person's device is a stranger"


def test_a_forgotten_password_is_set_by_a_code_that_the_units_head_prints(world: World) -> None:
    liaison, head = world.people["沈禾"], world.people["韩思远"]
    mine = liaison.get("/session")["account"]["account_id"]
    theirs = world.people["石溪"].get("/session")["account"]["account_id"]
    assert head.post(f"/accounts/{theirs}/reset-code").status_code == 404
    code = told(head.post(f"/accounts/{mine}/reset-code"), 201)["code"]
    body = {"code": code, "password": "另一个足够长的密码二"}
    weak = world.client.post("/session/reset", json=body | {"password": "short"})
    assert refused(weak, 422) == "密码至少10个字符。"
    again = Person(world, told(world.client.post("/session/reset", json=body), 200)["token"])
    assert again.get("/session")["account"]["account_id"] == mine
    assert liaison.ask("GET", "/session").status_code == 401, "every session from before has ended"
    assert sign_in(world, "10000000010").status_code == 401
    assert sign_in(world, "10000000010", "另一个足够长的密码二").status_code == 200
    assert refused(world.client.post("/session/reset", json=body), 410).startswith("一次性密码已使用")


def test_a_clerk_cannot_help_the_head_to_a_password_nor_invite_one(world: World) -> None:
    head = world.head.get("/session")["account"]["account_id"]
    assert world.clerk.post(f"/accounts/{head}/reset-code").status_code == 404
    assert world.clerk.post("/invitations", {"role": "head"}).status_code == 403
    assert world.clerk.delete(f"/accounts/{head}").status_code == 403
    assert refused(world.head.delete(f"/accounts/{head}"), 409).startswith("这是唯一的负责人账号")


def test_an_ended_account_is_refused_everywhere_and_its_name_stays(world: World) -> None:
    liaison = world.people["沈禾"]
    enter(liaison, "夜班后的课堂")
    mine = liaison.get("/session")["account"]["account_id"]
    told(world.people["韩思远"].delete(f"/accounts/{mine}"), 204)
    assert liaison.ask("GET", "/works").status_code == 401
    assert sign_in(world, "10000000010").status_code == 401
    assert len(world.events("account.ended")) == 1
    world.settle()
    assert liaison.ask("GET", "/rounds").status_code == 401
    letter = told(world.clerk.post("/invitations", {"role": "liaison", "campaign_id": S0, "unit_id": "yunzhan"}), 201)
    assert world.redeem(letter["code"], "顾青萝", 10).account["unit_id"] == "yunzhan", "the number is free again"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mobile": "12345"}, "手机号码应为1开头的11位数字，请核对。"),
        ({"email": "nobody"}, "电子邮箱应写成“名称@域名”，请核对。"),
        ({"password": "aaaaaaaaaaaa"}, "密码过于简单，请换一个。"),
        ({"mobile": "10000000010"}, "该手机号码已用于另一个账号。请换一个号码；如是本人的账号，请登录后再使用开通码。"),
        ({"name": ""}, "name至少1个字符。"),
    ],
)
def test_what_does_not_do_is_said_and_the_code_stays_unused(world: World, change: dict[str, str], sentence: str) -> None:
    code = world.letters()["fengji", "liaison"]
    body = {"code": code, "name": "枫林", "mobile": "10000000500", "email": "f@jiangzhou.example", "password": PASSWORD}
    answer = world.client.post("/accounts", json=body | change)
    assert answer.status_code in {409, 422}
    assert answer.json()["message"] == sentence
    told(world.client.post("/accounts", json=body), 201)


def test_opening_an_account_twice_with_one_key_opens_it_once(world: World) -> None:
    code = world.letters()["fengji", "liaison"]
    body = {"code": code, "name": "枫林", "mobile": "10000000500", "email": "f@jiangzhou.example", "password": PASSWORD}
    first, second = (world.client.post("/accounts", json=body, headers={"Idempotency-Key": "open-1"}) for _ in range(2))
    assert (first.status_code, first.json()) == (201, second.json())


def test_experts_are_invited_with_or_without_an_employer(world: World) -> None:
    letter = told(world.clerk.post("/invitations", {"role": "expert", "campaign_id": S0, "unit_id": "yunzhan"}), 201)
    expert = world.redeem(letter["code"], "林见川", 600)
    assert (expert.account["unit_id"], expert.account["campaign_id"]) == ("yunzhan", S0)
    assert expert.ask("GET", "/works").status_code == 403
    assert world.clerk.post("/invitations", {"role": "liaison"}).status_code == 422
    assert world.clerk.post("/invitations", {"role": "expert", "campaign_id": S0, "unit_id": "nowhere"}).status_code == 404
    told(world.clerk.post("/invitations", {"role": "expert"}), 201)


def test_a_void_letter_opens_nothing(world: World) -> None:
    letter = told(world.clerk.post("/invitations", {"role": "expert"}), 201)
    told(world.clerk.delete(f"/invitations/{letter['invitation_id']}"), 204)
    body = {
        "code": letter["code"],
        "name": "林见川",
        "mobile": "10000000600",
        "email": "l@jiangzhou.example",
        "password": PASSWORD,
    }
    assert refused(world.client.post("/accounts", json=body), 410).startswith("开通码已作废")
