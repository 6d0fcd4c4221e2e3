"""An overlay, as the inside of a container image is one: a folder of a lower layer cannot be renamed there (EXDEV)."""

import errno

from baileys_cleanup.errors import in_words
from baileys_cleanup.output.text import argument


def why_not_switched(error: OSError, root_fd: int, root: str, folder: str) -> str:
    """Return in words why a company's folder under an open root could not be renamed, with the way if known."""
    if error.errno != errno.EXDEV or not _is_overlay(root_fd):
        return in_words(error)
    name, copied = argument(folder), argument(f"copied-{folder}")
    return (
        "the sessions root lies on an overlay (the inside of a container), where a folder of a lower layer cannot be"
        " renamed; better keep the companies in a volume; or, with the bot stopped, let a copy take its place, and try"
        f" again: cd {argument(root)} && cp -a {name} {copied} && rm -r {name} && mv {copied} {name}"
    )


def _is_overlay(fd: int) -> bool:
    try:
        with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as info:
            number = next((line.split()[1] for line in info if line.startswith("mnt_id:")), None)
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            mount = next((line for line in mounts if line.split(" ", 1)[0] == number), "")
    except OSError:
        return False
    return mount.partition(" - ")[2].startswith("overlay ")
