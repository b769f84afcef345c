"""What the tools measure: plain numbers with their units, ready to be stored and judged.

Times are seconds from the first shown frame, sizes are displayed pixels unless `coded` is said.
"""

from __future__ import annotations

from pydantic import Field

from services.campaigns.findings import Frozen


class Span(Frozen):
    """A stretch of the medium; `end_s` is None where it lasts to the end."""

    start_s: float
    end_s: float | None = None


class Still(Frozen):
    """A picture taken from the video for people to look at, and its file's name."""

    at_s: float
    name: str


class StreamSize(Frozen):
    """The coded size of the picture from some instant on."""

    width_px: int
    height_px: int
    at_s: float


class Sound(Frozen):
    """Peak level of every `step_s` by channel in dB of full scale; loudness of the whole by EBU R 128."""

    step_s: float
    levels_db: tuple[tuple[float, ...], ...]
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None


class Timing(Frozen):
    """When frames are shown.

    `extent_s` is the length of the shown pictures without frames that stand alone behind (or before) a long gap;
    those are counted in `stragglers`, and `claimed_s` is the length with them. `steady_share` is the share of equal
    distances between frames.
    """

    frames: int
    extent_s: float
    claimed_s: float
    stragglers: int = 0
    rate_fps: float | None = None
    steady_share: float = 1.0


class VideoTrack(Frozen):
    """The video stream as the container and the decoder's header describe it."""

    index: int
    codec: str
    profile: str | None = None
    pixel_format: str | None = None
    coded_width_px: int
    coded_height_px: int
    pixel_aspect: float = 1.0
    rotation_deg: int = 0
    field_order: str | None = None
    declared_frames: int | None = None
    tick_s: float = 1.0

    def displayed(self, coded_width_px: int, coded_height_px: int) -> tuple[int, int]:
        """Return what a player shows of a coded size: pixels made square, then turned."""
        width, height = round(coded_width_px * self.pixel_aspect), coded_height_px
        return (height, width) if self.rotation_deg % 180 else (width, height)

    @property
    def displayed_px(self) -> tuple[int, int]:
        """The displayed width and height."""
        return self.displayed(self.coded_width_px, self.coded_height_px)


class AudioTrack(Frozen):
    """The sound stream."""

    index: int
    codec: str
    channels: int
    sample_rate_hz: int
    declared_frames: int | None = None


class Probed(Frozen):
    """What a video file says of itself before anything is decoded. `cover_indexes`: streams that are cover pictures."""

    kind: str
    brand: str | None = None
    has_index: bool = True
    index_first: bool = True
    cut_short: bool = False
    bit_rate_bps: int | None = None
    cover_indexes: tuple[int, ...] = ()
    video: VideoTrack | None = None
    audio: AudioTrack | None = None


class Counted(Frozen):
    """The packets of a video file: how many, how many bytes of picture and sound, and when."""

    video_packets: int
    damaged_packets: int = 0
    audio_packets: int = 0
    payload_bytes: int
    timing: Timing


class Decoded(Frozen):
    """What one decode of the whole video saw and heard."""

    timing: Timing
    errors: int = 0
    sizes: tuple[StreamSize, ...] = ()
    cuts_s: tuple[float, ...] = ()
    black: tuple[Span, ...] = ()
    frozen: tuple[Span, ...] = ()
    stills: tuple[Still, ...] = ()
    sound: Sound | None = None
    cpu_s: float = 0.0


class Film(Frozen):
    """All that was measured of a video."""

    size_bytes: int
    probed: Probed
    counted: Counted
    decoded: Decoded


class DotsPerInch(Frozen):
    """The marks a photo carries. None: absent, zero, or without a unit, which all mean unknown."""

    jfif_dpi: float | None = None
    exif_dpi: float | None = None

    @property
    def marks(self) -> tuple[float, ...]:
        """The known marks."""
        return tuple(mark for mark in (self.jfif_dpi, self.exif_dpi) if mark is not None)


class Photo(Frozen):
    """All that was measured of a photo; `kind` is its format by content, sizes are as shown after turning."""

    size_bytes: int
    kind: str
    width_px: int = Field(ge=0)
    height_px: int = Field(ge=0)
    dpi: DotsPerInch = DotsPerInch()
    payload_bytes: int = 0
    truncated: bool = False
    errors: int = 0


class Refused(Frozen):
    """A file of which nothing was decoded.

    `hostile`: built to make a program open other files or eat memory; otherwise it could not be read.
    `cut_short` tells that it visibly ends before its contents do.
    """

    size_bytes: int
    kind: str
    hostile: bool = False
    why: str
    cut_short: bool = False
    brand: str | None = None


Measured = Film | Photo | Refused
