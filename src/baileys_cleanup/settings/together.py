"""What only values together can get wrong."""

from collections.abc import Iterator
from itertools import pairwise

from baileys_cleanup.decision.levels import Level, Levels
from baileys_cleanup.settings.values import DEFAULT, FLAG, Loaded
from baileys_cleanup.store.open import STORES
from baileys_cleanup.store.place import Place, has_password


def wrong_together(loaded: Loaded) -> list[str]:
    """Return a sentence for each thing that only values together can get wrong.

    A settings file may be one for several stores: what is set for one that is not in force contradicts nothing.
    """
    wrong = [
        *_wrong_store(loaded),
        *_wrong_caps(loaded),
        *_wrong_backup(loaded),
        *_wrong_hooks(loaded),
        *_wrong_levels(loaded),
    ]
    if not loaded.settings.sessions_root.strip():
        wrong.insert(0, f"{loaded.place('sessions_root')}: sessions_root is empty; allowed: the path of a folder")
    return wrong


def _wrong_store(loaded: Loaded) -> Iterator[str]:
    settings = loaded.settings
    if Place(settings.sessions_root).scheme in STORES:
        place = loaded.place("sessions_root")
        yield f"{place}: sessions_root is a URL; allowed: the path of a folder (a database is named by store)"
    if settings.store is not None and loaded.source("store") == FLAG and has_password(settings.store):
        yield (
            f"{loaded.place('store')}: the URL has a password in it, which every user of this machine could read;"
            " allowed: a URL without one. It may stand in ~/.pgpass, PGPASSWORD, BAILEYS_CLEANUP_STORE or the settings"
            " file"
        )
    if settings.store is not None and settings.rotate.auto != "off":
        yield f"{loaded.place('rotate.auto')}: rotate.auto works on folders; allowed: off where store names a database"
    layout = settings.postgresql
    if layout.layout == "custom":
        missing = [name for name in ("keys_table", "company", "id", "value") if getattr(layout, name) is None]
        if missing:
            place = loaded.place("postgresql.layout")
            yield (
                f"{place}: postgresql.layout custom needs names of tables and columns; missing:"
                f" postgresql.{', postgresql.'.join(missing)}"
            )


def _wrong_caps(loaded: Loaded) -> Iterator[str]:
    settings = loaded.settings
    for company, prefix in [
        (None, "retention"),
        *((name, f"companies.{name}.retention") for name in settings.companies),
    ]:
        policy = settings.retention if company is None else settings.policy_for(company)
        if policy.max_pre_keys < policy.min_pre_keys:
            places = {loaded.place(f"{prefix}.{key}") for key in ("max_pre_keys", "min_pre_keys")}
            place = ", ".join(sorted(places - {DEFAULT})) or loaded.place("retention.max_pre_keys")
            yield (
                f"{place}: {prefix}.max_pre_keys is {policy.max_pre_keys}; allowed: at least min_pre_keys,"
                f" the floor, which is {policy.min_pre_keys}"
            )


def _wrong_levels(loaded: Loaded) -> Iterator[str]:
    settings = loaded.settings
    own = ((f"companies.{name}.levels", settings.levels_for(name)) for name in settings.company_levels)
    for prefix, levels in [("levels", settings.levels), *own]:
        yield from _wrong_order(loaded, prefix, levels)


def _wrong_order(loaded: Loaded, prefix: str, levels: Levels) -> Iterator[str]:
    counts = [(level.value, getattr(levels, level)) for level in list(Level)[1:]]
    for (low, first), (high, second) in pairwise(counts):
        if first >= second:
            names = (f"{prefix}.{high}", f"{prefix}.{low}", f"levels.{high}", f"levels.{low}")
            place = next((loaded.place(name) for name in names if name in loaded.sources), DEFAULT)
            yield f"{place}: {prefix}.{high} is {second}; allowed: more than {prefix}.{low}, which is {first}"


def _wrong_backup(loaded: Loaded) -> Iterator[str]:
    backup = loaded.settings.backup
    if not (backup.keep_last or backup.keep_daily or backup.keep_weekly):
        place = loaded.place("backup.keep_last")
        yield (
            f"{place}: backup.keep_last, backup.keep_daily and backup.keep_weekly are all 0; allowed: at least one of"
            " them above 0"
        )
    if backup.before_clean and backup.to is None:
        place = loaded.place("backup.before_clean")
        yield f"{place}: backup.before_clean is true without backup.to; allowed: true when that is set"


def _wrong_hooks(loaded: Loaded) -> Iterator[str]:
    """Tell where what nobody watches could not stop the bot and start it again."""
    rotate = loaded.settings.rotate
    asked = {"hooks.around_clean": loaded.settings.hooks.around_clean, "rotate.auto": rotate.auto != "off"}
    missing = [name for name in ("stop_command", "start_command") if getattr(rotate, name) is None]
    for name, wanted in asked.items():
        if wanted and missing:
            yield (
                f"{loaded.place(name)}: {name} needs to stop the bot and start it again; allowed: only together with"
                f" rotate.stop_command and rotate.start_command (missing: rotate.{', rotate.'.join(missing)})"
            )
