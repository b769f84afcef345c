from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.kernel.adapters.file_store import FileStore
from services.kernel.errors import EngineError, NotFound, StorageFull


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "objects")


def test_an_object_is_what_was_put(store: FileStore) -> None:
    stored = store.put("a/b", iter([b"12", b"345"]))
    assert (stored.size_bytes, stored.sha256) == (5, hashlib.sha256(b"12345").hexdigest())
    assert b"".join(store.read("a/b")) == b"12345"
    assert b"".join(store.read("a/b", 1, 3)) == b"234"
    assert b"".join(store.read("a/b", 4, 100)) == b"5"
    with store.local("a/b") as path:
        assert Path(path).read_bytes() == b"12345"
    assert list(store.keys("a")) == ["a/b"]


def test_what_breaks_off_leaves_nothing(store: FileStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.put("a/b", broken())
    assert store.size("a/b") is None
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_what_was_half_written_before_a_crash_is_cleared_away(tmp_path: Path) -> None:
    FileStore(tmp_path)
    (tmp_path / ".incoming" / "left").write_bytes(b"half")
    FileStore(tmp_path)
    assert list((tmp_path / ".incoming").iterdir()) == []


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../b", "a//b", ".incoming/x", "a b", "名", "a/", "a\nb"])
def test_a_key_is_ours_never_a_path(store: FileStore, key: str) -> None:
    with pytest.raises(EngineError):
        store.put(key, iter([b""]))


def test_what_is_absent_is_absent(store: FileStore) -> None:
    assert store.size("a") is None
    with pytest.raises(NotFound):
        list(store.read("a"))
    store.delete("a")
    assert list(store.keys("nothing")) == []


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    try:
        store = FileStore(folder)
        with pytest.raises(StorageFull):
            store.put("big", iter([bytes(600_000)] * 4))
        assert store.size("big") is None
        assert store.put("small", iter([bytes(1000)])).size_bytes == 1000
    finally:
        subprocess.run(["umount", str(folder)], check=True)
