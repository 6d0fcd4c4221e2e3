"""What only values together can get wrong."""

from dataclasses import asdict
from itertools import pairwise

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.settings.values import DEFAULT, Loaded


def check_together(loaded: Loaded) -> None:
    """Check what only values together can get wrong."""
    settings = loaded.settings
    if not settings.sessions_root.strip():
        raise UsageProblem(f"{loaded.source('sessions_root')}: sessions_root is empty; allowed: the path of a folder")
    for company, prefix in [
        (None, "retention"),
        *((name, f"companies.{name}.retention") for name in settings.companies),
    ]:
        policy = settings.retention if company is None else settings.policy_for(company)
        if policy.max_pre_keys < policy.min_pre_keys:
            places = {loaded.source(f"{prefix}.{key}") for key in ("max_pre_keys", "min_pre_keys")}
            place = ", ".join(sorted(places - {DEFAULT})) or loaded.source("retention.max_pre_keys")
            raise UsageProblem(
                f"{place}: {prefix}.max_pre_keys is {policy.max_pre_keys}; allowed: at least min_pre_keys,"
                f" the floor, which is {policy.min_pre_keys}"
            )
    _check_backup(loaded)
    _check_hooks(loaded)
    levels = list(asdict(settings.levels).items())
    for (low, first), (high, second) in pairwise(levels):
        if first >= second:
            place = next(
                (loaded.source(f"levels.{name}") for name in (high, low) if f"levels.{name}" in loaded.sources),
                DEFAULT,
            )
            raise UsageProblem(f"{place}: levels.{high} is {second}; allowed: more than levels.{low}, which is {first}")


def _check_backup(loaded: Loaded) -> None:
    backup = loaded.settings.backup
    if not (backup.keep_last or backup.keep_daily or backup.keep_weekly):
        place = loaded.source("backup.keep_last")
        raise UsageProblem(
            f"{place}: backup.keep_last, backup.keep_daily and backup.keep_weekly are all 0; allowed: at least one of"
            " them above 0"
        )
    if backup.before_clean and backup.to is None:
        place = loaded.source("backup.before_clean")
        raise UsageProblem(f"{place}: backup.before_clean is true without backup.to; allowed: true when that is set")


def _check_hooks(loaded: Loaded) -> None:
    """Check that what nobody watches can stop the bot and start it again."""
    rotate = loaded.settings.rotate
    asked = {"hooks.around_clean": loaded.settings.hooks.around_clean, "rotate.auto": rotate.auto != "off"}
    missing = [name for name in ("stop_command", "start_command") if getattr(rotate, name) is None]
    for name, wanted in asked.items():
        if wanted and missing:
            raise UsageProblem(
                f"{loaded.source(name)}: {name} needs to stop the bot and start it again; allowed: only together with"
                f" rotate.stop_command and rotate.start_command (missing: rotate.{', rotate.'.join(missing)})"
            )
