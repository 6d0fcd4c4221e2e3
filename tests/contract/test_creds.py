"""What is taken from creds.json while Baileys may be writing it."""

import signal
import time

from halting import PATIENCE, await_halt, halting

from .world import DAY, MEMORY, OWN_KEY, PN, Result, Root, check_output, creds, start


def test_a_creds_json_caught_in_the_middle_of_a_write_is_read_again(root: Root) -> None:
    """Truncated at the first look and whole a second later, it still tells who this account is."""
    whole = creds(upto=813)
    company = root.company(content=whole[:40]).pre_keys(range(1, 813))
    company.put(OWN_KEY, f"session-{PN}.0.json", age=20 * DAY).put(MEMORY, age=DAY)
    tool = start("--json", env=root.env, before=halting(0))
    try:
        await_halt(tool)
        (company.path / "creds.json").write_bytes(whole)
        tool.send_signal(signal.SIGCONT)
        out, err = tool.communicate(timeout=PATIENCE)
    finally:
        tool.kill()
    result = Result(("--json",), tool.returncode, out, err)
    check_output(result)
    assert result.status == 0
    assert result.only["files"]["removed"] == 0
    assert result.only["advertised_pre_keys"] == 762
    assert result.only["warnings"] == []


def test_a_truncated_creds_json_is_a_warning_and_no_failure(root: Root) -> None:
    """A creds.json that stays broken keeps the batch, is warned of by name, and is not changed."""
    company = root.company(content=creds(upto=813)[:-9]).pre_keys(range(1, 813))
    company.put("session-1.0.json", age=20 * DAY)
    root.company("healthy").put("session-1.0.json", age=20 * DAY)
    broken = (company.path / "creds.json").read_bytes()
    started = time.monotonic()
    found = root.clean()
    assert time.monotonic() - started >= 1, "it is read once more a second later"
    assert found.summary["status"] == "done"
    assert found.companies["962302"]["advertised_pre_keys"] == 762
    assert any("creds.json" in warning for warning in found.companies["962302"]["warnings"])
    assert found.companies["healthy"]["warnings"] == []
    assert (company.path / "creds.json").read_bytes() == broken
    quiet = root.run("-q")
    assert (quiet.status, "creds.json" in quiet.said) == (0, True)


def test_deep_and_odd_values_in_creds_json_break_nothing(root: Root) -> None:
    """Counters that are no sane integers, and identities that are no sane strings, end in a plain run."""
    odd = {
        "deep": b"[" * 100_000 + b"]" * 100_000,
        "float": creds(upto=813.5),  # type: ignore[arg-type]
        "negative": creds(upto=-1),
        "bool": creds(upto=True),
        "infinite": b'{"nextPreKeyId": Infinity, "firstUnuploadedPreKeyId": NaN}',
        "digits": b'{"nextPreKeyId": ' + b"9" * 5000 + b"}",
        "me": creds(me=None, lid=None, upto=813)[:-1] + b', "me": {"id": 5, "lid": {"x": []}}}',
        "surrogate": b'{"me": {"id": "\\ud800:7@s.whatsapp.net"}, "nextPreKeyId": 813, "firstUnuploadedPreKeyId": 813}',
        "bom": b"\xef\xbb\xbf" + creds(upto=813),
    }
    for name, content in odd.items():
        root.company(name, content).pre_keys(range(1, 813)).put("session-1.0.json", age=20 * DAY)
    found = root.clean().companies
    assert {name: company["status"] for name, company in found.items()} == dict.fromkeys(odd, "cleaned")
    kept = {name: company["kinds"]["pre_key"]["removed"] for name, company in found.items()}
    assert kept == dict.fromkeys(odd, 0), "where the counters make no sense, the highest number + 1 stands in"
