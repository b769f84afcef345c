from __future__ import annotations

import re

from scripts import write_docs
from services.kernel import docs
from services.kernel.metrics import LABELS
from services.kernel.settings import Settings


def test_the_documents_say_what_the_code_says():
    assert write_docs.stale() == [], "run make docs"


def test_a_document_that_was_changed_by_hand_is_stale(tmp_path):
    write_docs.write(tmp_path)
    assert write_docs.stale(tmp_path) == []
    page = tmp_path / "settings.md"
    page.write_text(page.read_text(encoding="utf-8").replace("8080", "8081"), encoding="utf-8")
    (tmp_path / "metrics.md").unlink()
    assert write_docs.stale(tmp_path) == ["settings.md", "metrics.md"]


def test_every_setting_says_what_it_is_for():
    mute = [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")]
    assert mute == []


def test_every_label_of_every_metric_takes_its_values_from_a_closed_set():
    declared = {label.name for label in LABELS}
    for metric in docs.declared_metrics():
        assert set(metric._labelnames) <= declared, metric._name
    assert all(label.values or label.source for label in LABELS)


def test_metrics_share_the_products_prefix_and_say_their_unit():
    for metric in docs.declared_metrics():
        assert metric._name.startswith("laurel_")
        if type(metric).__name__ == "Histogram":
            assert re.search("_(seconds|bytes)(_|$)", metric._name)
