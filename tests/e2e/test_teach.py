"""Teaching a shelf in a browser, and what it is good for: the next photo's brands have names."""

import base64
import csv
import io
from pathlib import Path

import cv2
from playwright.sync_api import expect

from skushare.app import pile_board
from tests.e2e.test_browser import wait_until


def test_piles_are_put_right_named_and_recognised(open_browser, fresh_app_url, shelves):
    page = open_browser()
    page.goto(f"{fresh_app_url}/teach")
    page.get_by_role("button", name="Try a sample picture").click()
    piles = page.get_by_role("region", name="Pile")
    expect(piles.first).to_be_visible()
    before = piles.count()

    # Take one out by tapping, then drag it back; the first pile is the largest.
    first = piles.first
    size = int(first.locator("strong").inner_text().split()[0])
    first.get_by_role("button", name="Facing").last.click()
    page.get_by_role("button", name="New pile").click()
    expect(first.locator("strong")).to_have_text(f"{size - 1} alike")
    expect(piles).to_have_count(before + 1)
    single = piles.filter(has=page.get_by_text("1 facing", exact=True)).first
    single.get_by_role("button", name="Facing").drag_to(first.locator(".thumbs"))
    expect(piles).to_have_count(before)
    page.wait_for_url("**?lesson=*")
    page.reload()
    expect(piles).to_have_count(before)

    # What is written stays where it is refused: this brand is of invisible characters.
    brand, product = (page.get_by_label(f"{what} of pile 1") for what in ("Brand", "Product, if any"))
    brand.fill("\u200b")
    product.fill("can")
    product.press("Enter")
    expect(page.get_by_text("the brand is empty")).to_be_visible()
    expect(product).to_have_value("can")
    product.fill("")

    # Name every pile; the keyboard alone will do.
    for number in range(before):
        left = before - number
        expect(piles).to_have_count(left)
        field = page.get_by_label("Brand of pile 1", exact=True)
        field.fill(f"Brand {number} <b>")
        field.press("Enter")
    expect(page.get_by_text("facings are taught")).to_be_visible()

    page.get_by_role("link", name="Photos").click()
    page.get_by_role("button", name="Try a sample picture").click()
    expect(page.get_by_text("Clear the list")).to_be_visible()
    page.get_by_role("tab", name="Every facing").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download every facing").click()
    with open(download.value.path(), encoding="utf-8-sig") as file:
        brands = [row["brand"] for row in csv.DictReader(io.StringIO(file.read()))]
    named = wait_until(lambda: [b for b in brands if b.startswith("Brand ")], lambda found: True)
    assert len(named) > 0.8 * len(brands) and len(set(named)) == before


def test_a_product_is_merged_on_a_phone(open_browser, fresh_app_url):
    page = open_browser()
    page.goto(f"{fresh_app_url}/teach")
    page.get_by_role("button", name="Try a sample picture").click()
    for name in ("Alpha", "Beta"):
        field = page.get_by_label("Brand of pile 1", exact=True)
        field.fill(name)
        field.press("Enter")
        expect(page.get_by_text(f"taught as {name}")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    look = page.get_by_role("combobox", name="Look at a product")
    same = page.get_by_role("combobox", name="It is the same as")
    for field, name in ((look, "Beta"), (same, "Alpha")):
        expect(field).to_be_visible()
        if field is same:  # with room for what is chosen
            assert same.bounding_box()["width"] > 200
        field.click()
        field.fill(name)
        field.press("Enter")
    page.get_by_role("button", name="Merge them").click()
    expect(same).to_have_count(0)
    expect(look).to_have_value("")  # the one that it showed is gone


def test_what_was_moved_is_not_moved_along_with_what_is_tapped_next(open_browser):
    """Also before the server has answered with the new piles."""
    page = open_browser()
    page.set_content("<div id='root'><div class='board'></div></div>")
    source = "data:text/javascript;base64,"
    source += base64.b64encode(Path(pile_board.__file__).with_suffix(".js").read_bytes()).decode()
    facings = [{"id": number, "src": "data:,", "doubtful": False} for number in range(3)]
    pile = {"id": 0, "place": 1, "size": 3, "note": "", "brand": "", "product": "", "facings": facings}
    data = {"piles": [pile], "brands": [], "products": [], "longest": 100, "photo": "a"}
    show = """async ([source, data]) => {
      window.sent = [];
      const { default: board } = await import(source);
      const setTriggerValue = (_, action) => sent.push(action);
      board({ data, parentElement: document.querySelector("#root"), setTriggerValue });
    }"""
    page.evaluate(show, [source, data])
    for number in (1, 2):
        page.get_by_role("button", name=f"Facing {number}").click()
        page.get_by_role("button", name="New pile").click()
    assert page.evaluate("sent.map(({ facings }) => facings)") == [[0], [1]]


def test_the_next_photo_has_suggestions_of_its_own(open_browser, fresh_app_url, shelves, tmp_path):
    picture, _ = shelves[0]
    nearly = tmp_path / "nearly_the_same.png"
    cv2.imwrite(str(nearly), cv2.imread(str(picture))[2:])
    page = open_browser()
    page.goto(f"{fresh_app_url}/teach")
    page.locator("input[type=file]").first.set_input_files([picture])
    piles = page.get_by_role("region", name="Pile")
    expect(piles.nth(2)).to_be_visible()
    before = piles.count()
    fields = [page.get_by_label(f"Brand of pile {number}", exact=True) for number in (1, 2)]
    fields[1].fill("Half written")
    fields[0].fill("Astra")
    fields[0].press("Enter")
    expect(piles).to_have_count(before - 1)
    written = page.get_by_placeholder("Brand", exact=True)

    def values():
        return written.evaluate_all("inputs => inputs.map((input) => input.value)")

    assert "Half written" in values()  # which stays as long as the photo does
    page.locator("input[type=file]").first.set_input_files([nearly])
    expect(page.get_by_text("nearly_the_same.png")).to_be_visible()
    known = piles.filter(has_text="Known as Astra").first.get_by_placeholder("Brand", exact=True)
    expect(known).to_have_value("Astra")
    assert "Half written" not in values()
