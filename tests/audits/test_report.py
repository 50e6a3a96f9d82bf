import re
import zlib
from dataclasses import replace

import pytest
from fpdf.table import Table

import skushare.audits.report
from skushare.audits import store
from skushare.audits.audit import UNFINISHED
from skushare.audits.corrections import Facing
from skushare.audits.picture import WITHOUT_PICTURE
from skushare.audits.report import _Report, _texts, report
from skushare.audits.targets import save_target
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.library import save_gallery

pytestmark = pytest.mark.usefixtures("sqlite")


def pages(pdf):
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_a_report_has_the_photo_and_its_pages(make_audit, make_photo):
    photos = [make_photo(shade=shade, name=f"{shade}.jpg") for shade in (40, 50)]
    number = store.save_audit(make_audit(*photos, store="North", note="after the delivery"))
    saved = store.open_audit(number)
    box = tuple(saved.photos[0].detections.boxes[2].tolist())
    store.save_correction(number, saved.photos[0].id, Facing(box, "Bello"), None, "Mia")
    pdf = report(store.open_audit(number))
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    assert pdf.count(b"/DCTDecode") == 2  # both photos


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "'; DROP TABLE audits; --",
        "**bold** __u__ --x--",
        "=1+1",
        "x" * 10_000,
        "word " * 2_000,
        "مرحبا بالعالم \u202eשלום 123 abc",
        "🥫 👩‍👩‍👧 e\u0301 日本語",
        "",
        "\n\n\n",
        "\u200d\u200c\u0301",
    ],
)
def test_any_text_makes_a_report(make_audit, make_photo, text):
    photo = replace(make_photo(), name=text)
    audit = make_audit(photo, brands=(text, "Bello"), store=text, shelf=text, category=text, note=text)
    assert 1 <= pages(report(audit)) <= 4


@pytest.mark.parametrize("finished", [False, True])
def test_a_report_of_an_unfinished_audit_says_so_on_each_page(make_audit, monkeypatch, finished):
    lines, legible, cell = [], _Report.legible, _Report.cell

    def told(self, text, *most):
        lines.append(text)
        return legible(self, text, *most)

    def footed(self, w, h, text="", **options):
        lines.append(text)
        return cell(self, w, h, text, **options)

    monkeypatch.setattr(_Report, "legible", told)
    monkeypatch.setattr(_Report, "cell", footed)
    report(make_audit(finished=finished))
    title = "Shelf audit" + ", not finished" * (not finished)
    assert (title in lines, f"{title}, page 1" in lines, UNFINISHED in lines) == (True, True, not finished)


def test_many_brands_and_no_facings_make_a_report(make_audit, make_photo):
    many = make_photo(range(120))
    assert pages(report(make_audit(many, brands=[f"brand {i}" for i in range(120)]))) >= 3
    assert pages(report(make_audit(make_photo(())))) >= 1


def test_a_lost_picture_is_said_and_the_rest_is_reported(make_audit, make_photo):
    audit = make_audit(replace(make_photo(), picture="0" * 64), make_photo(shade=90))
    assert report(audit).count(b"/DCTDecode") == 1


def test_the_more_photos_the_smaller_they_are(make_audit, make_photo, monkeypatch):
    monkeypatch.setattr(skushare.audits.report, "_MOST", 2 * 60 * 60)

    def widths(count):
        audit = make_audit(*(make_photo(shade=20 + i) for i in range(count)))  # of 60 pixels
        return [int(w) for w in re.findall(rb"/DCTDecode[^>]*/Width (\d+)", report(audit))]

    assert widths(2) == [60] * 2 and widths(8) == [30] * 8


def test_letters_without_a_shape_are_said(make_audit):
    def streams(pdf):
        return [zlib.decompress(s) for s in re.findall(rb"stream\n(x.*?)\nendstream", pdf, re.S)]

    plain, lacking = (report(make_audit(store=name)) for name in ("North", "𒀀𒀁"))  # cuneiform
    assert len(b"".join(streams(lacking))) > len(b"".join(streams(plain)))


def test_one_is_told_as_one(make_audit, make_photo, monkeypatch):
    told = []
    monkeypatch.setattr(_Report, "fact", lambda self, name, value, most=0: told.append((name, value)))
    monkeypatch.setattr(_Report, "title_line", lambda self, text, size=14: told.append(text))
    number = store.save_audit(make_audit(make_photo((0, 0))))
    saved = store.open_audit(number)
    for facing, expected in ((0, "1, 1 correction"), (1, "0, 2 corrections")):
        box = tuple(saved.photos[0].detections.boxes[facing].tolist())
        store.save_correction(number, saved.photos[0].id, Facing(box, "Astra"), None, "Mia")
        report(store.open_audit(number))
        assert ("Facings", expected) in told
    assert "shelf.jpg: 1 facing" in told and "shelf.jpg: 0 facings" in told


def test_gaps_are_drawn_and_told(make_audit, make_photo, monkeypatch):
    facts, titles, frames = {}, [], []
    draw = skushare.audits.report.draw_gaps
    monkeypatch.setattr(_Report, "fact", lambda self, name, value, most=0: facts.update({name: value}))
    monkeypatch.setattr(_Report, "title_line", lambda self, text, size=14: titles.append(text))
    monkeypatch.setattr(
        "skushare.audits.report.draw_gaps", lambda image, boxes: frames.append(boxes) or draw(image, boxes)
    )
    report(make_audit())
    assert facts["Gaps"] == "none" and frames == []
    photo = make_photo((0, 0, 1, 1))
    gappy = replace(photo, detections=photo.detections[[0, 2, 3]])
    report(make_audit(gappy, make_photo(shade=90)))
    assert facts["Gaps"].startswith("1, room for 1 facing (dashed") and [box.tolist() for box in frames] == [
        [[16, 5, 40, 35]]
    ]
    assert "shelf.jpg: 3 facings, gaps: 1, room for 1 facing" in titles and "shelf.jpg: 3 facings" in titles
    report(make_audit(replace(gappy, picture=""), source="phone"))
    assert titles[-2] == f"shelf.jpg: 3 facings, gaps: 1, room for 1 facing. {WITHOUT_PICTURE}"
    facts.clear()
    report(make_audit(gappy, make_photo(shade=90), source="sweep"))
    assert "Gaps" not in facts and len(frames) == 2


def test_other_pictures_of_a_sweep_are_told_of_where_there_are_some(make_audit, make_photo, monkeypatch):
    lines = []
    monkeypatch.setattr(_Report, "text_line", lambda self, text, most=0: lines.append(text))
    report(make_audit(source="sweep"))
    assert not any("others may show it" in line for line in lines)
    report(make_audit(make_photo(), make_photo(shade=90), source="sweep"))
    assert any("others may show it" in line for line in lines)


@pytest.mark.parametrize("text, fonts", [("Süd سوق", 0), ("日本語", 1), ("🥫 ไทย", 2), ("𒀀", 0), ("", 0)])
def test_letters_come_from_the_fonts_that_have_them(make_audit, tmp_path, text, fonts):
    audit = make_audit(store=text)
    page = _Report(audit, _texts(audit, audit), tmp_path)
    assert len(page.fonts) == 1 + fonts
    assert page.legible(text) == ("□" if text == "𒀀" else text)
    assert page.lacking == (text == "𒀀")


def test_without_the_fonts_a_box_stands_for_a_letter(make_audit, monkeypatch, tmp_path):
    monkeypatch.setattr("skushare.audits.fonts.PACKAGES", ("no_such_package",))
    audit = make_audit(store="日本語")
    page = _Report(audit, _texts(audit, audit), tmp_path)
    assert page.legible("日本語") == "□□□" and page.lacking
    assert report(audit).startswith(b"%PDF")


def test_own_brands_and_their_target_are_told(make_audit, monkeypatch):
    facts = {}
    monkeypatch.setattr(_Report, "fact", lambda self, name, value, most=0: facts.update({name: value}))
    report(make_audit())
    assert "Own brands" not in facts
    save_gallery(Gallery("mine", [Sku("a", "Bello", "Bello", own=True)]))
    report(make_audit())
    assert facts["Own brands"].startswith("33.3 % ± ") and "target" not in facts["Own brands"]
    save_target("own brands", 0.4)
    save_target("own brands", 0.5, "coffee")
    for category in ("", "coffee"):  # of which the gallery knows none
        report(make_audit(category=category))
        assert facts["Own brands"].endswith("%, 6.7 points below the target of 40 %")


def test_a_category_s_target_is_compared_with_the_category_s_own_share(make_audit, make_photo, monkeypatch):
    facts, rows = [], []
    monkeypatch.setattr(_Report, "fact", lambda self, name, value, most=0: facts.append((name, value)))
    monkeypatch.setattr(Table, "row", lambda self, cells: rows.append(cells))
    gallery = Gallery(
        "mine",
        [Sku("a", "Astra", "Astra", category="tea"), Sku("b", "Bello", "Bello", own=True, category="coffee")],
    )
    save_gallery(gallery)
    save_target("own brands", 0.2)
    save_target("own brands", 0.5, "coffee")
    save_target("Astra", 0.6)
    photo = make_photo((0, 0, 1), sku_ids=[0, 0, 1])
    for category, told in (
        ("", []),
        ("tea", []),
        ("coffee", ["100.0 % of coffee, 50.0 points above the target of 50 %"]),
    ):
        facts.clear()
        report(make_audit(photo, category=category, gallery="mine", gallery_digest=gallery.digest))
        whole, *of_category = [value for name, value in facts if name == "Own brands"]
        assert whole.endswith("%, 13.3 points above the target of 20 %") and of_category == told
    facts.clear()  # where nothing of the category was counted, there is no share of it
    tea = make_photo((0, 0), sku_ids=[0, 0])
    report(make_audit(tea, category="coffee", gallery="mine", gallery_digest=gallery.digest))
    assert [value for name, value in facts if name == "Own brands"] == [
        "0.0 %, 20.0 points below the target of 20 %"
    ]
    assert [row[-1] for row in rows[:3]] == ["Target, points", "60.0 %, +6.7", ""]
    save_target("Bello", 0.25)  # which has no facing there
    rows.clear()
    report(make_audit(tea, gallery="mine", gallery_digest=gallery.digest))
    assert ["Bello", "0", "0.0 %", "0.0 %", "25.0 %, -25.0"] in rows
    save_target("Astra", 0.667)  # a hair above its share
    rows.clear()
    report(make_audit())
    assert [row[-1] for row in rows if row[0] == "Astra"] == ["66.7 %, 0.0"]
