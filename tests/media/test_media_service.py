"""Media on the embedded engines: events in, verdicts and pictures out."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from clips import PICTURE, Clips
from PIL import Image
from platforms import OTHER_UNIT, UNIT, Stage, running
from rebuilding import rebuilt

from services.campaigns.files import read_campaign
from services.campaigns.models import Campaign
from services.campaigns.normal import campaign_hash
from services.kernel.auth import Role
from services.kernel.contracts.events import AccountEnded, Compared, UploadRetired, WorkContent, WorkSaved
from services.media import actions

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rehearsal() -> Campaign:
    return read_campaign(ROOT / "campaigns" / "s0-rehearsal.yaml")


@pytest.fixture(scope="module")
def photos() -> Campaign:
    return read_campaign(ROOT / "campaigns" / "test-s2-photos.yaml")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with running(tmp_path / "home") as started:
        yield started


@pytest.fixture
def good(clips: Clips) -> Path:
    return clips.clip("good-720.mp4", seconds=6, picture="testsrc2=s=1280x720:r=25:d={s}")


def test_a_good_film_is_judged_and_shown(stage: Stage, rehearsal: Campaign, good: Path) -> None:
    stage.publish(rehearsal)
    upload = stage.hand_over(rehearsal, good)
    (told,) = stage.judged()
    assert told["sha256"] == upload.sha256
    assert told["campaign_hash"] == campaign_hash(rehearsal)
    assert told["verdict"] == "ask"
    assert [found["check"] for found in told["findings"]] == ["head_card", "tail_card"]
    assert told["duration_s"] == 6.0
    assert "规格核验通过：6秒，1280×720，H.264，MP4，" in told["summary"]
    assert {frame["part"] for frame in told["frames"]} == {"head", "tail"}
    early, whole = stage.told("asset.rendered")
    assert early["preview_key"] == whole["preview_key"]
    assert early["poster_key"] is None
    objects = stage.media.context.store
    for name in ("preview_key", "poster_key", "sheet_key", "waveform_key"):
        assert objects.size(whole[name]) > 100
    for frame in told["frames"]:
        assert objects.size(frame["object_key"]) > 100
    assert stage.told("asset.rendition-withdrawn") == []


def test_the_preview_starts_at_once(stage: Stage, rehearsal: Campaign, clips: Clips) -> None:
    """The index of the copy stands before its data, wherever it stood in the original."""
    late = clips.clip("late-720.mp4", seconds=6, picture="testsrc2=s=1280x720:r=25:d={s}", extra=("-movflags", "0"))
    data = late.read_bytes()
    assert data.index(b"mdat") < data.index(b"moov")
    stage.publish(rehearsal)
    stage.hand_over(rehearsal, late)
    stage.judged()
    preview = b"".join(stage.media.context.store.read(stage.told("asset.rendered")[-1]["preview_key"]))
    assert preview.index(b"moov") < preview.index(b"mdat")


def test_progress_is_visible_while_it_works(stage: Stage, rehearsal: Campaign, clips: Clips) -> None:
    long = clips.clip("long-720.mp4", seconds=40, picture="testsrc2=s=1280x720:r=25:d={s}")
    stage.publish(rehearsal)
    upload = stage.hand_over(rehearsal, long)
    seen: list[tuple[str, int, str]] = []
    with stage.client() as client:

        def done() -> bool:
            answer = client.get(f"/assets/{upload.upload_id}")
            if answer.status_code == 404:
                return False
            told = answer.json()
            if (told["state"], told["percent"], told["stage"]) not in seen:
                seen.append((told["state"], told["percent"], told["stage"]))
            return told["state"] == "judged"

        stage.until(done)
    working = [percent for state, percent, _ in seen if state == "working"]
    assert working == sorted(working)
    assert len(working) >= 3
    assert ("judged", 100, "核验完成") in seen
    assert any(label == "正在解码核验" and 10 <= percent < 100 for _, percent, label in seen)


def test_what_is_there_to_look_at_is_served_by_signed_address(stage: Stage, rehearsal: Campaign, good: Path) -> None:
    stage.publish(rehearsal)
    upload = stage.hand_over(rehearsal, good)
    stage.judged()
    with stage.client() as client:
        told = client.get(f"/assets/{upload.upload_id}").json()
        assert set(told["looks"]) == {"preview", "poster", "sheet", "waveform"}
        address = told["looks"]["preview"]
        anybody = {"Authorization": ""}
        whole = client.get(address, headers=anybody)
        assert whole.status_code == 200
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert whole.headers["accept-ranges"] == "bytes"
        assert whole.headers["cache-control"] == "private, no-store"
        assert whole.headers["referrer-policy"] == "no-referrer"
        size = len(whole.content)
        head = client.head(address, headers=anybody)
        assert (head.status_code, int(head.headers["content-length"]), head.content) == (200, size, b"")
        part = client.get(address, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.headers["content-range"]) == (206, f"bytes 100-199/{size}")
        assert part.content == whole.content[100:200]
        assert client.get(address, headers={"Range": "bytes=-50"}).content == whole.content[-50:]
        assert client.get(address, headers={"Range": f"bytes={size}-"}).status_code == 416
        etag = whole.headers["etag"]
        assert client.get(address, headers={"If-None-Match": etag}).status_code == 304
        assert client.get(address, headers={"Range": "bytes=0-9", "If-Range": etag}).status_code == 206
        assert client.get(address, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200
        assert client.get(address.replace("sig=", "sig=A"), headers=anybody).status_code == 404
        assert client.get(address.replace("preview.mp4", "poster.jpg"), headers=anybody).status_code == 404


def test_an_original_is_saved_never_shown(stage: Stage, rehearsal: Campaign, good: Path) -> None:
    from datetime import UTC, datetime, timedelta

    from services.kernel.auth import BytesGrant, bytes_url

    upload = stage.hand_over(rehearsal, good)
    now = datetime.now(UTC)
    grant = BytesGrant(upload.object_key, "account-x", "original", now + timedelta(minutes=1), '成片 "1"\n.mp4')
    with stage.client() as client:
        saved = client.get(bytes_url(stage.media.context.keys, "/bytes/", grant))
        assert saved.status_code == 200
        assert hashlib.sha256(saved.content).hexdigest() == upload.sha256
        assert saved.headers["content-type"] == "application/octet-stream"
        assert saved.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E6%88%90")
        assert "sandbox" in saved.headers["content-security-policy"]
        old = BytesGrant(upload.object_key, "account-x", "original", now - timedelta(seconds=1))
        assert client.get(bytes_url(stage.media.context.keys, "/bytes/", old)).status_code == 410


def test_only_its_unit_and_the_organiser_know_of_a_file(stage: Stage, rehearsal: Campaign, good: Path) -> None:
    stage.publish(rehearsal)
    upload = stage.hand_over(rehearsal, good)
    stage.judged()
    answers = {}
    for role, unit in ((Role.LIAISON, UNIT), (Role.LIAISON, OTHER_UNIT), (Role.CLERK, None), (Role.EXPERT, None)):
        with stage.client(role, unit) as client:
            answers[role, unit] = client.get(f"/assets/{upload.upload_id}").status_code
    assert list(answers.values()) == [200, 404, 200, 403]


def test_a_film_cut_short_loses_its_early_preview(stage: Stage, rehearsal: Campaign, good: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(good.read_bytes()[: good.stat().st_size * 8 // 10])
    stage.publish(rehearsal)
    upload = stage.hand_over(rehearsal, cut)
    (told,) = stage.judged()
    assert told["verdict"] == "block"
    assert "truncated" in [found["check"] for found in told["findings"]]
    early = stage.told("asset.rendered")[0]
    (withdrawn,) = stage.told("asset.rendition-withdrawn")
    assert withdrawn["reason"] == "文件不完整"
    assert stage.told("asset.rendered")[-1]["preview_key"] is None
    stage.until(lambda: stage.media.context.store.size(early["preview_key"]) is None)
    with stage.client() as client:
        seen = client.get(f"/assets/{upload.upload_id}").json()
        assert "preview" not in seen["looks"]
        assert seen["preview_withdrawn"] == "文件不完整"


def test_a_film_that_no_browser_plays_is_encoded(stage: Stage, rehearsal: Campaign, clips: Clips) -> None:
    picture = "testsrc2=s=1280x720:r=25:d={s}"
    coded = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "log-level=error")
    hevc = clips.clip("hevc-720.mp4", seconds=6, picture=picture, video=coded)
    stage.publish(rehearsal)
    stage.hand_over(rehearsal, hevc)
    (told,) = stage.judged()
    assert told["remedies"] == ["编码可在线转换，原视频保留。"]
    shown = stage.until(lambda: [each for each in stage.told("asset.rendered") if each["preview_key"]])
    preview = b"".join(stage.media.context.store.read(shown[-1]["preview_key"]))
    assert b"avc1" in preview[:4000]


def test_a_hostile_file_is_refused_and_nothing_is_shown(stage: Stage, rehearsal: Campaign, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n")
    stage.publish(rehearsal)
    stage.hand_over(rehearsal, path)
    (told,) = stage.judged()
    assert (told["verdict"], [found["check"] for found in told["findings"]]) == ("block", ["hostile"])
    assert stage.told("asset.rendered") == []


def test_a_photo_is_judged_and_shown(stage: Stage, photos: Campaign, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.effect_noise((413, 579), 60).convert("RGB").save(path, "JPEG", dpi=(72, 72))
    open_to_all = _with_tier(photos, "id-photo", "T1")
    stage.publish(open_to_all)
    stage.hand_over(open_to_all, path, slot="id-photo")
    (told,) = stage.judged()
    assert {"file_size", "look"} <= {found["check"] for found in told["findings"]}
    assert told["duration_s"] is None
    (shown,) = stage.told("asset.rendered")
    assert shown["preview_type"] == "image/jpeg"


def test_a_personal_photo_is_shown_to_its_unit_and_the_organiser_alone(stage: Stage, photos: Campaign, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.effect_noise((413, 579), 60).convert("RGB").save(path, "JPEG")
    stage.publish(photos)
    upload = stage.hand_over(photos, path, slot="id-photo")
    stage.judged()
    assert stage.told("asset.rendered") == [], "who hears of a key can sign an address of it"
    seen = {Role.LIAISON: True, Role.UNIT_HEAD: True, Role.CLERK: True, Role.HEAD: True, Role.OPERATOR: False}
    for role, sees in seen.items():
        with stage.client(role, UNIT if role in {Role.LIAISON, Role.UNIT_HEAD} else None) as client:
            looks = client.get(f"/assets/{upload.upload_id}").json()["looks"]
            assert bool(looks) == sees, role
    for role in (Role.EXPERT, Role.LIAISON):
        with stage.client(role, OTHER_UNIT) as client:
            assert client.get(f"/assets/{upload.upload_id}").status_code in {403, 404}


def test_the_stills_of_a_personal_film_stand_in_no_event(stage: Stage, rehearsal: Campaign, good: Path, tmp_path: Path) -> None:
    personal = _with_tier(rehearsal, "video", "T2")
    stage.publish(personal)
    upload = stage.hand_over(personal, good)
    (told,) = stage.judged()
    assert (told["frames"], stage.told("asset.rendered")) == ([], [])
    with stage.client() as client:
        seen = client.get(f"/assets/{upload.upload_id}").json()["frames"]
    assert len(seen) > 1
    for service in ("intake", "media"):
        (count,) = _outboxes(tmp_path / "home" / f"{service}.db", "%renditions/%")
        assert count == 0, service


def _outboxes(database: Path, words: str) -> tuple[int]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as rows:
        query = "SELECT count(*) FROM outbox WHERE data LIKE ? OR personal LIKE ?"
        found: tuple[int] = rows.execute(query, (words, words)).fetchone()
    return found


def test_an_address_of_bytes_is_good_for_four_hours_and_ends_with_its_account(
    stage: Stage, rehearsal: Campaign, good: Path
) -> None:
    stage.publish(rehearsal)
    upload = stage.hand_over(rehearsal, good)
    stage.judged()
    with stage.client() as client:
        address = client.get(f"/assets/{upload.upload_id}").json()["looks"]["poster"]
        query = parse_qs(urlsplit(address).query)
        assert query["for"] == ["account-liaison"]
        assert int(query["exp"][0]) - datetime.now(UTC).timestamp() <= 4 * 3600
        assert client.get(address).status_code == 200
        stage.tell(AccountEnded(account_id="account-liaison"))
        stage.until(stage.platform.idle)
        assert client.get(address, headers={"Authorization": ""}).status_code == 404


def test_a_rebuild_keeps_the_verdict_of_the_newest_campaign(stage: Stage, rehearsal: Campaign, good: Path) -> None:
    """Which campaign counts is read from what arrived, not from what a reaction once noted on the file."""
    stage.publish(rehearsal)
    upload = stage.hand_over(rehearsal, good)
    stage.judged()
    stricter = _with_shorter_films(rehearsal)
    stage.publish(stricter, version=2)
    stage.judged(2)
    before, after = rebuilt(stage.media.context, "asset", "asset_id, campaign_hash, retired")
    assert before == after
    with stage.client() as client:
        told = client.get(f"/assets/{upload.upload_id}").json()
    assert (told["campaign_hash"], told["verdict"], told["state"]) == (campaign_hash(stricter), "block", "judged")
    stage.publish(stricter, version=2)
    stage.until(stage.platform.idle)
    assert len(stage.told("asset.judged")) == 2


def test_a_slot_that_becomes_personal_takes_back_what_was_shown(stage: Stage, photos: Campaign, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.effect_noise((413, 579), 60).convert("RGB").save(path, "JPEG")
    open_to_all = _with_tier(photos, "id-photo", "T1")
    stage.publish(open_to_all)
    upload = stage.hand_over(open_to_all, path, slot="id-photo")
    stage.judged()
    assert len(stage.told("asset.rendered")) == 1
    stage.publish(_with_tier(photos, "id-photo", "T3"), version=2)
    stage.judged(2)
    (withdrawn,) = stage.told("asset.rendition-withdrawn")
    assert (withdrawn["asset_id"], withdrawn["reason"]) == (upload.upload_id, actions.PERSONAL)
    assert len(stage.told("asset.rendered")) == 1


def _with_tier(campaign: Campaign, slot_id: str, tier: str) -> Campaign:
    told = campaign.model_dump(mode="json", exclude_none=True)
    for slot in (slot for track in told["tracks"] for slot in track["slots"] if slot["id"] == slot_id):
        slot["tier"] = tier
    return Campaign.model_validate(told)


def test_a_changed_campaign_judges_again_without_measuring_again(stage: Stage, rehearsal: Campaign, good: Path) -> None:
    stage.publish(rehearsal)
    upload = stage.hand_over(rehearsal, good)
    stage.judged()
    stage.intake.context.store.delete(upload.object_key)
    stricter = _with_shorter_films(rehearsal)
    stage.publish(stricter, version=2)
    first, second = stage.judged(2)
    assert (first["verdict"], second["verdict"]) == ("ask", "block")
    assert second["campaign_hash"] == campaign_hash(stricter)
    assert "时长6秒，应为1—2秒" in second["findings"][0]["message"] + second["findings"][1]["message"] + str(second)
    with stage.client() as client:
        assert client.get(f"/assets/{upload.upload_id}").json()["campaign_hash"] == campaign_hash(stricter)


def _with_shorter_films(campaign: Campaign) -> Campaign:
    told = campaign.model_dump(mode="json", exclude_none=True)
    for track in told["tracks"]:
        for slot in track["slots"]:
            for rule in slot["rules"]:
                if rule["kind"] == "duration":
                    rule.update(min_s=1, max_s=2)
    return Campaign.model_validate(told)


def test_a_file_before_its_campaign_waits(stage: Stage, rehearsal: Campaign, good: Path) -> None:
    stage.hand_over(rehearsal, good)
    stage.until(lambda: [row for row in stage.deferred() if row[1] == f"campaign/{rehearsal.id}"])
    stage.publish(rehearsal)
    assert len(stage.judged()) == 1


def test_a_slot_of_two_tracks_waits_for_the_work_and_is_judged_by_its_tracks_rules(
    stage: Stage, photos: Campaign, good: Path
) -> None:
    campaign = _with_film_lengths(photos, {"stars": (1, 60), "brands": (1, 2)})
    stage.publish(campaign)
    uploads = {track: stage.hand_over(campaign, good) for track in ("stars", "brands")}
    for upload in uploads.values():
        stage.until(lambda of=upload: [row for row in stage.deferred() if row[1] == f"work/{of.work_id}"])
    stage.tell(*(_saved(campaign, upload.work_id, track) for track, upload in uploads.items()))
    told = {each["asset_id"]: {found["check"] for found in each["findings"]} for each in stage.judged(2)}
    too_long = {track: "duration" in told[upload.upload_id] for track, upload in uploads.items()}
    assert too_long == {"stars": False, "brands": True}


def _with_film_lengths(campaign: Campaign, seconds: dict[str, tuple[int, int]]) -> Campaign:
    told = campaign.model_dump(mode="json", exclude_none=True)
    for track in told["tracks"]:
        rules = (rule for slot in track["slots"] for rule in slot["rules"] if rule["kind"] == "duration")
        for rule in rules:
            rule["min_s"], rule["max_s"] = seconds[track["id"]]
    return Campaign.model_validate(told)


def _saved(campaign: Campaign, work_id: str, track: str) -> WorkSaved:
    of = {"work_id": work_id, "campaign_id": campaign.id, "campaign_version": 1, "campaign_hash": campaign_hash(campaign)}
    unit = {"unit_id": UNIT, "unit_name": "云栈区", "unit_type": "district", "region_code": "JZ-YZ"}
    said = {"track": track, "title": "夜班后的一课", "revision": 1, "compared_hash": "0" * 64}
    return WorkSaved(**of, **unit, **said, personal=WorkContent(compared=Compared()))


def test_the_same_event_again_changes_nothing(stage: Stage, rehearsal: Campaign, good: Path) -> None:
    stage.publish(rehearsal)
    upload = stage.hand_over(rehearsal, good)
    stage.judged()
    stage.tell(upload)
    stage.publish(rehearsal)
    stage.until(stage.platform.idle)
    assert len(stage.told("asset.judged")) == 1


def test_a_retired_file_is_not_judged(stage: Stage, rehearsal: Campaign, good: Path) -> None:
    stage.publish(rehearsal)
    for worker in stage.media.workers:
        worker.stop()
    upload = stage.hand_over(rehearsal, good)
    stage.until(lambda: len(stage.jobs()) == 1)
    key = (upload.upload_id, campaign_hash(rehearsal))
    assert stage.media.database.look(lambda rows: actions.case_of(rows, *key)) is not None
    stage.tell(UploadRetired(upload_id=upload.upload_id, work_id=upload.work_id, campaign_id=upload.campaign_id))
    stage.until(lambda: stage.media.database.look(lambda rows: actions.case_of(rows, *key)) is None)
    with stage.client() as client:
        assert client.get(f"/assets/{upload.upload_id}").json()["state"] == "retired"


def test_a_missing_program_fails_in_plain_words_and_can_be_retried(
    stage: Stage, rehearsal: Campaign, good: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import os

    path = os.environ["PATH"]
    stage.publish(rehearsal)
    monkeypatch.setenv("PATH", str(tmp_path))
    upload = stage.hand_over(rehearsal, good)
    (failed,) = stage.until(lambda: stage.told("asset.failed"))
    assert failed["reason"] == "未能处理：没有安装ffprobe。可重试。"
    with stage.client() as client:
        told = client.get(f"/assets/{upload.upload_id}").json()
        assert (told["state"], told["reason"]) == ("failed", failed["reason"])
        monkeypatch.setenv("PATH", path)
        assert client.post(f"/assets/{upload.upload_id}/retry").status_code == 202
        stage.judged()
        assert client.post(f"/assets/{upload.upload_id}/retry").status_code == 409


def test_a_job_that_cannot_fit_waits_and_says_so(
    stage: Stage, rehearsal: Campaign, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.media import jobs

    monkeypatch.setattr(jobs, "WORKING_BYTES", 1 << 60)
    stage.publish(rehearsal)
    upload = stage.hand_over(rehearsal, good)
    with stage.client() as client:
        told = stage.until(
            lambda: (
                (found := client.get(f"/assets/{upload.upload_id}")).status_code == 200
                and found.json()["reason"]
                and found.json()
            )
        )
        assert told["state"] in {"waiting", "working"}
        assert told["reason"].startswith("临时空间不足：需要")
        monkeypatch.setattr(jobs, "WORKING_BYTES", 1 << 20)
        stage.judged()


def test_left_over_temporary_files_are_gone_after_a_start(tmp_path: Path) -> None:
    left = tmp_path / "home" / "media" / "laurel-media-old"
    left.mkdir(parents=True)
    (left / "still-00001.jpg").write_bytes(b"x")
    with running(tmp_path / "home") as stage:
        assert not left.exists()
        assert list(stage.media.context.folder.iterdir()) == []


def test_one_region_does_not_starve_another(stage: Stage, rehearsal: Campaign, clips: Clips) -> None:
    short = clips.clip("short.mp4", seconds=1, picture=PICTURE)
    stage.publish(rehearsal)
    for worker in stage.media.workers:
        worker.stop()
    many = [stage.hand_over(rehearsal, short, region_code="JZ-A").upload_id for _ in range(5)]
    one = stage.hand_over(rehearsal, short, region_code="JZ-B").upload_id
    query = "SELECT payload FROM job ORDER BY priority DESC, due, created_at"
    stage.until(lambda: len(stage.jobs()) == 6)
    order = stage.media.database.look(lambda rows: [row[0] for row in rows.exec_driver_sql(query)])
    place = next(number for number, payload in enumerate(order) if one in payload)
    assert place == 1, order
    assert many[0] in order[0]
