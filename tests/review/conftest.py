"""Settings of this folder's tests."""

from hypothesis import HealthCheck, settings

settings.register_profile("review", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("review")
