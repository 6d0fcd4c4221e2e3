"""`watch.table`: one look at a terminal and as a document."""

import json

from baileys_cleanup.output.summary import plain
from baileys_cleanup.watch.look import Depth
from baileys_cleanup.watch.show.table import document, lines

from ..helpers import MINUTE, Postbox, company, looked


def test_the_table_is_in_the_order_of_fullness(place, settings):
    """From fullest to emptiest, with trend, level, what would go, and what was done."""
    company(place, "7", 90, old=3)
    company(place, "8", 170, old=60)
    looked(settings)
    company(place, "9", 120)
    head, first, second, third, _, total = lines(looked(settings, after=MINUTE, depth=Depth.FILES), plain)
    assert ["COMPANY", "FILES", "TREND", "LEVEL"] == head.split()[:4]
    assert ["8", "170", "same", "attention", "nothing"] == first.split()
    assert ["9", "120", "new", "normal", "nothing"] == second.split()
    assert ["7", "93", "same", "excellent", "3", "files,", "15", "B"] == third.split()
    assert f"3 companies. Root: {place}" == total


def test_warnings_and_problems_stand_below(place, settings):
    """An empty root has no table and a warning."""
    total, warning = lines(looked(settings), plain)
    assert total.startswith("0 companies")
    assert warning.startswith("warning: ")


def test_the_document_has_it_all(place, settings):
    """JSON has companies, alerts and what an emergency did; it is JSON."""
    company(place, "7", 100, old=100)
    company(place, "8", 10)
    down = Postbox("down", "closed")
    found = json.loads(json.dumps(document(looked(settings, down, depth=Depth.FILES))))
    first, second = found["companies"]
    assert ("7", 100, "normal", None) == (first["company_id"], first["counted"], first["level"], first["trend"])
    assert (100, 1, None) == (first["emergency"]["removed"], len(first["emergency"]["runs"]), second["emergency"])
    assert [{"company_id": "7", "level": "critical", "clear": False, "delivered": False}] == found["alerts"]
