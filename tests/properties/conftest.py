"""How hard hypothesis tries: moderately and at random here, the same cases every time in CI."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "here",
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
