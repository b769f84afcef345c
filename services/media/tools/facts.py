"""Turns what ffprobe tells into the measures of the domain."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from services.media.domain.measures import AudioTrack, Counted, Probed, VideoTrack
from services.media.domain.timing import timing
from services.media.tools.magic import Layout
from services.media.tools.probe import Packets


def probed_from(described: dict[str, Any], kind: str, layout: Layout | None) -> Probed:
    """Return the measures of a probe. Streams that are no film (cover pictures, data) are left out."""
    streams = described["streams"]
    video = next((s for s in streams if s.get("codec_type") == "video" and not _is_cover(s)), None)
    audio = next((s for s in streams if s.get("codec_type") == "audio"), None)
    return Probed(
        kind=kind,
        brand=layout.brand if layout else None,
        has_index=layout.has_index if layout else True,
        index_first=layout.index_first if layout else False,
        cut_short=layout.cut_short if layout else False,
        bit_rate_bps=_whole(described.get("format", {}).get("bit_rate")),
        cover_indexes=tuple(stream["index"] for stream in streams if _is_cover(stream)),
        video=_video(video) if video else None,
        audio=_audio(audio) if audio else None,
    )


def counted_from(packets: dict[int, Packets], probed: Probed) -> Counted:
    """Return the measures of a packet count. The film's video stream must be there."""
    if probed.video is None:
        raise ValueError("no video stream")
    video = packets.get(probed.video.index, Packets())
    audio = packets.get(probed.audio.index, Packets()) if probed.audio else Packets()
    tick_s = probed.video.tick_s
    return Counted(
        video_packets=video.count,
        damaged_packets=sum(stream.damaged for stream in packets.values()),
        audio_packets=audio.count,
        payload_bytes=sum(stream.payload_bytes for index, stream in packets.items() if index not in probed.cover_indexes),
        timing=timing([tick * tick_s for tick in video.pts] or [0.0]),
    )


def _is_cover(stream: dict[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _video(stream: dict[str, Any]) -> VideoTrack:
    return VideoTrack(
        index=stream["index"],
        codec=stream.get("codec_name", "unknown"),
        profile=stream.get("profile"),
        pixel_format=stream.get("pix_fmt"),
        coded_width_px=stream.get("width", 0),
        coded_height_px=stream.get("height", 0),
        pixel_aspect=_ratio(stream.get("sample_aspect_ratio")),
        rotation_deg=_rotation(stream),
        field_order=stream.get("field_order"),
        declared_frames=_whole(stream.get("nb_frames")),
        tick_s=float(Fraction(stream["time_base"])),
    )


def _audio(stream: dict[str, Any]) -> AudioTrack:
    return AudioTrack(
        index=stream["index"],
        codec=stream.get("codec_name", "unknown"),
        channels=stream.get("channels", 0),
        sample_rate_hz=_whole(stream.get("sample_rate")) or 0,
        declared_frames=_whole(stream.get("nb_frames")),
    )


def _rotation(stream: dict[str, Any]) -> int:
    turned = [side["rotation"] for side in stream.get("side_data_list", ()) if "rotation" in side]
    return round(turned[0]) % 360 if turned else 0


def _ratio(text: str | None) -> float:
    """Return the width of a pixel over its height; 0:1 and nothing mean unknown, and square."""
    numerator, _, denominator = (text or "").partition(":")
    if not (numerator.isdigit() and denominator.isdigit()) or int(numerator) * int(denominator) == 0:
        return 1.0
    return int(numerator) / int(denominator)


def _whole(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isdigit() else None
