"""What every rule of a material slot has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from services.campaigns.findings import Rule
from services.campaigns.references import Cite
from services.campaigns.text import Text


class SlotRule(Rule, ABC):
    """A rule of a slot.

    `label` is what the rule is about, `meaning` explains it in the manual; `words` replaces the sentence part
    that `asked` would make, when the notice's own words say it better ("通知为1280*720"). In a campaign file
    `reading` names one of its readings; once the campaign is resolved it holds the words of the option chosen.
    """

    label: ClassVar[str]
    meaning: ClassVar[str]
    cite: Cite
    words: Text | None = None

    def asked(self) -> str:
        """Return what is asked, ready to stand in a sentence: "应为5—8分钟"."""
        return self.words or self._asked()

    @abstractmethod
    def _asked(self) -> str: ...
