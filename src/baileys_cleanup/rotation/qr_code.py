"""QR codes for people: on a terminal, and as a picture. segno makes them: small, pure Python, and well kept.

It is imported here alone, and comes with `baileys-cleanup[qr]`.
"""

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from baileys_cleanup.errors import UsageProblem

_QUIET_ZONE = 4
"""Modules of white around the code, as the standard asks for (ISO/IEC 18004)."""
_SCALE = 8
"""Pixels of a module in the picture."""


def require_library() -> None:
    """Raise UsageProblem where the library is not installed: before anything is touched."""
    try:
        import segno  # noqa: F401, PLC0415 - only asked for
    except ImportError:
        raise UsageProblem(
            "a QR code needs the library segno, which is not installed: pip install 'baileys-cleanup[qr]'"
        ) from None


def for_terminal(payload: str) -> str:
    """Return a QR code as lines of half blocks, light on dark as terminals mostly are."""
    text = io.StringIO()
    _make(payload).terminal(text, border=_QUIET_ZONE // 2, compact=True)
    return text.getvalue()


def as_png(payload: str) -> bytes:
    """Return a QR code as a PNG picture."""
    data = io.BytesIO()
    _make(payload).save(data, kind="png", scale=_SCALE, border=_QUIET_ZONE)
    return data.getvalue()


def send(payload: str, title: str, text: str, notify: Callable[[str, str, Path | None], object]) -> None:
    """Send a QR code as a picture. The file lives in a private folder, and only until it was sent."""
    with tempfile.TemporaryDirectory(prefix="baileys-cleanup-") as folder:
        path = os.path.join(folder, "qr.png")
        with open(path, "wb") as file:
            file.write(as_png(payload))
        notify(title, text, Path(path))


def _make(payload: str) -> Any:  # noqa: ANN401 - segno has no types
    import segno  # noqa: PLC0415 - only a QR code needs it

    return segno.make(payload, error="l", micro=False)
