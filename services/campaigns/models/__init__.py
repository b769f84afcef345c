"""The typed parts of a campaign."""

from services.campaigns.models.campaign import Campaign, Consent
from services.campaigns.models.lists import Column, ListLayout
from services.campaigns.models.notice import Clause, Liaisons, Notice, Terms, UnitType
from services.campaigns.models.quotas import Floor, Quota
from services.campaigns.models.readings import Reading, ReadingOption
from services.campaigns.models.review import Award, Criterion, Outcome, Round, Rubric, Tie
from services.campaigns.models.stages import Act, Deadline, Late, Repair, Retention, Stage, Tier, UploadGrace
from services.campaigns.models.units import Host, Unit, Units
from services.campaigns.models.winners import LEVEL_WORDS, PriorWinnerRule, TitleLevel
from services.campaigns.models.works import (
    ChoiceField,
    ComparedFields,
    IdNumberField,
    ListField,
    Option,
    TextField,
    Track,
    WorkField,
)

__all__ = [
    "LEVEL_WORDS",
    "Act",
    "Award",
    "Campaign",
    "ChoiceField",
    "Clause",
    "Column",
    "ComparedFields",
    "Consent",
    "Criterion",
    "Deadline",
    "Floor",
    "Host",
    "IdNumberField",
    "Late",
    "Liaisons",
    "ListField",
    "ListLayout",
    "Notice",
    "Option",
    "Outcome",
    "PriorWinnerRule",
    "Quota",
    "Reading",
    "ReadingOption",
    "Repair",
    "Retention",
    "Round",
    "Rubric",
    "Stage",
    "Terms",
    "TextField",
    "Tie",
    "Tier",
    "TitleLevel",
    "Track",
    "Unit",
    "UnitType",
    "Units",
    "UploadGrace",
    "WorkField",
]
