"""Typst, in a child process: a page of Chinese costs 70 MB while it is set, which the child gives back.

The child is this file run as a program: the request stands on its standard input, the PDF on its standard output. It runs
isolated (`-I`), without network access of its own, under limits of time and memory, and imports nothing of the product.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

TEMPLATES = Path(__file__).with_name("templates")
DEBIAN_FONTS = Path("/usr/share/fonts/opentype/noto")  # package fonts-noto-cjk
FAMILY = "Noto Serif CJK SC"
WALL_LIMIT_S = 60
CPU_LIMIT_S = 50
MEMORY_LIMIT_BYTES = 2 * 1024**3
ARCHIVAL: Literal["a-2b"] = "a-2b"


class TypesettingError(RuntimeError):
    """The paper could not be set; the message is the engine's."""


def render(template: Literal["list", "letters"], data: Mapping[str, Any], *, stamp: datetime) -> bytes:
    """Set a template with its data; return the PDF, the same bytes for the same arguments.

    `data` holds JSON values; every string in it is set as text, never read as markup. The PDF is PDF/A-2b; only when the
    typeface lacks a character it is plain PDF with a box in that character's place. Blocks for 0.1 s or more: call it from a
    job or a thread. Raises TypesettingError, also when the typeface is not installed.
    """
    request = {
        "template": str(TEMPLATES / f"{template}.typ"),
        "data": json.dumps(data, ensure_ascii=False),
        "stamp": int(stamp.timestamp()),
        "fonts": str(DEBIAN_FONTS) if DEBIAN_FONTS.is_dir() else None,
    }
    try:
        child = subprocess.run(  # noqa: S603 - our own file, by our own interpreter
            [sys.executable, "-I", __file__],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=WALL_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TypesettingError(f"not set within {WALL_LIMIT_S} s") from error
    if child.returncode != 0:
        raise TypesettingError(child.stderr.decode(errors="replace").strip() or f"the child ended with {child.returncode}")
    return child.stdout


def _set(request: Mapping[str, Any]) -> bytes:
    import typst  # noqa: PLC0415 - the child alone needs it

    folders = [request["fonts"]] if request["fonts"] else []
    fonts = typst.Fonts(include_system_fonts=not folders, include_embedded_fonts=False, font_paths=folders)
    if FAMILY not in fonts.families():
        raise TypesettingError(f"the typeface {FAMILY} is not installed (Debian: fonts-noto-cjk)")
    source = Path(request["template"])
    compiler = typst.Compiler(source, root=source.parent, font_paths=fonts, sys_inputs={"data": request["data"]})
    try:
        pdf = compiler.compile(format="pdf", timestamp=request["stamp"], pdf_standards=ARCHIVAL)
    except typst.TypstError as error:
        if "could not be displayed" not in error.message:
            raise TypesettingError(error.diagnostic) from error
        pdf = compiler.compile(format="pdf", timestamp=request["stamp"])
    assert isinstance(pdf, bytes)  # noqa: S101 - without an output path typst returns the bytes of its one file
    return pdf


def _child() -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    try:
        pdf = _set(json.loads(sys.stdin.buffer.read()))
    except TypesettingError as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(_child())
