"""The Export page in a browser: an export begun and cancelled; a finished one tried, served, downloaded."""

import json
import re
import ssl
import urllib.request
import zipfile
from contextlib import contextmanager

import psutil
import pytest
from playwright.sync_api import expect

from skushare.export.jobs import PROCESS, Export
from skushare.files import read_json
from tests.e2e.test_browser import wait_until


@pytest.fixture
def page(open_browser, export_app_url):
    page = open_browser()
    page.goto(f"{export_app_url}/export")
    expect(page.get_by_role("button", name="Download as a zip")).to_be_visible()
    return page


def test_the_bundle_runs_in_the_page_and_goes_to_phones_and_into_a_zip(page, exported):
    frame = page.frame_locator("iframe")
    expect(frame.locator("#app")).not_to_be_empty()
    assert page.locator("iframe").evaluate("frame => frame.allow.includes('camera')")
    version = json.loads((exported.bundle / "bundle.json").read_text())["version"]

    page.get_by_role("tab", name="Checks").click()
    expect(page.get_by_text("detector: operations")).to_be_visible()
    expect(page.get_by_text("Not all checks passed")).not_to_be_visible()

    page.get_by_role("button", name="Serve to phones").click()
    expect(page.get_by_text("Scan this with a phone")).to_be_visible()
    link = page.get_by_role("link", name=re.compile(r"^https:.+:\d+.$")).first.get_attribute("href")
    port = re.search(r":(\d+)/$", link)[1]
    trust = f"https://localhost:{port}/skushare.crt"
    with urllib.request.urlopen(trust, context=ssl._create_unverified_context()) as answer:
        trusting = ssl.create_default_context(cadata=answer.read())
    with urllib.request.urlopen(f"https://localhost:{port}/bundle.json", context=trusting) as answer:
        assert json.load(answer)["version"] == version
    page.get_by_role("button", name="Stop serving").click()
    expect(page.get_by_role("button", name="Serve to phones")).to_be_visible()
    with pytest.raises(OSError):
        urllib.request.urlopen(f"https://localhost:{port}/bundle.json", context=trusting, timeout=5)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download as a zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("shelf/bundle.json"))["version"] == version


@contextmanager
def held(export):
    """Let an export that was begun stand still: a fast machine ends it before a page can cancel it."""
    pid = wait_until(lambda: read_json(export.folder / PROCESS).get("pid"), bool)
    process = psutil.Process(pid)
    process.suspend()
    try:
        yield export
    finally:
        process.resume()


def test_an_export_that_was_begun_goes_on_when_the_page_is_left_and_can_be_cancelled(page, exported):
    page.get_by_text("New export").click()
    name = page.get_by_label("Name", exact=True)
    name.fill("second")
    name.press("Enter")
    page.get_by_role("button", name="Export", exact=True).click()
    with held(Export(exported.folder.with_name("second"))) as export:
        expect(page.get_by_text("It goes on when you leave this page")).to_be_visible()
        page.get_by_role("link", name="Start").click()
        expect(page.get_by_role("heading", name="Count every facing")).to_be_visible()
        page.get_by_role("link", name="Export").click()
        page.get_by_role("button", name="Cancel").click()
        wait_until(lambda: export.condition()[1], bool)
    expect(page.get_by_text("It was cancelled")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("It was cancelled")).not_to_be_visible()
    expect(page.get_by_role("button", name="Download as a zip")).to_be_visible()
