"""`laurel doctor`, `deadletters` and `events tail` on a home where a platform runs, and where none does."""

from __future__ import annotations

import base64
import fcntl
import json
import re
import select
import signal
import subprocess
import tomllib
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from operator_home import MOBILE, Home, listed, opened, returned, running, withdrawn
from started import LAUREL, ROOT

from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.auth import Limits, Principal, Role, mint
from services.kernel.clocks import SystemClock
from services.kernel.inspection import VERSION
from services.kernel.keys import Keys


@contextmanager
def stopped(_home: Home):
    yield None


BOTH = pytest.mark.parametrize("beside", [running, stopped], ids=["running", "stopped"])


def statuses(found, check):
    return {one["service"]: one["status"] for one in found["checks"] if one["check"] == check}


@BOTH
def test_a_healthy_home_is_fine(home, beside):
    with beside(home) as address:
        found = home.answer("doctor")
    assert (found["status"], found["address"], found["rehearsal"]) == ("ok", address, False)
    assert set(found["services"]) == {"intake", "media", "review", "notify", "search"}
    assert found["engines"]["database"].startswith("sqlite 3.")
    assert found["engines"]["ffmpeg"][0].isdigit()
    assert found["disk"]["free_bytes"] > 0
    assert {one["status"] for one in found["checks"]} == {"ok"}


@BOTH
def test_a_person_reads_labels_and_no_names_of_the_code(home, beside):
    with beside(home):
        told = home.laurel("doctor").stdout
    lines = [line.split(maxsplit=2) for line in told.splitlines()[1:]]
    assert [line[1] for line in lines] == ["平台", "受理", "媒体", "评审", "通知", "检索"]
    assert {line[0] for line in lines} == {"正常"}
    for label in ("登录密钥", "回执密钥", "评审记录密钥", "文件地址密钥", "上传密钥", "开通码密钥", "证件号摘要密钥"):
        assert label in told
    assert not re.search(r"\b(token|receipt|record|bytes|upload|code|id_hash|intake|media|review|notify|search)\b", told)


@BOTH
def test_a_dead_letter_is_seen_shown_and_dropped(home, beside):
    home.emit("intake", opened("a-shen"))
    (dead,) = home.emit("intake", returned("w-1"), broken=True)
    home.deliver()
    with beside(home):
        assert statuses(home.answer("doctor", code=1), "dead") == {"notify": "warn"}
        (letter,) = home.answer("deadletters", "list")["letters"]
        assert (letter["event_id"], letter["consumer"], letter["state"]) == (dead, "notify", "dead")
        assert letter["reason"].startswith("cannot be decoded")
        shown = home.answer("deadletters", "show", dead)
        assert shown["event"]["type"] == "laurel.work.returned.v1"
        assert shown["event"]["data_base64"] == "ew=="
        assert home.laurel("deadletters", "drop", dead).returncode == 64
        assert home.laurel("deadletters", "drop", dead, "--reason", " ").returncode == 64
        assert home.answer("deadletters", "list")["letters"] == [letter]
        done = home.laurel("deadletters", "drop", dead, "--reason", "原文件已损坏")
        assert (done.returncode, done.stdout.split("：")[0]) == (0, "已放弃")
        assert home.answer("deadletters", "list")["letters"] == []
        assert home.laurel("deadletters", "drop", dead, "--reason", "再一次").returncode == 3
        logged = done.stderr if beside is stopped else (home.folder / "up.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in logged.splitlines()]
    (dropped,) = [line for line in lines if line["event"] == "dead letter dropped"]
    assert (dropped["event_id"], dropped["reason"], dropped["by"]) == (dead, "原文件已损坏", "operator")
    assert home.answer("doctor")["status"] == "ok"


def test_a_mended_letter_goes_on_after_a_retry(home):
    (dead,) = home.emit("intake", returned("w-1"), broken=True)
    home.deliver()
    mend(home, dead)
    (retried,) = home.answer("deadletters", "retry", "--all")["letters"]
    assert (retried["event_id"], retried["state"], retried["attempts"]) == (dead, "waiting", 0)
    home.deliver()
    waits = {letter["event_id"]: letter["waits_for"] for letter in home.answer("deadletters", "list", "--waiting")["letters"]}
    assert waits[dead] == "work/w-1"
    assert home.answer("deadletters", "list")["letters"] == []


def mend(home: Home, event_id: str) -> None:
    """Put the bytes right that a broken release wrote."""
    (good,) = home.emit("intake", returned("w-2"))
    connection = SqliteDatabase(home.folder / "notify.db", service="notify", clock=SystemClock())
    source = SqliteDatabase(home.folder / "intake.db", service="intake", clock=SystemClock())
    (data,) = source.look(lambda rows: rows.exec_driver_sql("SELECT data FROM outbox WHERE event_id = ?", (good,)).one())
    source.close()
    packed = json.loads(
        connection.look(
            lambda rows: rows.exec_driver_sql("SELECT envelope FROM deferred WHERE event_id = ?", (event_id,)).scalar_one()
        )
    )
    packed["data"] = base64.b64encode(data.replace(b"w-2", b"w-1")).decode()
    row = (json.dumps(packed).encode(), event_id)
    connection.start()
    connection.call(lambda t: t.execute("UPDATE deferred SET envelope = ? WHERE event_id = ?", row))
    connection.close()


def test_a_retry_names_its_events_or_all(home):
    assert home.laurel("deadletters", "retry").returncode == 64
    assert home.laurel("deadletters", "retry", "x", "--all").returncode == 64
    assert home.laurel("deadletters", "retry", "x").returncode == 3
    assert home.laurel("deadletters", "list", "--consumer", "nobody").returncode == 3
    assert home.laurel("deadletters", "retry", "--all").stdout.strip() == "没有不能处理的事件。"


def break_keys(home: Home) -> None:
    (home.folder / "keys" / "receipt.json").unlink()


def open_keys(home: Home) -> None:
    (home.folder / "keys" / "token.json").chmod(0o644)


def break_database(home: Home) -> None:
    for path in home.folder.glob("search.db*"):
        path.unlink()
    (home.folder / "search.db").write_bytes(b"no database" * 400)


def break_deployment(home: Home) -> None:
    (home.folder / "deployment.json").write_text("{}", encoding="utf-8")


def newer_schema(home: Home) -> None:
    database = SqliteDatabase(home.folder / "media.db", service="media", clock=SystemClock())
    database.start()
    database.call(lambda transaction: transaction.execute("UPDATE service_version SET version_num = '9999'"))
    database.close()


@pytest.mark.parametrize(
    ("plant", "check", "service"),
    [
        (break_keys, "keys", None),
        (open_keys, "keys", None),
        (break_database, "database", "search"),
        (break_deployment, "home", None),
        (newer_schema, "schema", "media"),
    ],
)
def test_what_is_broken_is_named_and_the_rest_is_looked_at_all_the_same(home, plant, check, service):
    plant(home)
    found = home.answer("doctor", code=2)
    broken = [(one["check"], one["service"]) for one in found["checks"] if one["status"] == "broken"]
    assert broken == [(check, service)]
    assert statuses(found, "schema")["intake"] == "ok"


def test_a_home_that_is_not_there_is_broken_and_stays_not_there(tmp_path):
    nowhere = Home(tmp_path / "nowhere")
    found = nowhere.answer("doctor", code=2)
    assert [one["check"] for one in found["checks"] if one["status"] == "broken"] == ["platform"]
    assert nowhere.laurel("events", "tail").returncode == 3
    assert not nowhere.folder.exists()


def test_a_doctor_without_ffmpeg_says_so(home, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert statuses(home.answer("doctor", code=2), "engines") == {None: "broken"}


def test_a_consumer_that_is_behind_for_long_is_noted_where_it_should_be_running(home):
    home.emit("intake", listed("w-1"), listed("w-2"), opened("a-1"))
    found = home.answer("doctor")
    (behind,) = [lag for lag in found["services"]["notify"]["lags"] if lag["events"]]
    assert (behind["partition"], behind["events"]) == ("intake", 1)  # notify does nothing about a listing


@BOTH
def test_the_tail_shows_all_logs_in_order_and_keeps_personal_parts_back(home, beside):
    ids = home.emit("intake", opened("a-shen"), listed("w-1"))
    ids += home.emit("intake", withdrawn("w-1"))
    with beside(home):
        events = home.lines("events", "tail")
        assert [event["id"] for event in events][-3:] == ids
        assert all(event["specversion"] == "1.0" for event in events)
        assert MOBILE not in json.dumps(events)
        assert "personal" not in events[-3]["data"]
        shown = home.lines("events", "tail", "--personal", "--type", "account.opened")
        assert [event["data"]["personal"]["mobile"] for event in shown] == [MOBILE]
        assert [event["id"] for event in home.lines("events", "tail", "--after", ids[0])] == ids[1:]
        assert home.lines("events", "tail", "--after", ids[2]) == []
        assert [event["id"] for event in home.lines("events", "tail", "--after", "2020-01-01T00:00:00+08:00")][-3:] == ids
        assert [event["id"] for event in home.lines("events", "tail", "--topic", "work", "-n", "1")] == ids[2:]
        people = home.laurel("events", "tail", "-n", "1").stdout
        written = datetime.fromisoformat(events[-1]["time"])
        shown_at = people.split("  ")[0]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+08:00", shown_at)
        assert abs(datetime.fromisoformat(shown_at) - written) < timedelta(milliseconds=1)
        assert people.split("  ")[1:] == ["laurel.work.withdrawn.v1", "work/w-1", "#2", f"{ids[2]}\n"]
    assert home.laurel("events", "tail", "--after", "nothing").returncode == 3
    assert home.laurel("events", "tail", "--type", "gossip").returncode == 64
    assert home.laurel("events", "tail", "--topic", "gossip").returncode == 64


def test_a_long_log_is_read_to_its_end(home):
    ids = home.emit("intake", *(listed(f"w-{number}") for number in range(450)))
    events = home.lines("events", "tail", "--after", "2020-01-01")
    assert [event["id"] for event in events][-450:] == ids


def test_the_tail_follows_what_comes(home):
    with running(home):
        command = [
            *LAUREL,
            "events",
            "tail",
            "--follow",
            "--json",
            "-n",
            "0",
            "--type",
            "work.listed",
            "--home",
            str(home.folder),
        ]
        following = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            seen = watch(home, following)
        finally:
            following.send_signal(signal.SIGINT)
            code = following.wait(20)
            following.stdout.close()
    assert seen["data"]["work_id"].startswith("follow-")
    assert code == 130


def watch(home: Home, following):
    """Write an event every half second beside whoever else writes, until the follower shows one."""
    database = SqliteDatabase(home.folder / "intake.db", service="intake", clock=SystemClock())
    database.start()
    waiting = select.poll()
    waiting.register(following.stdout, select.POLLIN)
    for number in range(60):
        database.call(lambda transaction, number=number: transaction.emit(listed(f"follow-{number}")))
        ready = waiting.poll(500)
        if ready:
            break
    database.close()
    return json.loads(following.stdout.readline())


def test_only_an_operator_may_ask(home):
    now = datetime.now(UTC)
    with running(home) as address, httpx.Client(base_url=address, trust_env=False) as client:
        keys = Keys.open(home.settings.keys_folder)
        for service in ("intake", "media", "review", "notify", "search"):
            assert client.get(f"/ops/{service}/state").status_code == 401
            for role in Role:
                token = mint(keys, Principal("a", "s", role), begun_at=now, now=now, limits=Limits())
                headers = {"Authorization": f"Bearer {token}"}
                for path in ("state", "deadletters", "events", "events/place"):
                    expected = 200 if role is Role.OPERATOR else 403
                    assert client.get(f"/ops/{service}/{path}", headers=headers).status_code == expected, (service, path, role)
                answer = client.post(f"/ops/{service}/deadletters/x/drop", json={"reason": "why"}, headers=headers)
                assert answer.status_code == (404 if role is Role.OPERATOR else 403)


def test_the_gauges_say_what_is_dead_and_what_is_behind(home):
    home.emit("intake", returned("w-1"), broken=True)
    home.deliver()
    with running(home) as address:
        lines = httpx.get(f"{address}/metrics", trust_env=False).text.splitlines()
    assert 'laurel_dead_letters_open{consumer="notify"} 1.0' in lines
    assert 'laurel_consumer_lag_events{consumer="notify"} 0.0' in lines


def test_a_command_beside_a_platform_that_is_only_starting_waits_for_nothing_and_says_so(home):
    (dead,) = home.emit("intake", returned("w-1"), broken=True)
    home.deliver()
    with (home.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = home.laurel("deadletters", "drop", dead, "--reason", "x")
    assert (done.returncode, done.stderr.strip()) == (3, f"{home.folder} 正由另一个进程使用。")


def test_the_version_is_the_packages():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] == VERSION
