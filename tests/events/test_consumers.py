"""A topic names exactly those who read it, and a service hears only of topics that name it."""

from __future__ import annotations

import pytest

from services.kernel.contracts.topics import EVERY, TOPICS
from services.kernel.handlers import Handlers
from services.runtime import DEFINITIONS

OF_EVERY_SERVICE = frozenset(Handlers("any").by_type)


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_a_topics_consumers_are_those_that_handle_its_events(topic):
    readers = {definition.name for definition in DEFINITIONS if topic.name in definition.handlers.topics()}
    assert readers == set(topic.consumers)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.name)
def test_no_service_handles_an_event_of_its_own(definition):
    handled = {name: handler.event for name, handler in definition.handlers.by_type.items() if name not in OF_EVERY_SERVICE}
    assert [name for name, event in handled.items() if event.TOPIC.owner == definition.name] == []


def test_every_owner_is_a_service():
    assert {topic.owner for topic in TOPICS.values()} <= {definition.name for definition in DEFINITIONS} | {EVERY}
