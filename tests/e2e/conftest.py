"""The real app in a real browser: a server of its own, and cameras that play bundled pictures."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

from skushare.export.javascript import BROWSER_FLAGS
from skushare.files import make_folder
from skushare.lock import hold

ROOT = Path(__file__).resolve().parents[2]
FRAME_SIZE = (960, 720)  # what the Live page asks a camera for
FRAME_RATE = 5  # a second: at more, a still picture takes the machine's whole time
PATIENCE = 120  # seconds, on a machine that does other work too
EXPORTING = 20 * PATIENCE  # seconds that an export may take
expect.set_options(timeout=1000 * PATIENCE)
# Pages load in four fifths of the time where functions that are not called are not compiled.
BASE_FLAGS = ("--no-sandbox", *BROWSER_FLAGS, "--js-flags=--max-lazy", "--disable-site-isolation-trials")


@pytest.fixture(scope="session")
def chromium():
    """Path of the installed browser."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    pytest.fail(
        "no Chromium found for the browser tests; install it with: apt-get install chromium", pytrace=False
    )


@pytest.fixture(scope="session")
def shelves():
    """Bundled pictures with their known counts, fewest facings first: a list of (path, count)."""
    content = json.loads((ROOT / "data" / "annotations.json").read_text(encoding="utf-8"))
    counts = {image["id"]: 0 for image in content["images"]}
    for annotation in content["annotations"]:
        counts[annotation["image_id"]] += 1
    pictures = [(ROOT / "data" / image["file_name"], counts[image["id"]]) for image in content["images"]]
    return sorted(pictures, key=lambda picture: picture[1])


@pytest.fixture(scope="session")
def app_url(tmp_path_factory):
    """Address of a server that runs the app for these tests."""
    with _serve(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture
def fresh_app_url(tmp_path):
    """Address of a server that nobody has visited yet, with an empty workspace."""
    with _serve(tmp_path) as url:
        yield url


@pytest.fixture(scope="session")
def exported(tmp_path_factory, request):
    """An export of the shipped model and the demo gallery, as the Export page makes it, made once.

    Its ``bundle`` is the folder for phones; it lies in the workspace of ``export_app_url``. Where several
    processes share the tests, the first that asks makes it for all.
    """
    from skushare.brands.embedder import Embedder
    from skushare.brands.gallery_files import read_gallery
    from skushare.export import jobs
    from skushare.export.jobs import FINISHED, RUNNING, Request, list_exports, start_export
    from skushare.samples import DEMO_GALLERY

    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent
    folder = make_folder(folder / "exported")
    with hold(folder / "lock", EXPORTING) as mine, pytest.MonkeyPatch.context() as patch:
        assert mine, "another process exports for ever"
        patch.setenv("SKUSHARE_WORKSPACE", str(folder / "workspace"))
        patch.setattr(jobs, "STANDS_BACK", 0)  # tests wait for it
        export = next((made for made in list_exports() if made.name == "shelf"), None)
        if export is None:
            wanted = Request(str(ROOT / "models" / "shelf_dense"), "shelf_dense", "Demo", "float16", 4 << 20)
            export = start_export("shelf", wanted, read_gallery(DEMO_GALLERY, Embedder.load()))
        end = time.monotonic() + EXPORTING
        while export.condition()[0] == RUNNING and time.monotonic() < end:
            time.sleep(0.3)
    assert export.condition()[0] == FINISHED, (export.condition(), export.log())
    return export


@pytest.fixture(scope="session")
def export_app_url(exported):
    """Address of a server that runs the app in the workspace of ``exported``."""
    with _serve(exported.folder.parents[2]) as url:
        yield url


@pytest.fixture
def serve():
    """The context manager ``serve(folder, app)``: address of a server that runs the app ``app``."""
    return _serve


@contextmanager
def _serve(folder, app="streamlit_app.py"):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log.txt"
    environment = {**os.environ, "SKUSHARE_WORKSPACE": str(folder / "workspace")}
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.headless=true"]
    command.append(f"--server.port={port}")
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://localhost:{port}"
        _wait_for(url, server, log)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait_for(url, server, log):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"the app did not start:\n{log.read_text(errors='replace')[-2000:]}", pytrace=False)


class Browsers:
    """Playwright and browsers, kept for the next test with the same flags: starting one takes seconds.

    What a visitor leaves behind, files, permissions, workers, is in a context of each page's own.
    """

    def __init__(self):
        self.playwright, self.kept = None, {}

    def get(self, chromium, flags):
        key = chromium, *flags
        browser = self.kept.pop(key, None)
        if browser is None or not browser.is_connected():
            self.playwright = self.playwright or sync_playwright().start()
            browser = self.playwright.chromium.launch(executable_path=chromium, args=flags)
        self.kept[key] = browser  # the one used last is the last
        return browser

    def trim(self, most):
        """Close those used longest ago."""
        while len(self.kept) > most:
            self.kept.pop(next(iter(self.kept))).close()

    def close(self):
        self.trim(0)
        if self.playwright:
            self.playwright.stop()
        self.playwright = None


BROWSERS = Browsers()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """End Playwright with this folder: it keeps an event loop running, which other tests may not have."""
    try:
        return (yield)
    finally:
        if nextitem is None or nextitem.path.parent != item.path.parent:
            BROWSERS.close()


@pytest.fixture(scope="session")
def browser(chromium):
    """A function that gives a browser with the flags ``flags``, one that ``asks`` for permissions if need be.

    The one without windows does not ask; it takes two thirds of the time.
    """
    quick = shutil.which("chromium-headless-shell") or chromium
    return lambda flags, asks=False: BROWSERS.get(chromium if asks else quick, flags)


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """A function that gives the path of a short video of a picture, made once."""
    made = {}

    def film(picture):
        if picture not in made:
            made[picture] = tmp_path_factory.mktemp("camera") / "camera.y4m"
            write_y4m(made[picture], picture)
        return made[picture]

    return film


@pytest.fixture
def open_browser(browser, film):
    """A function that opens a page whose camera plays ``picture``; without one it has no camera.

    Unless it is to go on ``offline``, it has no service workers: they take the time to keep what they serve.
    """
    opened = []

    def open_browser(picture=None, flags=(), allow=True, offline=False):
        flags = [*BASE_FLAGS, *flags]
        if picture:
            flags += [
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={film(picture)}",
            ]
        if allow:
            flags.append("--use-fake-ui-for-media-stream")
        page = browser(flags, asks=not allow).new_page(
            viewport={"width": 1280, "height": 1000}, service_workers="allow" if offline else "block"
        )
        opened.append(page)
        page.set_default_timeout(1000 * PATIENCE)
        return page

    yield open_browser
    for page in opened:
        page.close()
    BROWSERS.trim(2)


def write_y4m(path, picture, frames=15):
    """A short video of a still picture, as Chromium's fake camera plays it."""
    image = cv2.imread(str(picture))
    width, height = FRAME_SIZE
    scale = min(width / image.shape[1], height / image.shape[0])
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((height, width, 3), 128, np.uint8)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    frame[top : top + image.shape[0], left : left + image.shape[1]] = image
    pixels = cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes()
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{FRAME_RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(frames):
            file.write(b"FRAME\n" + pixels)
