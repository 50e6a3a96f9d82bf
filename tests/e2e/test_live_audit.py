"""A camera's shelf from the first look to the report: taught, shared among its brands live, saved, told."""

import io
import re

from playwright.sync_api import expect
from pypdf import PdfReader

from tests.e2e.test_browser import metric, near, press_until, start_camera, wait_until

BRANDS = ("Alba <b>", "Birne & Söhne")


def test_a_camera_s_shelf_is_taught_shared_saved_and_reported(open_browser, fresh_app_url, shelves):
    picture, known = shelves[0]
    page = open_browser(picture)
    start_camera(page, fresh_app_url)
    wait_until(lambda: metric(page, "In view"), near(known))

    page.get_by_role("button", name="Teach from this frame").click()
    piles = page.get_by_role("region", name="Pile")
    expect(piles.first).to_be_visible()
    for brand in BRANDS:  # the largest pile comes first
        before = piles.count()
        field = page.get_by_label("Brand of pile 1", exact=True)
        field.fill(brand)
        field.press("Enter")
        expect(piles).to_have_count(before - 1)

    page.get_by_role("link", name="Live").click()
    page.frame_locator("iframe").get_by_role("button", name="Start the camera").click()
    wait_until(lambda: metric(page, "Unique so far"), near(known))
    for brand in BRANDS:
        expect(page.get_by_text(brand, exact=True).first).to_be_visible()
    page.get_by_text("In view", exact=True).last.click()
    shares = page.get_by_text(re.compile(r"\d+ % ± \d+ % \(\d+\)"))
    expect(shares.first).to_be_visible()

    wait_until(lambda: page.url, lambda url: "sweep=" in url)
    page.reload()  # as a phone does with a page that was put aside: the sweep is still there
    wait_until(lambda: metric(page, "Unique so far"), near(known))

    store = page.get_by_role("combobox", name="Store")
    press_until(page.get_by_role("button", name="Save as audit"), store)
    store.fill("North")
    store.press("Enter")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Saved as audit 1").click()

    expect(page.get_by_role("heading", name="Audit 1")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="PDF report").click()
    pages = PdfReader(io.BytesIO(download.value.path().read_bytes())).pages
    told = "\n".join(each.extract_text() for each in pages)
    assert "North" in told and all(brand in told for brand in BRANDS)
    page.get_by_role("button", name="All audits").click()
    expect(page.get_by_text("1 audit", exact=True)).to_be_visible()
