from __future__ import annotations

from datetime import timedelta

import pytest
from notify_events import AT, assigned, invitation, judged, receipt, reminded, result, returned
from waiting import until

from services.kernel.auth import Role
from services.kernel.contracts.events import AccountEnded


@pytest.fixture
def liaison(world):
    return world.bearer(Role.LIAISON, "a-shen", "yunzhan")


@pytest.fixture
def ready(world, story):
    """The campaign is published, 沈禾 is liaison of 云栈区 and has saved a work."""
    world.told("intake", story.published, story.liaison("a-shen"), story.work("w-1"))
    return world


def test_a_receipt_reaches_the_unit_once_with_its_millisecond(ready, story, liaison):
    ready.told("intake", receipt(story))
    (message,) = ready.messages(liaison)
    assert message["template"] == "receipt"
    assert message["subject"] == "回执 JZ-2024-0091：《夜班后的课堂》"
    assert "收到时间：2024-09-30 23:59:59.999\n校验码：7F3K-92QX-M4TD" in message["text"]
    assert "Received at: 2024-09-30 23:59:59.999" in message["text_en"]
    assert [mail["recipient"] for mail in ready.spool()] == ["shen@example.org"]
    assert message["sent"][0]["mail_id"] == ready.spool()[0]["message_id"]


def test_a_receipt_says_when_a_file_is_still_on_its_way(ready, story, liaison):
    ready.told("intake", receipt(story, complete=False))
    assert "还有文件正在上传，收齐后另发一份回执。" in ready.messages(liaison)[0]["text"]


def test_late_material_is_told_in_the_campaigns_words(ready, story, liaison):
    ready.told("intake", receipt(story, kind="late"))
    text = ready.messages(liaison)[0]["text"]
    assert "存为逾期材料，不占推荐名额，是否受理由江州市学习型社会建设与终身教育促进委员会办公室决定。" in text


def test_a_report_names_every_fault_at_once(ready, story, liaison):
    ready.told("media", judged(story))
    (message,) = ready.messages(liaison)
    assert message["subject"] == "《夜班后的课堂》故事视频核验结果：须修改1项，请注意1项，待人工核实1项"
    assert message["text"].splitlines() == [
        "须修改1项，请注意1项，待人工核实1项",
        "须修改：时长8分12秒，应为5–8分钟（附件1 二（一））",
        "请注意：03:10—03:22画面静止",
        "待人工核实：片尾未识别到推荐区“云栈区”，请看08:05画面（附件1 二（三））",
        "时长不能靠转换解决，请提供剪辑后的原片。",
        "下一步：请修改后重新上传。",
    ]


def test_a_clean_report_says_what_was_measured(ready, story, liaison):
    ready.told("media", judged(story, verdict="clean"))
    (message,) = ready.messages(liaison)
    assert message["subject"] == "《夜班后的课堂》故事视频核验结果：规格核验通过"
    assert message["text"] == "规格核验通过：7分41秒，1920×1080，H.264，MP4，0.99G。\n下一步：不需要再做什么。"


def test_a_report_waits_for_its_work_and_comes_by_itself(world, story, liaison):
    world.told("intake", story.published, story.liaison("a-shen"))
    world.told("media", judged(story))
    assert world.messages(liaison) == []
    assert world.rows("SELECT waits_for FROM deferred") == [("work/w-1",)]
    world.told("intake", story.work("w-1"))
    until(lambda: world.rows("SELECT * FROM message"))
    assert [message["template"] for message in world.messages(liaison)] == ["report_ready"]
    assert world.rows("SELECT * FROM deferred") == []


def test_what_waits_does_not_hold_back_what_it_waits_for(world, story, liaison):
    world.told("intake", story.published, story.liaison("a-shen"), returned(story))
    assert world.rows("SELECT key, waits_for FROM deferred") == [("work/w-1", "work/w-1")]
    world.told("intake", story.work("w-1"))
    until(lambda: [message["template"] for message in world.messages(liaison)] == ["returned"])


def test_a_return_names_its_items_by_their_labels_and_its_term(ready, story, liaison):
    ready.told("intake", returned(story), returned(story, term=None))
    undated, dated = ready.messages(liaison)
    assert dated["subject"] == "退回补正2项：《渡口夜校》"
    assert "请于2024-09-30 23:59:59.999前完成。推荐名额保留。" in dated["text"]
    assert "①故事视频：片头未写主讲人（附件1 二（三））\n②" in dated["text"]
    assert "补正期限由江州市学习型社会建设与终身教育促进委员会办公室确定" in undated["text"]


def test_an_invitation_without_a_number_is_to_be_handed_over_and_holds_no_code(world, story):
    world.told("intake", story.published, invitation(story, has_mobile=False))
    (message,) = world.messages(world.bearer(Role.CLERK, "a-zhou"))
    assert message["by_hand"] is True
    assert message["recipient"] == "invitation/i-1"
    assert "f" * 64 not in str(message)
    assert [mail["recipient"] for mail in world.spool()] == ["invitation/i-1"]


def test_who_opened_an_account_finds_the_letter_there(ready, story, liaison):
    ready.told("intake", invitation(story, "i-a-shen"))
    assert [message["template"] for message in ready.messages(liaison)] == ["invitation"]


def test_the_office_is_invited_before_there_is_a_campaign(world, story):
    event = invitation(story, role="head").model_copy(update={"campaign_id": None, "unit_id": None, "unit_name": ""})
    world.told("intake", event)
    (mail,) = world.spool()
    assert mail["subject"] == "开通函：主办单位负责人"


def test_every_unit_is_told_the_result_and_its_own_works(ready, story, liaison):
    ready.told("review", result(story))
    (message,) = ready.messages(liaison)
    assert "①《夜班后的一课》：优秀作品（入围决赛）" in message["text"]
    assert "评审记录存证值：" + "ab" * 32 in message["text"]
    assert len(ready.rows("SELECT id FROM message")) == 20
    other = ready.messages(ready.bearer(Role.LIAISON, "a-other", "shiqiao"))
    assert "夜班后的一课" not in other[0]["text"]
    assert "公布的名单请在平台上查看。" in other[0]["text"]


def test_an_ended_account_gets_no_mail(ready, story):
    ready.told("intake", AccountEnded(account_id="a-shen"), receipt(story))
    assert [mail["recipient"] for mail in ready.spool()] == ["unit/yunzhan"]


def test_a_unit_without_a_liaison_has_its_head_written_to(ready, story):
    head = story.liaison("a-head", unit="shiqiao", role="unit_head", email=None)
    event = receipt(story).model_copy(update={"unit_id": "shiqiao", "unit_name": "石桥区"})
    ready.told("intake", head, event)
    assert [mail["recipient"] for mail in ready.spool()] == ["account/a-head"]


def test_the_same_event_again_adds_no_message(ready, story, liaison):
    (event_id,) = ready.told("intake", receipt(story))
    ready.deliver_again()
    assert ready.rows("SELECT event_id FROM message") == [(event_id,)]
    assert len(ready.spool()) == 1
    assert len(ready.messages(liaison)) == 1


def test_a_mail_is_in_chinese_with_its_english_twin_below(ready, story, liaison):
    ready.told("intake", receipt(story))
    (message,) = ready.messages(liaison)
    (mail,) = ready.spool()
    assert (mail["subject"], mail["language"]) == (message["subject"], "zh-CN, en")
    below = f"{message['subject_en']}\n\n{message['text_en']}"
    assert mail["text"] == f"{message['text']}\n\n— English —\n{below}"
    assert "has been received." in below


def test_a_message_that_is_sent_again_is_in_the_spool_once(ready, story, liaison):
    ready.told("intake", receipt(story))
    (before,) = ready.messages(liaison)
    ready.change("UPDATE job SET state = 'queued', due = 0")
    ready.platform.services["notify"].workers[0].wake()
    ready.settle()
    assert ready.rows("SELECT state, attempts FROM job") == [("done", 2)]
    assert len(ready.spool()) == 1
    assert ready.messages(liaison) == [before]


def test_a_rehearsal_says_so(world, story, liaison):
    rehearsal = story.published.model_copy(update={"rehearsal": True})
    world.told("intake", rehearsal, story.liaison("a-shen"), receipt(story))
    (message,) = world.messages(liaison)
    assert message["subject"].startswith("【试运行】")
    assert message["text"].endswith("试运行，不作为正式材料。")
    assert message["subject_en"].startswith("[Rehearsal] ")


def test_a_later_version_of_the_campaign_speaks_from_then_on(world, story, liaison):
    second = story.published.model_copy(update={"version": 2, "host": "江州市学促办"})
    world.told("intake", second, story.published, story.liaison("a-shen"), receipt(story, kind="late"))
    assert "是否受理由江州市学促办决定" in world.messages(liaison)[0]["text"]


def test_the_page_goes_on_where_it_ended(ready, story, liaison):
    ready.told("intake", *(receipt(story, f"JZ-2024-{number:04d}") for number in range(5)))
    first = ready.ask("GET", "/messages", liaison, params={"limit": 3}).json()
    second = ready.ask("GET", "/messages", liaison, params={"limit": 3, "before": first["next"]}).json()
    subjects = [message["subject"][3:15] for message in first["messages"] + second["messages"]]
    assert subjects == [f"JZ-2024-{number:04d}" for number in reversed(range(5))]
    assert (first["unread"], second["next"]) == (5, None)


def test_reading_is_noted_once_and_for_oneself_alone(ready, story, liaison):
    ready.told("intake", receipt(story))
    (message,) = ready.messages(liaison)
    first = ready.ask("POST", f"/messages/{message['message_id']}/read", liaison).json()["read_at"]
    assert ready.ask("POST", f"/messages/{message['message_id']}/read", liaison).json()["read_at"] == first
    assert ready.messages(liaison, unread=True) == []
    assert ready.ask("GET", f"/messages/{message['message_id']}", liaison).json()["read_at"] == first
    deputy = ready.bearer(Role.LIAISON, "a-deputy", "yunzhan")
    assert [one["read_at"] for one in ready.messages(deputy, unread=True)] == [None]


def test_bad_questions_are_named(ready, liaison):
    answer = ready.ask("GET", "/messages", liaison, params={"limit": 0, "template": "gossip", "colour": "red"})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"limit", "template", "colour"}
    assert ready.ask("GET", "/messages").status_code == 401


def test_term_passes_through_beijing_time(ready, story, liaison):
    ready.told("intake", returned(story, term=AT + timedelta(milliseconds=1)))
    assert "请于2024-10-01 00:00:00.000前完成" in ready.messages(liaison)[0]["text"]


def test_an_experts_messages_are_that_experts_alone(ready, story, liaison):
    ready.told("review", assigned(story, "e-1"), assigned(story, "e-2", ballots=10), reminded(story, "e-1"))
    mine = ready.messages(ready.bearer(Role.EXPERT, "e-1", "yunzhan"))
    assert [message["subject"] for message in mine] == [
        f"《{story.published.title}》催评：还有4份评分表未提交",
        f"《{story.published.title}》：9份评分表待填写",
    ]
    everybody_else = [
        liaison,
        ready.bearer(Role.CLERK, "a-zhou"),
        ready.bearer(Role.HEAD, "a-lu"),
        ready.bearer(Role.EXPERT, "e-3", "yunzhan"),
        ready.bearer(Role.OPERATOR, "operator"),
    ]
    for headers in everybody_else:
        answer = ready.ask("GET", "/messages", headers).json()
        assert answer == {"messages": [], "unread": 0, "next": None}
        for message in mine:
            assert ready.ask("GET", f"/messages/{message['message_id']}", headers).status_code == 404
            assert ready.ask("POST", f"/messages/{message['message_id']}/read", headers).status_code == 404


def test_an_expert_sees_nothing_of_the_unit_that_employs_it(ready, story):
    ready.told("intake", receipt(story))
    assert ready.messages(ready.bearer(Role.EXPERT, "e-1", "yunzhan")) == []


def test_one_unit_sees_nothing_of_another(ready, story):
    ready.told("intake", receipt(story))
    other = ready.bearer(Role.LIAISON, "a-other", "shiqiao")
    (message,) = ready.messages(ready.bearer(Role.CLERK, "a-zhou"))
    assert ready.messages(other) == []
    assert ready.ask("GET", f"/messages/{message['message_id']}", other).status_code == 404


def test_an_account_of_one_campaign_sees_that_campaign_alone(ready, story):
    ready.told("intake", receipt(story))
    assert ready.messages(ready.bearer(Role.LIAISON, "a", "yunzhan", "jiangzhou-2025")) == []
    assert len(ready.messages(ready.bearer(Role.LIAISON, "a", "yunzhan", story.campaign_id))) == 1
    assert ready.messages(ready.bearer(Role.CLERK, "a-zhou", None, "jiangzhou-2025")) == []


def test_the_organiser_sees_what_the_units_were_told_and_marks_none_of_it_read(ready, story):
    ready.told("intake", receipt(story))
    clerk = ready.bearer(Role.CLERK, "a-zhou")
    (message,) = ready.messages(clerk, campaign=story.campaign_id)
    assert (message["own"], message["recipient"]) == (False, "unit/yunzhan")
    assert ready.ask("GET", "/messages", clerk).json()["unread"] == 0
    assert ready.ask("POST", f"/messages/{message['message_id']}/read", clerk).status_code == 404
    assert ready.messages(clerk, campaign="another") == []
