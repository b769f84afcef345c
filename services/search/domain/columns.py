"""The columns that lists of earlier winners have, under every name that is understood. A closed list."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from services.kernel.grams import fold
from services.kernel.text import without_hidden


class Column(StrEnum):
    """What a column holds."""

    EXTERNAL_ID = "external_id"
    SUBJECT = "subject"
    TRACK = "track"
    NAME = "name"
    PERSON = "person"
    PROJECT = "project"
    WORK = "work"
    ORGANISATION = "organisation"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    BIRTH = "birth"
    ID_NUMBER = "id_number"
    HONOUR = "honour"
    LEVEL = "level"
    YEAR = "year"
    OUTCOME = "outcome"
    CONTENT_SHA256 = "content_sha256"
    TEXT = "text"
    IGNORED = "ignored"


ALIASES: dict[Column, tuple[str, ...]] = {
    Column.EXTERNAL_ID: ("编号", "名录编号", "记录编号", "证书编号", "external_id", "record_id", "id", "number"),
    Column.SUBJECT: ("对象类型", "对象", "subject", "kind"),
    Column.TRACK: ("类别", "申报类型", "申报类别", "学习型组织的类型", "track", "category"),
    Column.NAME: ("名称", "姓名或名称", "推介对象", "推荐对象", "被推荐单位或家庭", "获得者", "name"),
    Column.PERSON: (
        "姓名",
        "人员姓名",
        "获得者姓名",
        "推介对象姓名",
        "推荐对象姓名",
        "person",
        "person_name",
        "full_name",
    ),
    Column.PROJECT: (
        "项目名称",
        "品牌名称",
        "品牌项目名称",
        "品牌项目",
        "终身学习品牌项目",
        "项目",
        "project",
        "project_name",
        "project_title",
        "brand",
    ),
    Column.WORK: ("作品名称", "故事名称", "作品", "故事", "work", "work_title", "work_name", "story"),
    Column.ORGANISATION: (
        "单位",
        "单位名称",
        "工作单位",
        "所在单位",
        "申报单位",
        "申报单位名称",
        "实施单位",
        "承办单位",
        "organisation",
        "organization",
        "org",
        "unit",
        "employer",
        "entrant",
    ),
    Column.PROVINCE: ("省", "省份", "所在省", "所在省份", "省（自治区、直辖市）", "province"),
    Column.CITY: ("市", "城市", "地市", "所在市", "所在城市", "city"),
    Column.DISTRICT: (
        "区",
        "区县",
        "县区",
        "区（县）",
        "县（市、区）",
        "所在区",
        "所在区县",
        "推荐区",
        "district",
        "county",
    ),
    Column.BIRTH: (
        "出生年月",
        "出生日期",
        "生日",
        "出生年份",
        "birth",
        "birth_date",
        "birthday",
        "birth_month",
        "date_of_birth",
    ),
    Column.ID_NUMBER: (
        "证件号",
        "证件号码",
        "身份证",
        "身份证号",
        "身份证号码",
        "公民身份号码",
        "居民身份证号",
        "id_number",
        "id_no",
        "id_card",
        "national_id",
    ),
    Column.HONOUR: ("称号", "荣誉称号", "获得称号", "荣誉", "奖项", "奖项名称", "honour", "honor", "title", "award"),
    Column.LEVEL: ("级别", "称号级别", "层级", "level"),
    Column.YEAR: ("年份", "年度", "年", "获得年份", "公布年份", "获得年度", "year"),
    Column.OUTCOME: ("结果", "入选情况", "outcome", "result"),
    Column.CONTENT_SHA256: ("内容校验值", "文件校验值", "视频校验值", "content_sha256", "sha256", "content_hash"),
    Column.TEXT: ("正文", "故事正文", "作品正文", "text", "body"),
    Column.IGNORED: (
        "序号",
        "备注",
        "说明",
        "排序",
        "排序备注",
        "性别",
        "民族",
        "年龄",
        "职务",
        "职称",
        "联系电话",
        "手机",
        "手机号",
        "手机号码",
        "电话",
        "邮箱",
        "电子邮箱",
        "地址",
        "推荐单位",
        "报送单位",
        "no",
        "no.",
        "remark",
        "note",
        "sex",
        "gender",
        "phone",
        "rank",
    ),
}
"""Every name a column may have. IGNORED ones are known and never read, so that no telephone number is kept."""

NAMING = frozenset({Column.NAME, Column.PERSON, Column.PROJECT, Column.WORK})
"""The columns of which a list must have one (ORGANISATION stands in where a list names organisations alone)."""


def visible(text: str) -> str:
    """Return a cell as a reader sees it: a control stands for a space, what cannot be shown is marked, nothing is hidden."""
    return without_hidden(_LOST.sub("\N{REPLACEMENT CHARACTER}", _CONTROL.sub(" ", text))).strip()


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LOST = re.compile("[\ud800-\uf8ff\U000f0000-\U0010ffff]")  # halves of characters, and those that each machine draws otherwise


def _plain(label: str) -> str:
    return re.sub(r"[\s_*＊:：]+", "", fold(visible(label)))


@cache
def _known() -> dict[str, Column]:
    return {_plain(alias): column for column, aliases in ALIASES.items() for alias in aliases}


def recognise(label: str) -> Column | None:
    """Return what a head's label announces; a remark in brackets, a star, a line break in it do not matter."""
    plain = _plain(label)
    return _known().get(plain) or _known().get(re.sub(r"\([^)]*\)", "", plain))
