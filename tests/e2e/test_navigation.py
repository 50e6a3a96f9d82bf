"""From a page that draws itself all the time to another one."""

from playwright.sync_api import expect

OPENINGS = 3

APP = """
import time
import streamlit as st
from skushare.app.navigation import open_page, settle_page

def clock():
    st.title("Clock")
    if st.button("Open"):
        open_page(other_page)
    st.fragment(lambda: st.write(time.time()), run_every=0.05)()

def other():
    st.title("Other")
    time.sleep(0.3)
    st.write("Whole")

other_page = st.Page(other, title="Other")
st.navigation([st.Page(clock, title="Clock", default=True), other_page]).run()
settle_page()
"""


MENU = """
import streamlit as st
from skushare.app.navigation import close_menu, note_page

def one():
    st.title("One")
    st.stop()

def two():
    st.title("Two")

pages = [st.Page(one, title="First", default=True), st.Page(two, title="Second")]
page = st.navigation(pages + [st.Page(lambda: None, title=f"Page {n}", url_path=f"p{n}") for n in range(6)],
                     position="top")
note_page(page)
close_menu()
page.run()
"""


def open_other(page):
    """Press "Open" until the other page is there; one that was emptied has no such button any more."""
    whole, button = page.get_by_text("Whole"), page.get_by_role("button", name="Open")
    button.click()
    try:
        expect(whole).to_be_visible()
    except AssertionError:
        button.click(timeout=1_000)  # on a busy machine Streamlit loses a click now and then
        expect(whole).to_be_visible()


def test_a_page_opened_from_one_that_draws_itself_stays(open_browser, serve, tmp_path):
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    with serve(tmp_path, tmp_path / "app.py") as url:
        page = open_browser()
        page.goto(url)
        for _ in range(OPENINGS):
            open_other(page)
            page.wait_for_timeout(700)  # for what may still come in the name of the page before
            expect(page.get_by_text("Whole")).to_be_visible(timeout=1000)
            page.get_by_role("link", name="Clock").click()


def open_menu(page, name):
    """The link called ``name`` in the menu, which Streamlit shuts again if it was opened while it began."""
    link = page.get_by_test_id("stSidebarNavLink").filter(has_text=name)
    page.get_by_test_id("stExpandSidebarButton").click()
    try:
        expect(link).to_be_in_viewport(timeout=10_000)
    except AssertionError:
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(link).to_be_in_viewport()
    return link


def test_a_phone_s_menu_closes_once_a_page_was_chosen_in_it(open_browser, serve, tmp_path):
    (tmp_path / "app.py").write_text(MENU, encoding="utf-8")
    with serve(tmp_path, tmp_path / "app.py") as url:
        page = open_browser()
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(url)
        for title, name in (("One", "Second"), ("Two", "First")):
            expect(page.get_by_role("heading", name=title)).to_be_visible()
            open_menu(page, name).click()
            expect(page.get_by_test_id("stSidebarCollapseButton")).to_have_count(0)
        expect(page.get_by_role("heading", name="One")).to_be_visible()
