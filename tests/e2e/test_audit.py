"""From a counted photo to an audit that is saved, corrected by hand and reported."""

import re

from playwright.sync_api import expect

HOSTILE = "North <b>Street</b> *1* 🥫"


def metric(page, label):
    return page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))


def test_a_shelf_is_saved_corrected_and_reported(open_browser, fresh_app_url, shelves):
    page = open_browser()
    page.goto(f"{fresh_app_url}/photos")
    page.locator("input[type=file]").first.set_input_files([shelves[0][0]])
    page.get_by_role("button", name="Save as audit").click()
    store = page.get_by_role("combobox", name="Store")
    store.fill(HOSTILE)
    store.press("Enter")
    page.get_by_label("Note").fill("after the delivery")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Saved as audit 1").click()

    expect(page.get_by_role("heading", name="Audit 1")).to_be_visible()
    expect(page.get_by_text(HOSTILE)).to_be_visible()  # as it was written
    facings = int(metric(page, "Facings").get_by_test_id("stMetricValue").inner_text())
    assert facings > 0
    page.get_by_label("Your name, for the corrections").fill("Mia")
    page.get_by_label("Your name, for the corrections").press("Enter")
    page.get_by_role("button", name="Add a box").click()
    stage = page.get_by_label("Picture with its boxes").bounding_box()
    left, top = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + 60, top + 40, steps=4)
    page.mouse.up()
    expect(metric(page, "Corrections")).to_contain_text("1")
    expect(metric(page, "Facings")).to_contain_text(str(facings + 1))
    expect(page.get_by_text(re.compile("Mia: added"))).to_be_visible()

    # The same by the keyboard alone: the first box goes, and one of the usual size comes.
    picture = page.get_by_label("Picture with its boxes")
    picture.press("n")
    expect(page.locator(".annotator .status")).to_contain_text("Delete deletes it")
    picture.press("Delete")
    expect(metric(page, "Facings")).to_contain_text(str(facings))
    picture.press("a")
    picture.press("Enter")
    expect(metric(page, "Facings")).to_contain_text(str(facings + 1))
    expect(metric(page, "Corrections")).to_contain_text("3")

    # A brand that was chosen to draw with stays chosen, whatever the page learns of others.
    further = page.get_by_role("combobox", name="Further brands to choose from")
    brand = page.locator(".annotator").get_by_role("combobox")
    for name in ("Yoyo", "Zeta"):
        further.click()
        further.fill(name)
        further.press("Enter")
        further.press("Escape")  # the open list hides the rest
        brand.fill(name)
        expect(page.locator(".annotator").get_by_role("option", name=name)).to_be_visible()
        brand.press("Enter" if name == "Yoyo" else "Escape")
    expect(brand).to_have_value("Yoyo")

    with page.expect_download() as download:
        page.get_by_role("button", name="PDF report").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")

    page.get_by_role("button", name="All audits").click()
    expect(page.get_by_text("1 audit", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Shares over time").click()
    expect(page.locator("canvas, svg.marks").first).to_be_visible()
