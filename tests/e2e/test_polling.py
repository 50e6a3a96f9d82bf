"""What runs again by itself leaves its neighbours alone, also when the page runs at that moment."""

import pytest
from playwright.sync_api import expect

SCRIPT = """
import time
import streamlit as st
from skushare.app.polling import poll

st.button("Press")
time.sleep(0.2)  # what a page takes; its last words are not sent yet when it ends
poll(lambda: st.text(f"polled {time.time()}"), 0.3)
st.text(f"run {time.time()}")
"""
# The browser is busy until both are due: the fragment's next run, and the page's for the button.
PRESS_WHILE_BUSY = """button => {
    const end = performance.now() + 400;
    while (performance.now() < end);
    button.click();
}"""


@pytest.fixture
def page(open_browser, serve, tmp_path):
    script = tmp_path / "app.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with serve(tmp_path, script) as url:
        page = open_browser()
        page.goto(url)
        yield page


def test_a_neighbour_stays_where_both_run_at_once(page):
    expect(page.get_by_text("polled")).to_be_visible()
    run = page.get_by_text("run ")
    for _ in range(4):
        before = run.inner_text()
        page.get_by_role("button", name="Press").evaluate(PRESS_WHILE_BUSY)
        page.wait_for_timeout(800)
        expect(run).to_have_count(1)
        expect(run).not_to_have_text(before)
        expect(page.get_by_text("polled")).to_have_count(1)
