"""Files that a command is given: whether they can be read, and the one sentence that says why not."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from services.kernel.text import escaped

UNREADABLE = 3
_TROUBLES = {
    errno.ENOENT: "没有这个文件。请核对文件名和所在的文件夹。",
    errno.ENOTDIR: "没有这个文件。请核对文件名和所在的文件夹。",
    errno.EACCES: "没有读取权限。请检查文件的权限，或复制到自己的文件夹。",
    errno.EISDIR: "这是文件夹或设备，不是文件。请写出其中的文件。",
    errno.ENAMETOOLONG: "文件名过长。请改用较短的文件名。",
    errno.EIO: "存储设备没有读出内容。请换一份副本。",
}


def check_input(file: Path) -> int:
    """Return the size in bytes of a file that can be read. Raises `OSError`, `IsADirectoryError` for what is no file."""
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    file.open("rb").close()
    return status.st_size


def why_unreadable(file: Path, trouble: OSError) -> str:
    """Return the sentence: what could not be read, why, and what to do."""
    told = _TROUBLES.get(trouble.errno or 0) or f"系统报告“{trouble.strerror or trouble}”。请排除后再试。"
    return f"无法读取文件 {escaped(str(file))}：{told}"
