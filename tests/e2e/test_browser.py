"""The app as a visitor meets it: Chromium, a camera that plays a shelf, uploads, downloads."""

import csv
import io
import re
import time
from contextlib import suppress

import cv2
import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect

from skushare.live.video import CONSTRAINTS
from tests.e2e.conftest import PATIENCE

TOLERANCE = 0.1  # of the known count


def metric(page, label):
    """The number that the metric called ``label`` shows, or ``None`` while there is none."""
    shown = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))
    if not shown.count():
        return None
    return float(shown.get_by_test_id("stMetricValue").inner_text().replace(",", ""))


def press_until(button, shown):
    """Press ``button``, again where a redraw at that moment lost it, until ``shown`` is there."""
    for _ in range(3):
        button.click()
        with suppress(PlaywrightTimeoutError):
            return shown.wait_for(timeout=10_000)
    raise AssertionError(f"{shown} is not there")


def wait_until(read, holds):
    """``read()`` again and again until ``holds`` for its value; returns that value."""
    end = time.monotonic() + PATIENCE
    while True:
        value = read()
        if value is not None and holds(value):
            return value
        assert time.monotonic() < end, f"the page still shows {value} after {PATIENCE} seconds"
        time.sleep(0.3)


def near(count):
    return lambda value: abs(value - count) <= TOLERANCE * count


def start_camera(page, app_url):
    page.goto(f"{app_url}/live")
    page.frame_locator("iframe").get_by_role("button", name="Start the camera").click()


def test_a_wide_camera_shows_its_whole_view(open_browser, app_url):
    page = open_browser(flags=["--use-fake-device-for-media-stream"])  # of 1280 x 720
    page.goto(f"{app_url}/_stcore/health")  # any page of its origin will do
    got = page.evaluate(
        """async (asked) => {
          const stream = await navigator.mediaDevices.getUserMedia(asked)
          const { width, height } = stream.getVideoTracks()[0].getSettings()
          stream.getTracks().forEach((track) => track.stop())
          return { width, height }
        }""",
        CONSTRAINTS,
    )
    assert got == {"width": 1280, "height": 720}


def upload(page, app_url, *files):
    page.goto(f"{app_url}/photos")
    page.locator("input[type=file]").first.set_input_files(list(files))
    expect(page.get_by_text("Clear the list")).to_be_visible()


def test_files_that_are_no_photos_or_too_large_are_named_among_good_ones(
    open_browser, app_url, shelves, tmp_path
):
    """What the browser refuses is gone with the emptied field, and with it the field's word of that."""
    (tmp_path / "large.jpg").write_bytes(bytes(65_000_000))
    (tmp_path / "raw <b>.dng").write_bytes(b"0")
    page = open_browser()
    upload(page, app_url, tmp_path / "large.jpg", tmp_path / "raw <b>.dng", shelves[0][0])
    expect(page.get_by_text("large.jpg: ")).to_be_visible()
    expect(page.get_by_text("larger than 500 MB: raw <b>.dng")).to_be_visible()
    wait_until(lambda: metric(page, "Photos"), lambda count: count == 1)
    page.locator("input[type=file]").first.set_input_files([shelves[1][0]])
    expect(page.get_by_text("raw <b>.dng")).to_have_count(0)
    page.locator("input[type=file]").first.set_input_files([tmp_path / "raw <b>.dng"])
    expect(page.get_by_text("larger than 500 MB: raw <b>.dng")).to_be_visible()
    page.get_by_role("button", name="Clear the list").click()
    expect(page.get_by_text("raw <b>.dng")).to_have_count(0)


def test_start_shows_a_counted_shelf(open_browser, app_url):
    page = open_browser()
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto(app_url)
    wait_until(lambda: metric(page, "Facings on this shelf"), lambda count: count > 0)
    expect(page.get_by_alt_text("A shelf with a box around each facing")).to_be_visible()
    assert [url for url in failed if not url.startswith(app_url)] == []  # nothing from elsewhere is needed
    page.get_by_role("button", name="Count photos").click()
    expect(page.get_by_role("button", name="Try a sample picture")).to_be_visible()


def test_a_first_visit_to_a_pages_own_address_gets_the_whole_app(open_browser, fresh_app_url):
    page = open_browser()
    page.goto(f"{fresh_app_url}/photos")
    expect(page.get_by_role("link", name="Start")).to_be_visible()
    expect(page.get_by_role("button", name="Try a sample picture")).to_be_visible()
    assert not page.get_by_text("streamlit app").count()


def test_live_counts_a_shelf_and_saves_it(open_browser, app_url, shelves):
    picture, known = shelves[0]
    page = open_browser(picture)
    start_camera(page, app_url)
    wait_until(lambda: metric(page, "In view"), near(known))
    wait_until(lambda: metric(page, "Unique so far"), near(known))  # however many frames showed them
    wait_until(lambda: metric(page, "Pictures a second"), lambda fps: fps > 0)
    expect(page.get_by_text("Facings over time")).to_be_visible()
    page.get_by_role("button", name="Save a snapshot").click()
    # Once it is drawn: a run of the page that another one cuts short may leave what it drew for a moment.
    expect(page.get_by_text(re.compile(r"\d+ facings at"))).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    assert re.fullmatch(r"shelf-[\d-]+-facings\.jpg", download.value.suggested_filename)
    page.frame_locator("iframe").get_by_role("button", name="Stop").click()
    expect(page.frame_locator("iframe").get_by_role("button", name="Start the camera")).to_be_visible()


def test_live_goes_on_after_a_look_at_another_page(open_browser, app_url, shelves):
    picture, known = shelves[0]
    page = open_browser(picture)
    start_camera(page, app_url)
    wait_until(lambda: metric(page, "In view"), near(known))
    page.get_by_role("link", name="Photos").click()
    expect(page.get_by_role("button", name="Try a sample picture")).to_be_visible()
    page.get_by_role("link", name="Live").click()
    page.frame_locator("iframe").get_by_role("button", name="Start the camera").click()
    wait_until(lambda: metric(page, "In view"), near(known))


def test_two_visitors_do_not_mix(open_browser, app_url, shelves, tmp_path):
    picture, known = shelves[0]
    image = cv2.imread(str(picture))
    upper_half = tmp_path / "upper_half.png"
    cv2.imwrite(str(upper_half), image[: image.shape[0] // 2])
    first, second = open_browser(picture), open_browser(upper_half)
    start_camera(first, app_url)
    start_camera(second, app_url)
    wait_until(lambda: metric(first, "In view"), near(known))
    wait_until(lambda: metric(second, "In view"), lambda count: 0 < count < 0.75 * known)
    wait_until(lambda: metric(first, "In view"), near(known))
    first.get_by_role("button", name="Save a snapshot").click()
    expect(first.get_by_text("Snapshots of this visit")).to_be_visible()
    assert not second.get_by_text("Snapshots of this visit").count()


def test_photos_counts_redraws_and_downloads(open_browser, app_url, shelves):
    picture, known = shelves[0]
    page = open_browser()
    upload(page, app_url, picture)
    count = wait_until(lambda: metric(page, "Facings"), near(known))

    drawn = page.get_by_alt_text(re.compile("boxes drawn"))
    before = drawn.get_attribute("src")
    page.get_by_role("slider").press("End")
    wait_until(lambda: metric(page, "Facings"), lambda value: value < count)
    wait_until(lambda: drawn.get_attribute("src"), lambda src: src != before)
    page.get_by_role("slider").press("Home")
    most = wait_until(lambda: metric(page, "Facings"), lambda value: value >= count)

    page.get_by_role("tab", name="Every facing").click()
    # A run that ends while a file is on its way to the browser takes it away.
    page.wait_for_timeout(500)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download every facing").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert len(rows) == most and rows[0]["photo"] == picture.name


def test_a_broken_file_is_named_and_the_rest_is_counted(open_browser, app_url, shelves, tmp_path):
    broken = tmp_path / "broken_shelf.jpg"
    broken.write_bytes(shelves[0][0].read_bytes()[:3000])
    page = open_browser()
    upload(page, app_url, broken, shelves[0][0])
    expect(page.get_by_text(re.compile("broken_shelf.jpg: "))).to_be_visible()
    wait_until(lambda: metric(page, "Photos"), lambda photos: photos == 1)


@pytest.mark.parametrize("place", ["live", "photos"])
def test_no_camera_is_said(open_browser, app_url, place):
    page = open_browser()
    page.goto(f"{app_url}/{place}")
    if place == "photos":
        page.get_by_text("Take a photo with this device's camera").click()
    expect(page.get_by_text("No camera was found on this device")).to_be_visible()


def test_a_refused_camera_is_said(open_browser, app_url, shelves):
    page = open_browser(shelves[0][0], allow=False)
    start_camera(page, app_url)
    expect(page.get_by_text("This browser blocks the camera for this page")).to_be_visible()


def test_a_page_without_https_is_said(open_browser, app_url, shelves):
    page = open_browser(shelves[0][0], flags=["--host-resolver-rules=MAP shop-laptop 127.0.0.1"])
    page.goto(f"{app_url.replace('localhost', 'shop-laptop')}/live")
    expect(page.get_by_text(re.compile("https:// or on localhost"))).to_be_visible()
