from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.kernel.settings import Settings


def test_a_setting_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("LAUREL_PORT", "9000")
    monkeypatch.setenv("LAUREL_HOME", "/srv/laurel")
    settings = Settings()
    assert settings.port == 9000
    assert str(settings.keys_folder) == "/srv/laurel/keys"


def test_an_empty_variable_is_no_setting(monkeypatch):
    monkeypatch.setenv("LAUREL_PORT", "")
    assert Settings().port == 8080


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "http"),
        ("BODY_TIMEOUT_S", "0"),
        ("LOG_LEVEL", "loud"),
        ("ARGON2_MEMORY_KIB", "1"),
        ("PUBLIC_ORIGIN", "laurel.example"),
        ("PUBLIC_ORIGIN", "https://laurel.example/"),
        ("UPLOAD_MAX_BYTES", "-1"),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_name(monkeypatch, name, value):
    monkeypatch.setenv(f"LAUREL_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_settings_do_not_change_under_way():
    with pytest.raises(ValidationError):
        Settings().port = 1
