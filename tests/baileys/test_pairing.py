"""Pairing with the real library: `deploy/node/pair.mjs` alone, and under `rotate --fresh`, as far as a stand-in goes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from standin import TIMEOUT, Helper, StandIn

version = pytest.mark.parametrize("version", ["7.0.0-rc14", "6.7.24"])
newest = pytest.mark.parametrize("version", ["7.0.0-rc14"])


@pytest.fixture
def stand_in(installed, version):
    """A running stand-in for WhatsApp's server."""
    server = StandIn(version)
    yield server
    server.close()


@pytest.fixture
def helper(stand_in, version, tmp_path):
    """The pairing helper, beside a bot."""
    return Helper(version, tmp_path, stand_in.address)


@pytest.fixture
def folder(tmp_path):
    """An empty auth folder."""
    path = tmp_path / "company_7"
    path.mkdir()
    return path


def creds_of(folder: Path):
    """What `creds.json` says."""
    return json.loads((folder / "creds.json").read_text())


def ref_of(payload: str) -> str:
    """The reference that WhatsApp handed out, from a QR payload of version 6 or 7."""
    return payload.rpartition("#")[2].split(",")[0]


@version
def test_it_prints_each_payload_and_ends_when_paired(stand_in, helper, folder, version):
    """Each code that the server hands out is a line, also when it has to ask for new ones; scanned, it ends with 0."""
    payloads = []
    with helper.start(str(folder)) as pairing:
        for line in pairing.stdout:
            payloads.append(line.strip())
            if len(payloads) >= 5:  # once more where it came too late
                stand_in.scan(payloads[-1])
        said = pairing.stderr.read()
    assert pairing.returncode == 0, said
    assert [ref_of(payload) for payload in payloads][:5] == [f"ref-{number}" for number in range(1, 6)]
    assert stand_in.wait_for("scanned") == "ref-5"
    assert stand_in.wait_for("logged_in") == "15550000009:3"
    creds = creds_of(folder)
    assert (creds["me"]["id"], creds["registered"]) == ("15550000009:3@s.whatsapp.net", False)
    for payload in payloads:
        for secret in payload.rpartition("#")[2].split(",")[1:4]:
            assert secret not in said
    assert all(path.stat().st_size for path in folder.iterdir()), "no write was cut in two"


@newest
def test_it_ends_politely_when_told_to(stand_in, helper, folder, version):
    """SIGTERM ends it with 143, and what it wrote is whole."""
    pairing = helper.start(str(folder))
    assert pairing.stdout.readline()
    pairing.send_signal(signal.SIGTERM)
    _, said = pairing.communicate(timeout=TIMEOUT)
    assert (pairing.returncode, "stopped" in said) == (143, True)
    assert "me" not in creds_of(folder)


@newest
def test_what_does_not_get_better_ends_it(stand_in, helper, folder, version):
    """Logged out is status 1 with the reason; it does not try for ever."""
    pairing = helper.start(str(folder))
    assert pairing.stdout.readline()
    stand_in.hang_up(401)
    _, said = pairing.communicate(timeout=TIMEOUT)
    assert (pairing.returncode, "401" in said) == (1, True), said


@newest
def test_it_needs_a_folder_and_leaves_a_paired_one_alone(stand_in, helper, folder, version):
    """Without a folder, or with a missing one, it is status 2; one that is paired is status 0 without a connection."""
    for arguments in ([], [str(folder / "missing")], [str(folder), "x"]):
        pairing = helper.start(*arguments)
        assert ("", 2) == (pairing.communicate(timeout=TIMEOUT)[0], pairing.returncode)
    (folder / "creds.json").write_text(json.dumps({"me": {"id": "1:2@s.whatsapp.net"}, "account": {}}))
    pairing = helper.start(str(folder))
    out, said = pairing.communicate(timeout=TIMEOUT)
    assert (out, pairing.returncode, "paired already" in said) == ("", 0, True)
    assert not (folder / "missing").exists()


# --- under the tool -------------------------------------------------------------------------------------


def zxing():
    """The reader of bar codes; skip where it is missing, but fail in CI."""
    try:
        import zxingcpp
    except ImportError:
        if os.environ.get("CI") == "true":
            pytest.fail("zxing-cpp is not installed: pip install -e '.[ci]'")
        pytest.skip("zxing-cpp is not installed: pip install -e '.[ci]'")
    return zxingcpp


def read_blocks(lines, scale=4):
    """Read a QR code that was drawn with half blocks, light where a letter is inked, as on a dark terminal."""
    rows = []
    for line in lines:
        rows += [[letter in "█▀" for letter in line], [letter in "█▄" for letter in line]]
    width = max(map(len, rows))
    pixels = b"".join(
        b"".join(bytes([255 * light]) * scale for light in [*row, *[False] * (width - len(row))]) * scale
        for row in rows
    )
    image = memoryview(pixels).cast("B", (len(rows) * scale, width * scale))
    return [code.text for code in zxing().read_barcodes(image)]


@newest
def test_a_fresh_rotation_pairs_from_the_terminal(stand_in, helper, version, tmp_path):
    """The tool switches, shows the codes; the one read from the terminal is scanned, and the bot starts when paired."""
    zxing()
    root = tmp_path / "root"
    old = root / "company_7"
    old.mkdir(parents=True)
    (old / "creds.json").write_text('{"me": {"id": "15550000001:7@s.whatsapp.net"}}')
    config, log = tmp_path / "settings.toml", tmp_path / "hooks.log"
    note = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '\\n')"
    config.write_text(
        f"[rotate]\nstop_command = {json.dumps([sys.executable, '-c', note, str(log), 'stop', '{company_id}'])}\n"
        f"start_command = {json.dumps([sys.executable, '-c', note, str(log), 'start', '{folder}'])}\n"
        f"qr_command = {json.dumps([*helper.command, '{folder}'])}\ntimeout = {TIMEOUT}\n"
        '[hooks]\nenvironment = ["STAND_IN", "STAND_IN_FROM", "STAND_IN_QR_MS"]\n'
    )
    command = [sys.executable, "-m", "baileys_cleanup", "rotate", "--yes", "--company", "7", "--fresh"]
    block, refs = [], []
    with subprocess.Popen(
        [*command, "--sessions-root", str(root), "--config", str(config)],
        env={**helper.environment, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as rotating:
        for line in rotating.stdout:
            if set(line) & set("█▀▄"):
                block.append(line.rstrip("\n"))
            elif line.startswith("QR code "):
                assert not log.read_text().count("start"), "two processes on one folder would end the pairing"
                (payload,) = read_blocks(block)
                refs.append(ref_of(payload))
                block = []
                if len(refs) >= 2:  # once more where it came too late
                    stand_in.scan(payload)
        said = rotating.stderr.read()
    assert rotating.returncode == 0, said
    assert refs[:2] == ["ref-1", "ref-2"]
    assert creds_of(old)["me"]["id"] == "15550000009:3@s.whatsapp.net"
    assert log.read_text().splitlines() == ["stop 7", f"start {old}"]
    (aside,) = (root / ".baileys-cleanup" / "aside").glob("*/company_7")
    assert creds_of(aside)["me"]["id"] == "15550000001:7@s.whatsapp.net"
    assert "the phone has confirmed" in said
    assert creds_of(old)["advSecretKey"] not in said
