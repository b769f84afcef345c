"""Makes real, different video clips fast: a drawn picture with title and grain, panned slowly, with a spoken-like tone.

Every clip is encoded for real at 25 frames a second (no copied stretches: their timestamps and repeats are faults of their
own). What it costs: about 2 CPU-seconds for 7 seconds of 720p.
"""

from __future__ import annotations

import colorsys
import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)
PAN_SHARE = 1.15


@dataclass(frozen=True, slots=True)
class Clip:
    """What to make. `codec` is an ffmpeg encoder; `title` is drawn on the picture and seeds its colours and its tone."""

    title: str
    line: str
    duration_s: float = 7.0
    width: int = 1280
    height: int = 720
    codec: str = "libx264"
    audio: bool = True
    bitrate: str | None = None


def make(clip: Clip, target: Path, *, scratch: Path) -> Path:
    """Make the clip at `target` (.mp4) unless it is there. Raises CalledProcessError when ffmpeg does."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    picture = scratch / f"{target.stem}.png"
    _picture(clip).save(picture, compress_level=1)
    temporary = target.with_suffix(".part.mp4")
    subprocess.run(_command(clip, picture, temporary), check=True, stdin=subprocess.DEVNULL, timeout=600)
    picture.unlink()
    temporary.rename(target)
    return target


def _command(clip: Clip, picture: Path, target: Path) -> list[str]:
    frames = round(clip.duration_s * 25)
    room_x, room_y = int(clip.width * (PAN_SHARE - 1)), int(clip.height * (PAN_SHARE - 1))
    pan = f"crop={clip.width}:{clip.height}:x='{room_x}*(0.5+0.5*sin(n/40))':y='{room_y}*(0.5+0.5*cos(n/55))'"
    video = f"[0:v]format=yuv420p,loop=loop={frames}:size=1,fps=25,{pan},trim=end_frame={frames},setpts=N/25/TB[v]"
    tone = 180 + _seed(clip)[0]
    sound = f"sine=frequency={tone}:sample_rate=48000:duration={clip.duration_s},tremolo=f=4:d=0.8,volume=0.5"
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(picture)]
    command += ["-f", "lavfi", "-i", sound] if clip.audio else []
    command += ["-filter_complex", video, "-map", "[v]", *(["-map", "1:a", "-c:a", "aac", "-b:a", "96k"] if clip.audio else [])]
    rate = ["-b:v", clip.bitrate] if clip.bitrate else ["-crf", "28"]
    quiet = ["-x265-params", "log-level=error"] if clip.codec == "libx265" else []
    preset = [*quiet, "-preset", "ultrafast", *rate, "-g", "50", "-threads", "1"]
    return [*command, "-c:v", clip.codec, *preset, "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(target)]


def _seed(clip: Clip) -> bytes:
    return hashlib.sha256(clip.title.encode()).digest()


def _picture(clip: Clip) -> Image.Image:
    seed = _seed(clip)
    width, height = int(clip.width * PAN_SHARE) // 2 * 2, int(clip.height * PAN_SHARE) // 2 * 2
    hue = seed[1] / 255
    low, high = _colour(hue, 0.55, 0.25), _colour((hue + 0.12) % 1, 0.45, 0.85)
    gradient = (
        Image.linear_gradient("L").resize((width, height)).transpose(Image.Transpose(seed[2] % 7)).resize((width, height))
    )
    image = Image.composite(Image.new("RGB", (width, height), high), Image.new("RGB", (width, height), low), gradient)
    grain = Image.effect_noise((width, height), 28).convert("RGB")
    image = Image.blend(image, grain, 0.12)
    draw = ImageDraw.Draw(image)
    _hills(draw, width, height, seed)
    _text(draw, clip, width, height)
    return image


def _hills(draw: ImageDraw.ImageDraw, width: int, height: int, seed: bytes) -> None:
    for layer in range(3):
        tone = _colour((seed[3 + layer] / 255), 0.4, 0.35 + 0.15 * layer)
        top = height * (0.55 + 0.12 * layer)
        points = [(x, top + (seed[(x // 90 + layer * 5) % 32] - 128) * height / 1800) for x in range(0, width + 90, 90)]
        draw.polygon([*points, (width, height), (0, height)], fill=tone)


def _text(draw: ImageDraw.ImageDraw, clip: Clip, width: int, height: int) -> None:
    title, line = _font(height // 11), _font(height // 24)
    shade = max(2, height // 300)
    for text, font, y in ((clip.title, title, 0.3), (clip.line, line, 0.45)):
        x = (width - draw.textlength(text, font=font)) / 2
        draw.text((x + shade, height * y + shade), text, font=font, fill=(20, 20, 30))
        draw.text((x, height * y), text, font=font, fill=(250, 248, 240))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for path in FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size, index=2)
    return ImageFont.load_default(size)


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)
