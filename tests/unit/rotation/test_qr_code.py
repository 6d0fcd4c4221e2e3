"""`rotation.picture`: QR codes on a terminal and as a picture."""

import os
import stat
import struct
import sys

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.rotation.qr_code import as_png, for_terminal, require_library, send

PAYLOAD = "https://wa.me/settings/linked_devices#2@ref," + "A" * 43 + "=," + "B" * 43 + "=," + "C" * 43 + "=,1"


def test_a_terminal_code_is_half_blocks_with_a_quiet_zone():
    """All lines are of one width, drawn with half blocks, and the edge is light."""
    lines = for_terminal(PAYLOAD).splitlines()
    assert {len(lines[0])} == {len(line) for line in lines}
    assert set("".join(lines)) == set(" █▀▄")
    assert set(lines[0]) == {"█"}
    assert len(lines[0]) < 80, "it fits on a terminal"


def test_a_picture_is_a_png_of_a_size_a_phone_reads():
    """The bytes are a PNG, square, some hundred pixels wide."""
    data = as_png(PAYLOAD)
    width, height = struct.unpack(">II", data[16:24])
    assert (b"\x89PNG", True, True) == (data[:4], width == height, 300 < width < 1000)


def test_a_picture_is_private_and_gone_when_it_was_sent():
    """While it is sent it lies in a folder that nobody else can enter; then it is gone."""
    seen = []

    def notify(title, text, path):
        seen.append((title, text, path, path.read_bytes()[:4], stat.S_IMODE(os.stat(path.parent).st_mode)))

    send(PAYLOAD, "scan", "code 1", notify)
    ((title, text, path, head, mode),) = seen
    assert ("scan", "code 1", b"\x89PNG", 0o700) == (title, text, head, mode)
    assert not path.parent.exists()


def test_the_library_is_asked_for_with_what_to_install(monkeypatch):
    """Where segno is missing the sentence says how it is installed."""
    require_library()
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(UsageProblem, match=r"pip install 'baileys-cleanup\[qr\]'"):
        require_library()


@pytest.mark.slow
def test_both_are_read_by_a_reader_of_bar_codes():
    """The picture and the terminal's code decode to the very payload."""
    reader, image = _reader()
    rows = []
    for line in for_terminal(PAYLOAD).splitlines():
        rows += [[letter in "█▀" for letter in line], [letter in "█▄" for letter in line]]
    pixels = b"".join(b"".join(bytes([255 * light]) * 4 for light in row) * 4 for row in rows)
    drawn = memoryview(pixels).cast("B", (len(rows) * 4, len(rows[0]) * 4))
    assert [PAYLOAD] == [code.text for code in reader.read_barcodes(drawn)]
    assert [PAYLOAD] == [code.text for code in reader.read_barcodes(image(as_png(PAYLOAD)))]


def _reader():
    """Give the reader and what opens a picture; skip where they are missing, but fail in CI."""
    import io

    try:
        import zxingcpp
        from PIL import Image
    except ImportError:
        if os.environ.get("CI") == "true":
            pytest.fail("zxing-cpp and pillow are not installed: pip install -e '.[ci]'")
        pytest.skip("zxing-cpp and pillow are not installed: pip install -e '.[ci]'")
    return zxingcpp, lambda data: Image.open(io.BytesIO(data)).convert("L")
