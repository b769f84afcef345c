"""The catalogue: every message in the glossary's wording, Chinese with its English twin.

A template's fields in braces are filled in by `letters`; `docs/interfaces.md` lists the ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class TemplateId(StrEnum):
    """What a message is about; the closed set that the API shows as `template`."""

    INVITATION = "invitation"
    RECEIPT = "receipt"
    REPORT_READY = "report_ready"
    RETURNED = "returned"
    BALLOTS_ASSIGNED = "ballots_assigned"
    BALLOTS_REMINDER = "ballots_reminder"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Wording:
    """A subject and a text in one language."""

    subject: str
    text: str

    def filled(self, values: Mapping[str, object]) -> Wording:
        """Return it with its fields filled in. Raises KeyError when a value is missing."""
        return Wording(self.subject.format_map(values), self.text.format_map(values))


@dataclass(frozen=True, slots=True)
class Template:
    """One message: its Chinese and its English twin."""

    zh: Wording
    en: Wording


INVITATION_TO_UNIT = Template(
    Wording(
        "《{campaign}》开通函：{unit}",
        "{unit}：\n"
        "《{campaign}》已发布，请开通{role}账号。开通码印在开通函上，只能使用一次，仅限本单位。\n"
        "下一步：在登录页选择“使用开通码”，按提示填写。",
    ),
    Wording(
        "Invitation to “{campaign}”: {unit}",
        "{unit},\n"
        "“{campaign}” has been published. Please open the account of the {role}. The code stands on the printed letter; "
        "it works once, and only for your unit.\n"
        "Next: choose “use a code” where you log in, and follow the steps.",
    ),
)
INVITATION_TO_EXPERT = Template(
    Wording(
        "《{campaign}》评审专家开通函",
        "请开通《{campaign}》的评审专家账号。开通码印在开通函上，只能使用一次，仅限本人。\n"
        "下一步：在登录页选择“使用开通码”，按提示填写。",
    ),
    Wording(
        "Invitation to review for “{campaign}”",
        "Please open your account as an expert of “{campaign}”. The code stands on the printed letter; it works once, and "
        "only for you.\n"
        "Next: choose “use a code” where you log in, and follow the steps.",
    ),
)
INVITATION_TO_OFFICE = Template(
    Wording(
        "开通函：{role}",
        "请开通{role}账号。开通码印在开通函上，只能使用一次。\n下一步：在登录页选择“使用开通码”，按提示填写。",
    ),
    Wording(
        "Invitation: {role}",
        "Please open the account of the {role}. The code stands on the printed letter; it works once.\n"
        "Next: choose “use a code” where you log in, and follow the steps.",
    ),
)

RECEIPT_OF_WORK = Template(
    Wording(
        "回执 {number}：《{title}》",
        "{unit}：\n{work}《{title}》已收到。\n回执：{number}\n收到时间：{received_at}\n校验码：{check_code}\n{files}",
    ),
    Wording(
        "Receipt {number}: “{title}”",
        "{unit},\n“{title}” has been received.\nReceipt: {number}\nReceived at: {received_at}\n"
        "Check code: {check_code}\n{files}",
    ),
)
RECEIPT_OF_LIST = Template(
    Wording(
        "回执 {number}：{recommendation_list}",
        "{unit}：\n{recommendation_list}已锁定。\n回执：{number}\n收到时间：{received_at}\n校验码：{check_code}\n{files}",
    ),
    Wording(
        "Receipt {number}: recommendation list",
        "{unit},\nThe recommendation list is locked.\nReceipt: {number}\nReceived at: {received_at}\n"
        "Check code: {check_code}\n{files}",
    ),
)
RECEIPT_OF_FILES = Template(
    Wording(
        "回执 {number}：《{title}》的文件",
        "{unit}：\n《{title}》的文件已收齐。\n回执：{number}\n收到时间：{received_at}\n校验码：{check_code}",
    ),
    Wording(
        "Receipt {number}: files of “{title}”",
        "{unit},\nThe files of “{title}” are complete.\nReceipt: {number}\nReceived at: {received_at}\n"
        "Check code: {check_code}",
    ),
)
RECEIPT_OF_LATE = Template(
    Wording(
        "回执 {number}：逾期材料",
        "{unit}：\n材料已收到，存为逾期材料，不占{quota}，是否受理由{organiser}决定。\n"
        "回执：{number}\n收到时间：{received_at}\n校验码：{check_code}",
    ),
    Wording(
        "Receipt {number}: late material",
        "{unit},\nYour material has been received and is kept as late material outside the quota; "
        "the organiser decides on it.\n"
        "Receipt: {number}\nReceived at: {received_at}\nCheck code: {check_code}",
    ),
)
FILES_ON_THEIR_WAY = Template(
    Wording("", "还有文件正在上传，收齐后另发一份回执。"),
    Wording("", "A file is still on its way; another receipt follows when it is there."),
)

REPORT_READY = Template(
    Wording("《{title}》{slot}核验结果：{verdict}", "{summary}\n{findings}{remedies}下一步：{next_step}"),
    Wording("“{title}”, {slot}: {verdict}", "{summary}\n{findings}{remedies}Next: {next_step}"),
)

RETURNED = Template(
    Wording(
        "退回补正{count}项：《{title}》",
        "{unit}：\n{work}《{title}》退回补正{count}项，{term}。{place}\n{items}\n下一步：只修改以上各项，改好后提交，等待复核。",
    ),
    Wording(
        "Returned for {count} corrections: “{title}”",
        "{unit},\n“{title}” is returned for {count} corrections, {term}. {place}\n{items}\n"
        "Next: change these items only, then submit again.",
    ),
)

BALLOTS_ASSIGNED = Template(
    Wording(
        "《{campaign}》：{count}份评分表待填写",
        "您有{count}份评分表待填写。如有利害关系，请在打开{work}后先申请回避。\n下一步：登录平台，进入“评审”。",
    ),
    Wording(
        "“{campaign}”: {count} ballots to fill in",
        "You have {count} ballots to fill in. If you have a conflict of interest, please recuse yourself first.\n"
        "Next: log in and open “Review”.",
    ),
)
BALLOTS_REMINDER = Template(
    Wording(
        "《{campaign}》催评：还有{count}份评分表未提交",
        "您还有{count}份评分表未提交，请尽快填写。\n下一步：登录平台，进入“评审”。",
    ),
    Wording(
        "“{campaign}”: {count} ballots outstanding",
        "{count} of your ballots have not been submitted yet; please fill them in soon.\nNext: log in and open “Review”.",
    ),
)

RESULT = Template(
    Wording(
        "《{campaign}》结果公布",
        "{unit}：\n《{campaign}》的结果已于{published_at}公布。\n{works}\n评审记录存证值：{record_head}",
    ),
    Wording(
        "Result of “{campaign}”",
        "{unit},\nThe result of “{campaign}” was published at {published_at}.\n{works}\nHead of the record: {record_head}",
    ),
)

REHEARSAL = Template(
    Wording("【试运行】", "试运行，不作为正式材料。"),
    Wording("[Rehearsal] ", "Rehearsal: not an official document."),
)

ROLES: Mapping[str, tuple[str, str]] = {
    "clerk": ("主办单位经办人", "organiser's clerk"),
    "head": ("主办单位负责人", "organiser's head"),
    "liaison": ("联络员", "liaison"),
    "unit_head": ("单位负责人", "unit head"),
    "expert": ("评审专家", "expert"),
    "operator": ("平台管理人员", "operator"),
}

SEVERITIES: Mapping[str, tuple[str, str]] = {
    "block": ("须修改", "to be corrected"),
    "warn": ("请注意", "please note"),
    "ask": ("待人工核实", "to be looked at by a person"),
}

UNJUDGED = ("暂未核验", "not judged yet")
CLEAN = ("规格核验通过", "meets the specification")

NEXT_STEPS: Mapping[str, tuple[str, str]] = {
    "clean": ("不需要再做什么。", "nothing more is needed."),
    "warn": ("请看一下以上各项，无须重新上传。", "please look at the above; no new upload is needed."),
    "ask": ("请在平台上查看画面并核对。", "please look at the frames on the platform and tick what is right."),
    "block": ("请修改后重新上传。", "please correct this and upload again."),
    "unjudged": ("请稍后在平台上查看，文件已保存。", "please look again later; the file is kept."),
}

TEMPLATES: Mapping[TemplateId, tuple[Template, ...]] = {
    TemplateId.INVITATION: (INVITATION_TO_UNIT, INVITATION_TO_EXPERT, INVITATION_TO_OFFICE),
    TemplateId.RECEIPT: (RECEIPT_OF_WORK, RECEIPT_OF_LIST, RECEIPT_OF_FILES, RECEIPT_OF_LATE),
    TemplateId.REPORT_READY: (REPORT_READY,),
    TemplateId.RETURNED: (RETURNED,),
    TemplateId.BALLOTS_ASSIGNED: (BALLOTS_ASSIGNED,),
    TemplateId.BALLOTS_REMINDER: (BALLOTS_REMINDER,),
    TemplateId.RESULT: (RESULT,),
}
