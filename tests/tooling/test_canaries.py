"""The watch sees a canary wherever it is planted, in whatever spelling, and nothing where none is."""

from __future__ import annotations

import base64
import io
import json
import zipfile
import zlib
from urllib.parse import quote

import pysqlite3
import pytest
from canaries import PERSONAL, SECRET, Canaries, Sighting, Watch, kinds_in

from services.kernel.auth.id_numbers import checked_id_number

PEOPLE = Canaries.invent(seed=11)


def test_an_invented_id_number_is_one_that_the_product_takes():
    for seed in range(200):
        number = Canaries.invent(seed).id_number
        assert checked_id_number(number) == number


def test_two_sets_share_nothing():
    one, two = Canaries.invent(1), Canaries.invent(2)
    assert not set(one.values(SECRET + PERSONAL).values()) & set(two.values(SECRET + PERSONAL).values())


def xlsx(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f"<si><t>{text}</t></si>")
    return packed.getvalue()


def pdf(text: str) -> bytes:
    return b"%PDF-1.7\n1 0 obj\nstream\n" + zlib.compress(f"BT ({text}) Tj ET".encode()) + b"\nendstream"


SPELLINGS = {
    "plain": lambda value: value,
    "in a sentence": lambda value: f"时长8分12秒{value}，应为5–8分钟",
    "percent": quote,
    "escaped": json.dumps,
    "hexadecimal": lambda value: value.encode().hex(),
    "base64": lambda value: base64.b64encode(f"x{value}yz".encode()).decode(),
    "spaced": lambda value: " ".join((value[:3], value[3:7], value[7:])),
    "hyphens": lambda value: "-".join((value[:3], value[3:7], value[7:])),
    "xlsx": xlsx,
    "pdf": pdf,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("kind", SECRET + PERSONAL)
def test_a_canary_is_seen_in_every_spelling(kind, spelling):
    assert kinds_in(SPELLINGS[spelling](getattr(PEOPLE, kind)), PEOPLE) == [kind]


def test_what_is_not_personal_is_not_seen():
    text = "回执 JZ-2024-0091：收到时间2024-09-30 23:59:59.999，校验码7F3K-92QX-M4TD，云栈区 罗桂枝 13900000001"
    assert kinds_in(text, PEOPLE) == []
    assert kinds_in(xlsx(text) + pdf(text), PEOPLE) == []


@pytest.fixture
def home(tmp_path):
    connection = pysqlite3.connect(tmp_path / "intake.db")
    connection.execute("CREATE TABLE outbox (event_id, type, topic, subject, key, data, personal)")
    connection.commit()
    connection.close()
    return tmp_path


def written(home, topic="laurel.internal.intake.account.v1", subject="account/a", data="{}", personal=None):
    connection = pysqlite3.connect(home / "intake.db")
    row = ("e", "laurel.account.opened.v1", topic, subject, subject, data.encode(), personal and personal.encode())
    connection.execute("INSERT INTO outbox VALUES (?,?,?,?,?,?,?)", row)
    connection.commit()
    connection.close()


def watched(home) -> list[Sighting]:
    watch = Watch(PEOPLE)
    watch.home(home)
    return watch.sightings


def test_a_person_may_stand_in_the_personal_part_of_an_internal_event(home):
    written(home, personal=json.dumps({"name": PEOPLE.name, "mobile": PEOPLE.mobile}))
    assert watched(home) == []


@pytest.mark.parametrize(
    "leak",
    [
        {"data": json.dumps({"name": PEOPLE.name})},
        {"subject": f"account/{PEOPLE.mobile}"},
        {"topic": "laurel.public.intake.campaign.v1", "personal": json.dumps({"name": PEOPLE.name})},
        {"personal": json.dumps({"id": PEOPLE.id_number})},
        {"personal": json.dumps({"home": PEOPLE.address})},
    ],
)
def test_a_person_in_any_other_part_of_an_event_is_seen(home, leak):
    written(home, **leak)
    assert watched(home)


def test_a_person_in_the_name_of_a_file_is_seen(home):
    (home / f"{PEOPLE.expert_name}.pdf").touch()
    assert watched(home) == [Sighting("expert_name", "name of a file")]


def test_a_person_in_a_log_a_metric_an_address_or_an_export_is_seen(tmp_path):
    log = tmp_path / "up.log"
    log.write_text(f'{{"event":"request"}}\n{{"event":"x","who":"{PEOPLE.mobile}"}}\n', encoding="utf-8")
    watch = Watch(PEOPLE)
    watch.log(log)
    watch.metrics(f'laurel_x{{who="{PEOPLE.expert_name}"}} 1')
    watch.urls({"links": [f"/works?name={quote(PEOPLE.name)}"], "name": PEOPLE.name})
    watch.export("record.jsonl", f'{{"expert": "{PEOPLE.expert_name}"}}'.encode())
    watch.export("汇总表.xlsx", xlsx(PEOPLE.name), may_hold=("name",))
    assert watch.sightings == [
        Sighting("mobile", "up.log:2"),
        Sighting("expert_name", "/metrics"),
        Sighting("name", "address in answer"),
        Sighting("expert_name", "record.jsonl"),
    ]
