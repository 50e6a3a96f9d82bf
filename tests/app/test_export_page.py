"""The Export page: the form, exports in every state, and how a visitor reaches a bundle."""

import json
import os
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from skushare.app import clock, export_form, export_servers, exports
from skushare.app.export_servers import Servers, phone_addresses, preview_of
from skushare.app.text import plain
from skushare.brands.library import save_gallery
from skushare.errors import SkushareError
from skushare.export import jobs
from skushare.export.jobs import Export, list_exports
from skushare.serve import certificate as certificate_module
from skushare.serve import network
from skushare.serve.network import listen
from skushare.serve.server import BackgroundServer
from skushare.workspace import exports_folder
from tests.app.elements import button, field, metrics, press, texts
from tests.brands.conftest import ColorEmbedder, color_gallery
from tests.export.test_jobs import request_only

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
REPORT = {
    "files": [
        {"path": "index.html", "bytes": 40, "gzip bytes": 50},
        {"path": "model/a.bin", "bytes": 2_000_000, "gzip bytes": 1_800_000},
    ],
    "checks": [
        {"name": "operations", "passed": True, "text": "all *known*"},
        {"name": "boxes", "passed": None, "text": "no browser"},
        {"name": "pixels", "passed": True, "text": "same"},
    ],
    "accuracy": [{"precision": "float16", "AP": 0.5}],
    "timings": {"convert": 1.5},
}


@pytest.fixture(autouse=True)
def page_parts(detector, monkeypatch):
    """No detector is loaded, this machine is in one network, and servers end with the test."""
    for module in (certificate_module, export_servers):
        monkeypatch.setattr(module, "lan_addresses", lambda: ["127.0.0.2"])
    monkeypatch.setattr(export_servers, "PREVIEW_PORT", 18743)
    monkeypatch.setattr(export_servers, "PORT", 18643)
    monkeypatch.setattr(export_servers, "everywhere", lambda: "127.0.0.1")
    held = Servers()
    monkeypatch.setattr(export_servers, "servers", lambda: held)
    monkeypatch.setattr(exports, "servers", lambda: held)
    yield held
    held.close()
    st.cache_resource.clear()


def finished(name="first", **report):
    export = request_only(name)
    export.bundle.mkdir()
    description = {"format": "skushare bundle 1", "files": {"model/a.bin": {}}}
    (export.bundle / "bundle.json").write_text(json.dumps(description))
    (export.bundle / "index.html").write_text("<!doctype html>")
    (export.bundle / "report.json").write_text(json.dumps({**REPORT, **report}))
    return export


def open_page():
    app = AppTest.from_file(str(APP)).switch_page("pages/export.py").run()
    assert not app.exception
    return app


def test_the_form_starts_an_export_of_what_was_chosen(monkeypatch):
    save_gallery(color_gallery(ColorEmbedder()))
    monkeypatch.setattr(export_form, "saved_gallery", lambda name: f"the gallery {name}")
    started = []

    def start(name, request, gallery):
        started.append((name, request, gallery))
        return Export(exports_folder() / name)

    monkeypatch.setattr(export_form, "start_export", start)
    app = open_page()
    assert field(app.selectbox, "Gallery").value == "shelf"  # what was taught goes along
    field(app.radio, "Weights").set_value("uint8").run()
    field(app.number_input, "Largest weight file in MB").set_value(2).run()
    field(app.text_input, "Name").set_value("corner-shop").run()
    press(app, "Export")
    ((name, request, gallery),) = started
    assert (name, request.model_name, request.gallery_name) == ("corner-shop", "shelf_dense", "shelf")
    assert (request.precision, request.shard_bytes, gallery) == ("uint8", 2 << 20, "the gallery shelf")
    assert Path(request.model).name == "shelf_dense"


def test_without_a_gallery_none_goes_along(monkeypatch):
    started = []
    monkeypatch.setattr(
        export_form, "start_export", lambda *given: started.append(given) or Export(Path("x"))
    )
    app = open_page()
    assert field(app.text_input, "Name").value == "shelf_dense"
    press(app, "Export")
    assert started[0][1].gallery_name == "" and started[0][2] is None


def test_the_name_that_is_proposed_is_that_of_the_model(monkeypatch):
    folder = export_form.model_choices()["shelf_dense"]
    monkeypatch.setattr(export_form, "model_choices", lambda: {"shelf_dense": folder, "runs/mine": folder})
    app = open_page()
    field(app.selectbox, "Model").select("runs/mine").run()
    assert field(app.text_input, "Name").value == "mine"


def test_the_model_that_the_app_counts_with_is_proposed(monkeypatch):
    folder = export_form.model_choices()["shelf_dense"]
    monkeypatch.setattr(export_form, "model_choices", lambda: {"shelf_dense": folder, "runs/mine": folder})
    for counting, proposed in (("runs/mine", "runs/mine"), ("another/folder", "shelf_dense")):
        monkeypatch.setattr(export_form, "counting_model", lambda counting=counting: counting)
        assert field(open_page().selectbox, "Model").value == proposed


def test_a_mistake_is_told_and_nothing_starts():
    app = open_page()
    field(app.text_input, "Name").set_value("a/b").run()
    press(app, "Export")
    assert "cannot be a name" in texts(app.error)[0] and list_exports() == []


def test_without_a_model_the_page_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("SKUSHARE_MODELS", str(tmp_path))
    assert "There is no model" in texts(open_page().error)[0]


def test_while_one_runs_the_page_shows_it_and_starts_no_other(monkeypatch):
    export = request_only()
    (export.folder / jobs.LOG).write_text('{"step": "Converting", "fraction": 0.4}')
    cancelled = []
    monkeypatch.setattr(Export, "condition", lambda self: ("running", ""))
    monkeypatch.setattr(Export, "cancel", lambda self: cancelled.append(self.name))
    app = open_page()
    bar = app.get("progress")[0].proto
    assert bar.value == 40 and "Converting" in bar.text
    assert button(app, "Export").disabled and not any(b.label == "Delete for good" for b in app.button)
    press(app, "Cancel")
    assert cancelled == ["first"]
    (export.folder / jobs.LOG).write_text('{"step": "Finishing", "fraction": 1.0}')
    assert button(app.run(), "Cancel").disabled  # nothing is left to be cancelled


@pytest.mark.parametrize(
    ("log", "cancel", "kind", "words"),
    [
        ("skushare: conv_3: unknown *operation*", False, "error", "conv"),
        ("last words", True, "info", "cancelled"),
        ("last words", False, "warning", "killed"),
    ],
)
def test_an_export_that_did_not_end_well_says_why_and_can_be_deleted(log, cancel, kind, words):
    export = request_only()
    (export.folder / jobs.LOG).write_text(log)
    if cancel:
        (export.folder / jobs.CANCEL).touch()
    app = open_page()
    assert words in texts(getattr(app, kind))[0]
    assert texts(app.code) == [log]
    box = next(expander for expander in app.expander if expander.label == "Log").children[0]
    assert box.proto.autoscroll  # to its end, which is what is read
    press(app, "Delete for good")
    assert list_exports() == []


def test_a_second_click_on_delete_spares_the_next_export():
    request_only("first")
    request_only("second")
    app = open_page()
    clicked = button(app, "Delete for good").proto.id
    press(app, "Delete for good")
    assert len(list_exports()) == 1 and button(app, "Delete for good").proto.id != clicked


def test_a_finished_export_shows_sizes_checks_and_the_running_bundle(page_parts):
    finished()
    app = open_page()
    assert metrics(app) == {
        "Folder": "2.0 MB",
        "Kept by the phone": "2.0 MB",
        "Sent to it": "1.8 MB",
        "Checks passed": "2 of 2",
    }
    assert not app.error
    served = page_parts.get(exports_folder().resolve() / "first" / "bundle", "preview")
    assert app.get("iframe")[0].proto.src == f"http://localhost:{served.server.port}/"
    app.session_state.export_tab = "Checks"
    app.run()
    assert any("operations" in text for text in texts(app.markdown)) and len(app.dataframe) == 2
    app.session_state.export_tab = "Sizes"
    app.run()
    assert app.dataframe[0].value["part"].tolist() == ["at the top", "model/a.bin", "all"]
    assert app.dataframe[1].value["file"].tolist() == ["model/a.bin", "index.html"]


def test_an_export_tells_when_it_was_made_by_the_visitors_clock(monkeypatch):
    monkeypatch.setattr(clock, "_zone", lambda: timezone(timedelta(hours=13)))
    made = datetime(2026, 7, 1, 22, tzinfo=timezone.utc).timestamp()
    os.utime(finished().folder / jobs.REQUEST, (made, made))
    assert any(text.endswith(plain("2026-07-02 11:00")) for text in texts(open_page().caption))


def test_a_failed_check_is_said_at_once():
    bad, good = {"name": "a", "passed": False, "text": "4 px"}, {"name": "b", "passed": True, "text": ""}
    finished(checks=[bad, good])
    app = open_page()
    assert metrics(app)["Checks passed"] == "1 of 2" and "Not all checks passed" in texts(app.error)[0]


def test_a_report_that_is_gone_does_not_break_the_page():
    export = finished()
    (export.bundle / "report.json").unlink()
    app = open_page()
    assert not app.exception and not app.error


def test_it_is_served_to_phones_with_a_code_until_stopped(page_parts):
    export = finished()
    app = open_page()
    press(app, "Serve to phones")
    served = page_parts.get(export.bundle.resolve(), "phones")
    assert served.certificate and served.server.alive
    text = " ".join(texts(app.markdown))
    assert f"https://127.0.0.2:{served.server.port}/" in text and "/trust" in text
    assert served.certificate.fingerprint in " ".join(texts(app.caption))
    press(app, "Stop serving")
    assert not served.server.alive and page_parts.get(export.bundle.resolve(), "phones") is None


def test_one_bundle_at_a_time_is_served_to_phones_at_one_port(page_parts):
    first, second = finished("first"), finished("second")
    one = page_parts.for_phones(first.bundle)
    other = page_parts.for_phones(second.bundle)
    assert one.server.port == other.server.port and not one.server.alive


def test_without_a_network_it_says_so(monkeypatch):
    monkeypatch.setattr(export_servers, "lan_addresses", list)
    finished()
    app = open_page()
    press(app, "Serve to phones")
    assert "no network" in texts(app.error)[0]


def test_an_address_that_the_certificate_does_not_cover_gets_no_code(page_parts, monkeypatch):
    served = page_parts.for_phones(finished().bundle.resolve())
    monkeypatch.setattr(export_servers, "lan_addresses", lambda: ["127.0.0.2", "127.0.0.3"])
    assert phone_addresses(served)[0] == [f"https://127.0.0.2:{served.server.port}/"]
    for module in (certificate_module, export_servers):
        monkeypatch.setattr(module, "lan_addresses", lambda: ["127.0.0.3"])
    app = open_page()
    assert "stop and serve again" in texts(app.error)[0] and "127.0.0.3" not in " ".join(texts(app.markdown))
    assert button(app, "Stop serving")
    monkeypatch.setattr(export_servers, "is_loopback", lambda host: False)
    preview = preview_of(list_exports()[0].bundle, "https://127.0.0.3:8501/export")
    assert not preview.address and "stop and serve again" in preview.note


def test_by_ipv6_alone_phones_and_pages_elsewhere_get_an_address(page_parts, monkeypatch):
    for module in (certificate_module, export_servers):
        monkeypatch.setattr(module, "lan_addresses", lambda: ["fd00::5"])
    served = page_parts.for_phones(finished().bundle.resolve())
    address = f"https://[fd00::5]:{served.server.port}/"
    assert phone_addresses(served) == ([address], address + "trust")
    assert preview_of(list_exports()[0].bundle, "https://[fd00::5]:8501/export").address == address


def test_previews_that_were_looked_at_longest_ago_make_room(page_parts):
    folders = [finished(f"number-{number}").bundle for number in range(5)]
    first, second, third = (page_parts.preview(folder, secure=False) for folder in folders[:3])
    phones = page_parts.for_phones(folders[0])
    assert page_parts.preview(folders[0], secure=False) is first
    page_parts.preview(folders[3], secure=False)
    assert [served.server.alive for served in (first, second, third, phones)] == [True, False, True, True]
    page_parts.preview(folders[4], secure=True)
    assert [served.server.alive for served in (first, second, third, phones)] == [True, False, False, True]
    assert page_parts.preview(folders[1], secure=False).server.alive


def test_tabs_that_ask_at_once_get_one_server(page_parts, monkeypatch):
    class SlowServer(BackgroundServer):
        """One whose start lets all others catch up."""

        def __init__(self, *given):
            time.sleep(0.2)
            super().__init__(*given)
            made.append(self)

    made, folder = [], finished().bundle
    monkeypatch.setattr(export_servers, "BackgroundServer", SlowServer)
    for serve, starts in (
        (lambda: page_parts.preview(folder, secure=False), 1),
        (lambda: page_parts.for_phones(folder), 3),
    ):
        made.clear()
        tabs = [threading.Thread(target=serve) for _ in range(3)]
        for tab in tabs:
            tab.start()
        for tab in tabs:
            tab.join()
        assert len(made) == starts and sum(server.alive for server in made) == 1
        assert len({server.port for server in made}) == 1


def test_ports_that_are_all_taken_are_told_without_an_option(page_parts, monkeypatch):
    for module in (export_servers, network):
        monkeypatch.setattr(module, "TRIES", 1)
    with listen("127.0.0.1", 0) as taken, pytest.raises(SkushareError) as told:
        port = taken.getsockname()[1]
        monkeypatch.setattr(export_servers, "PREVIEW_PORT", port)
        page_parts.preview(finished().bundle, secure=False)
    assert f"no port from {port}" in str(told.value) and "--port" not in str(told.value)


def test_deleting_ends_its_servers(page_parts):
    export = finished()
    app = open_page()
    preview = page_parts.get(export.bundle.resolve(), "preview")
    press(app, "Delete for good")
    assert list_exports() == [] and not preview.server.alive


def test_several_are_listed_and_one_is_chosen():
    finished("first")
    request_only("second")
    app = open_page()
    assert sorted(app.dataframe[0].value["export"]) == ["first", "second"]
    assert set(app.dataframe[0].value["status"]) == {"finished", "interrupted"}
    field(app.selectbox, "Export").select("first").run()
    assert metrics(app)["Folder"] == "2.0 MB"


@pytest.mark.parametrize(
    ("url", "serving", "address", "framed", "words"),
    [
        (None, False, "http://localhost:", True, "through a tunnel"),
        ("http://localhost:8501/export", False, "http://localhost:", True, "through a tunnel"),
        ("http://127.0.0.1:8501/export", True, "http://127.0.0.1:", True, ""),
        ("http://[::1]:8501/export", False, "http://localhost:", True, "through a tunnel"),
        ("https://localhost:8501/export", False, "https://localhost:", True, "accept the certificate"),
        ("https://127.0.0.2:8501/export", False, "", False, "Serve to phones"),
        ("https://127.0.0.2:8501/export", True, "https://127.0.0.2:", True, "certificate"),
        ("https://192.168.7.7:8501/export", True, "", False, "no other port"),
        ("https://app.example.org/export", True, "", False, "no other port"),
    ],
)
def test_how_a_visitor_sees_it(page_parts, monkeypatch, url, serving, address, framed, words):
    bundle = finished().bundle
    if "127.0.0.2" in str(url):  # for once an address of the network
        monkeypatch.setattr(export_servers, "is_loopback", lambda host: host != "127.0.0.2")
    if serving:
        page_parts.for_phones(bundle)
    found = preview_of(bundle, url)
    assert found.address.startswith(address) and bool(found.address) == bool(address)
    assert found.framed == framed and words in found.note


def test_a_folder_that_is_no_bundle_is_not_served(page_parts):
    export = request_only()
    export.bundle.mkdir()
    for serve in (page_parts.for_phones, lambda folder: page_parts.preview(folder, secure=False)):
        with pytest.raises(SkushareError, match="no bundle"):
            serve(export.bundle)


def test_a_size_is_told_for_people():
    assert [exports.megabytes(size) for size in (0, 99_000, 100_000, 12_340_000)] == [
        "0.0 kB",
        "99.0 kB",
        "0.1 MB",
        "12.3 MB",
    ]
