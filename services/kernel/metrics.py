"""Every metric, declared once: its name, its sentence of help, and labels that take values from closed sets only.

A label never names a person, a work or anything a request can invent. `docs/metrics.md` is generated from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest

from services.kernel.contracts.topics import ALL_SERVICES, TOPICS

REGISTRY: Final = CollectorRegistry()
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
ELSEWHERE: Final = "-"


@dataclass(frozen=True, slots=True)
class Label:
    """A label and where its values come from; `values` is None where the set is closed by the deployment, as `source` says."""

    name: str
    source: str
    values: frozenset[str] | None = None


@cache
def _closed(name: str, source: str, *values: str) -> Label:
    return Label(name, source, frozenset(values))


SERVICE = _closed("service", "the five services", *ALL_SERVICES)
METHOD = _closed(
    "method", "HTTP methods; others count as -", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", ELSEWHERE
)
STATUS = _closed("status", "classes of HTTP status", "1xx", "2xx", "3xx", "4xx", "5xx")
ROUTE = Label("route", "templates of the routes that services declare; what matches none counts as -")
CONSUMER = Label("consumer", "consumer groups that services declare")
TOPIC = _closed("topic", "topics of the contract", *TOPICS)
STATE = _closed("state", "states of the thing counted", "open", "ended", "expired", "queued", "running", "done", "failed")
JOB_KIND = Label("kind", "kinds of job that services declare")
CAMPAIGN = Label("campaign", "ids of published campaigns")
WINDOW = Label("window", "windows that the campaign's file names")
CHECK = Label("check", "checks of reconciliation that services declare")
REASON = _closed("reason", "why an event is dead", "rejected", "exhausted", "undecodable", "crashed")
SINK = _closed("sink", "where text leaves a process", "log")
LABELS: Final[Sequence[Label]] = (
    SERVICE, METHOD, STATUS, ROUTE, CONSUMER, TOPIC, STATE, JOB_KIND, CAMPAIGN, WINDOW, CHECK, REASON, SINK
)  # fmt: skip

FAST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


def _names(labels: Sequence[Label]) -> list[str]:
    return [label.name for label in labels]


def _counter(name: str, help_text: str, *labels: Label) -> Counter:
    return Counter(name, help_text, _names(labels), registry=REGISTRY)


def _gauge(name: str, help_text: str, *labels: Label) -> Gauge:
    return Gauge(name, help_text, _names(labels), registry=REGISTRY)


def _histogram(name: str, help_text: str, *labels: Label, buckets: Sequence[float] = FAST_S) -> Histogram:
    return Histogram(name, help_text, _names(labels), registry=REGISTRY, buckets=buckets)


REQUESTS = _counter("laurel_requests_total", "Requests answered.", SERVICE, METHOD, ROUTE, STATUS)
REQUEST_SECONDS = _histogram(
    "laurel_request_seconds", "Seconds from a request's headers to its answer.", SERVICE, METHOD, ROUTE
)
STAMP_AGE = _gauge("laurel_oldest_unanswered_write_age_seconds", "Age of the oldest write that is unanswered.", SERVICE)

LAG_EVENTS = _gauge("laurel_consumer_lag_events", "Events that a consumer has still to take.", CONSUMER)
LAG_SECONDS = _gauge("laurel_consumer_lag_seconds", "Age of the oldest event that a consumer has still to take.", CONSUMER)
DEAD_LETTERS = _gauge("laurel_dead_letters_open", "Events that are dead and wait for an operator.", CONSUMER)
DEFERRED = _gauge(
    "laurel_deferred_events", "Events that wait for something that has not arrived, or behind one that does.", CONSUMER
)
DEFERRED_AGE = _gauge("laurel_deferred_oldest_age_seconds", "Age of the oldest deferred event.", CONSUMER)
DIED = _counter("laurel_events_died_total", "Events that became dead letters.", CONSUMER, REASON)
DUPLICATES = _counter("laurel_duplicates_dropped_total", "Deliveries that had been taken before.", CONSUMER)
DELIVERED = _counter("laurel_events_delivered_total", "Events taken with effect.", CONSUMER)
END_TO_END = _histogram("laurel_event_end_to_end_seconds", "Seconds from an event's fact to its effect.", CONSUMER, TOPIC)

UPLOADS = _gauge("laurel_upload_sessions", "Uploads by state.", STATE)
UPLOAD_RESUMES = _counter("laurel_upload_resumes_total", "Uploads that went on after a pause.")
UPLOAD_BYTES = _counter("laurel_upload_bytes_total", "Bytes of uploads that were made durable.")
MEDIA_CPU = _histogram(
    "laurel_media_cpu_seconds_per_minute",
    "CPU seconds that decoding a film took for each minute of it.",
    buckets=(1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300),
)
MEDIA_QUEUE_AGE = _gauge("laurel_media_queue_oldest_age_seconds", "Age of the oldest file that waits to be judged.")
JOBS = _gauge("laurel_jobs", "Jobs by kind and state.", SERVICE, JOB_KIND, STATE)

QUOTA_USED = _gauge("laurel_quota_used_ratio", "Places taken, of all places of a campaign.", CAMPAIGN)
DEADLINE = _gauge(
    "laurel_deadline_timestamp_seconds", "When a window of a campaign closes, in seconds since 1970.", CAMPAIGN, WINDOW
)
REVIEWS_OUTSTANDING = _gauge("laurel_reviews_outstanding", "Ballots that have been assigned and not cast.", CAMPAIGN)
MISMATCHES = _gauge("laurel_reconciliation_mismatches", "Differences that the last run of a check found.", CHECK)
HEAD_AGE = _gauge("laurel_ledger_head_age_seconds", "Age of the record's last head that a witness keeps; 0 before the first.")
LEAKS = _counter("laurel_pii_leak_detections_total", "Strings that looked personal and were blotted out of a sink.", SINK)

ProcessCollector(namespace="laurel", registry=REGISTRY)


def exposition() -> bytes:
    """Return every metric in Prometheus' text format."""
    return generate_latest(REGISTRY)
