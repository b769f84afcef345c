"""People whose data comes by events are found in no message, log, metric, address or public event."""

from __future__ import annotations

import pytest
from canaries import PERSONAL, SECRET, Canaries, Watch
from notify_events import advanced, assigned, judged, receipt, reminded, result, returned

from services.kernel import logs
from services.kernel.auth import Role
from services.kernel.contracts.events import AccountOpened, Contact, WorkContent


@pytest.fixture
def people():
    return Canaries.invent(seed=4)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "platform.log"
    with path.open("w", encoding="utf-8") as stream:
        logs.configure("debug", stream)
        yield path
    logs.configure("info")


def opened(account, role, name, mobile, email=None):
    contact = Contact(name=name, mobile=mobile, email=email)
    return AccountOpened(
        account_id=account, role=role, unit_id="yunzhan", campaign_id=None, invitation_id=None, personal=contact
    )


def test_nothing_personal_leaves_by_messages_logs_metrics_or_public_events(world, story, people, log):
    liaison = opened("a-shen", "liaison", people.name, people.mobile, people.email)
    expert = opened("e-1", "expert", people.expert_name, people.expert_mobile)
    work = story.work("w-1")
    content = WorkContent(compared=work.personal.compared.model_copy(update={"person": people.name}), story=people.name)
    world.told("intake", story.published, liaison, expert, work.model_copy(update={"personal": content}))
    world.told("intake", receipt(story), returned(story))
    world.told("media", judged(story))
    world.told("review", assigned(story, "e-1"), reminded(story, "e-1"), advanced(story, 1, "aa"), result(story))
    watch = Watch(people)
    for role, account, unit in (
        (Role.LIAISON, "a-shen", "yunzhan"),
        (Role.EXPERT, "e-1", "yunzhan"),
        (Role.CLERK, "a-zhou", None),
        (Role.EXPERT, "e-2", "shiqiao"),
    ):
        answer = world.ask("GET", "/messages", world.bearer(role, account, unit))
        watch.look(f"messages of {account}", answer.content, SECRET + PERSONAL)
        watch.urls(answer.json())
    watch.metrics(world.ask("GET", "/metrics").text)
    watch.home(world.platform.settings.home)
    watch.log(log)
    assert log.stat().st_size > 0
    assert watch.sightings == []
    assert {mail["recipient"] for mail in world.spool()} >= {people.email, "account/e-1"}
