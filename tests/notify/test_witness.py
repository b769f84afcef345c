from __future__ import annotations

from notify_events import advanced, result
from rebuilding import rebuilt

from services.kernel.auth import Role


def heads(world, headers=None, round_id="r-1"):
    return world.ask("GET", "/record/heads", headers, params={"round": round_id})


def test_heads_are_the_organisers_until_the_result_is_public(world, story):
    world.told("review", advanced(story, 1, "aa"), advanced(story, 4, "bb"))
    clerk = world.bearer(Role.CLERK, "a-zhou")
    told = heads(world, clerk).json()
    assert [(one["height"], one["head"], one["alg"]) for one in told["heads"]] == [(1, "aa", "sha256"), (4, "bb", "sha256")]
    assert told["contradictory_heights"] == []
    for headers in (None, world.bearer(Role.EXPERT, "e-1"), world.bearer(Role.LIAISON, "l-1", "yunzhan")):
        assert heads(world, headers).status_code == 404
    world.told("intake", story.published)
    world.told("review", result(story))
    assert heads(world).json() == told


def test_a_rebuild_opens_the_same_heads_and_writes_to_nobody(world, story):
    world.told("intake", story.published)
    world.told("review", advanced(story, 1, "aa"), result(story))
    context = world.platform.services["notify"].context
    before, after = rebuilt(context, "published", "*")
    assert before == after == [("r-1", "p-1")]
    assert len(heads(world).json()["heads"]) == 1


def test_a_round_that_nobody_told_of_is_not_there(world):
    assert heads(world, world.bearer(Role.CLERK, "a-zhou"), "r-none").status_code == 404


def test_a_record_that_was_written_anew_contradicts_itself(world, story):
    world.told("review", advanced(story, 1, "aa"), advanced(story, 2, "bb"), advanced(story, 2, "cc"))
    told = heads(world, world.bearer(Role.OPERATOR, "operator")).json()
    assert told["contradictory_heights"] == [2]
    assert [one["head"] for one in told["heads"]] == ["aa", "bb", "cc"]


def test_the_age_of_the_last_head_is_a_metric(world, story):
    world.told("review", advanced(story, 1, "aa"))
    lines = world.ask("GET", "/metrics").text.splitlines()
    (age,) = [line for line in lines if line.startswith("laurel_ledger_head_age_seconds ")]
    assert 0 < float(age.split()[1]) < 60
