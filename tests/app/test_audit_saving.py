"""An audit that was begun is saved once, however often the button is pressed."""

import time
from concurrent.futures import ThreadPoolExecutor

from skushare.app import audit_saving
from skushare.app.audit_saving import Begun


def test_two_presses_save_one_audit(monkeypatch):
    saved = []

    def save(audit):
        time.sleep(0.05)
        saved.append(audit)
        return len(saved)

    monkeypatch.setattr(audit_saving, "save_audit", save)
    begun = Begun("view")
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(begun.save, [str.upper, str.upper])) == [1, 1]
    assert saved == ["VIEW"]
