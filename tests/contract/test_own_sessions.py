"""Guard 4: sessions of this account's own devices stay."""

import json
import os

from .world import DAY, LID, OTHER, OTHER_LID, PN, Root, creds

OWN = [
    f"session-{PN}.0.json",
    f"session-{PN}.7.json",
    f"session-{PN}.99.json",
    f"session-{PN}_128.99.json",
    f"session-{LID}_1.0.json",
    f"session-{LID}_1.7.json",
    f"session-{LID}_129.99.json",
    f"session-{LID}.0.json",
]
NOT_OWN = [
    f"session-{OTHER}.0.json",
    f"session-{OTHER}_128.99.json",
    f"session-{OTHER_LID}_1.0.json",
    # Longer, shorter and half-matching numbers are other people.
    f"session-{PN}0.0.json",
    f"session-{PN[:-1]}.0.json",
    f"session-1{LID}_1.0.json",
    # Outside the grammar: never taken for this account's own.
    f"session-{PN}.json",
    f"session-{PN}.0.1.json",
    f"session-{PN}.000007.json",
    f"session-{PN}:0.json",
    f"session-x{PN}.0.json",
    f"session-{PN}_.0.json",
    f"session-{PN.replace('1', '١')}.0.json",
]


def test_own_sessions_stay_and_all_others_go(root: Root) -> None:
    """Every device of me.id and me.lid is kept at any age; a name outside the grammar is never own."""
    company = root.company().put(*OWN, *NOT_OWN, age=900 * DAY)
    dry = root.dry()
    assert set(dry.removals()) == set(NOT_OWN)
    root.clean()
    assert {os.fsdecode(name) for name in company.names()} == {"creds.json", *OWN}


def test_either_identity_is_enough(root: Root) -> None:
    """With only a phone number (version 6), its sessions stay and the LID's go like anybody's."""
    company = root.company(content=creds(me=f"{PN}@s.whatsapp.net", lid=None)).put(*OWN, age=900 * DAY)
    root.clean()
    assert {os.fsdecode(name) for name in company.names()} == {"creds.json", *OWN[:4]}


def test_the_guard_can_be_switched_off(root: Root) -> None:
    """With keep_own_sessions off they follow the rule: old ones go, young ones stay."""
    company = root.company().put(*OWN[:4], age=20 * DAY).put(*OWN[4:], age=13 * DAY)
    root.clean(env={"BAILEYS_CLEANUP_RETENTION__KEEP_OWN_SESSIONS": "false"})
    assert {os.fsdecode(name) for name in company.names()} == {"creds.json", *OWN[4:]}


def test_without_a_readable_creds_json_no_session_goes(root: Root) -> None:
    """Absent, broken or without a word of who this is: any session may be an own one, and each is warned of."""
    unknown = {"absent": None, "broken": b"{", "nobody": creds(me="nonsense", lid=None)}
    companies = {name: root.company(name, content) for name, content in unknown.items()}
    for company in companies.values():
        company.put(*OWN, *NOT_OWN, age=20 * DAY).put("sender-key-x.json", age=20 * DAY)
    found = root.clean("-v").companies
    for name, company in companies.items():
        left = {os.fsdecode(file) for file in company.names()} - {"creds.json"}
        assert left == {*OWN, *NOT_OWN}, name
        assert found[name]["warnings"], name
    (explained,) = json.loads(root.run("explain", "--company", "absent", "--json").out)["companies"]
    assert {file["rule"] for file in explained["verdicts"]} == {"account_unknown"}
