"""A campaign file to a campaign, or every fault in it with file, line and plain words.

Pure: bytes come in, and the file that another one extends is asked from the caller.
"""

from services.campaigns.loader.faults import Fault, FaultyFileError, Mark, UnknownChoiceError
from services.campaigns.loader.load import Bases, load_campaign, load_units, load_work

__all__ = ["Bases", "Fault", "FaultyFileError", "Mark", "UnknownChoiceError", "load_campaign", "load_units", "load_work"]
