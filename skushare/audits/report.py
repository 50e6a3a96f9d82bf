"""An audit as a PDF: its words, the shares, the photos with their boxes, and what it was made with."""

import io
import logging
import re
import tempfile
from math import isnan
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import FontFace

from skushare.audits.audit import UNFINISHED, told_thresholds
from skushare.audits.corrections import told_correction
from skushare.audits.fonts import write_fallbacks
from skushare.audits.picture import WITHOUT_PICTURE, picture_of
from skushare.audits.targets import targets, told_against
from skushare.brands.gallery import categories_of_brands
from skushare.brands.library import skus_of
from skushare.brands.notes import brand_notes
from skushare.draw import annotate, draw_gaps
from skushare.errors import SkushareError
from skushare.jpeg import encode_jpeg
from skushare.shelf.gaps import count_gaps
from skushare.shelf.share import OWN, in_category, share_of_shelves, with_targets
from skushare.text import counted, percent, told_share

_FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_SIDE = 1600  # pixels of a photo's longer side: 200 a inch on this page
_MOST = 100 * _SIDE**2  # pixels of all photos, which wait in memory; of more photos each is smaller
_BARS = 15  # brands in the chart; the table has all
_NAME, _NOTE = 80, 2000  # characters of a name, of a note
_GREY = (110, 110, 110)
_LINE = 6  # height of a bar in mm
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # set the direction of what follows

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table of the font


def report(audit):
    """PDF bytes of ``audit`` as it stands after corrections.

    Letters that the report's own font lacks come from further ones (:mod:`skushare.audits.fonts`). Those that
    none has are shown as a box, and the report says so.
    """
    now = audit.corrected()
    with tempfile.TemporaryDirectory() as folder:
        page = _Report(audit, _texts(audit, now), folder)
        page.notes = brand_notes(audit.gallery)
        page.colors = page.notes.colors(now.brands, now.shares()["name"])
        gaps = now.gaps()
        page.head(audit, now, gaps)
        page.shares(now)
        page.photos(now, gaps)
        page.corrections(audit)
        page.made_with(audit)
        return bytes(page.output())


def _told_gaps(gaps, meaning=""):
    count, room = count_gaps(gaps)
    return f"{count:,}, room for {counted(room, 'facing')}{meaning}" if count else "none"


def _texts(audit, now):
    """All text of an audit that people wrote."""
    words = (audit.store, audit.shelf, audit.category, audit.note, audit.gallery, audit.model)
    people = (f"{each.who}{each.what}" for each in audit.corrections)
    return "".join([*words, *now.brands, *(photo.name for photo in audit.photos), *people])


class _Report(FPDF):
    def __init__(self, audit, texts, folder):
        super().__init__(format="A4")
        self.set_margin(15)
        self.set_auto_page_break(True, margin=18)
        self.add_font("DejaVu", fname=_FONT)
        self.set_text_shaping(True)
        unfinished = "" if audit.finished else ", not finished"
        self.set_title(f"Shelf audit {audit.id or ''}".strip() + unfinished)
        self.set_creation_date(audit.time)
        self.known = set(self.fonts["dejavu"].cmap)
        self.add_fallbacks({c for c in texts if ord(c) not in self.known and c.isprintable()}, folder)
        self.lacking = False
        self.notes, self.colors = None, {}
        self.add_page()

    def footer(self):
        self.set_y(-12)
        self.set_font("DejaVu", size=8)
        self.set_text_color(*_GREY)
        self.cell(0, 5, f"{self.title}, page {self.page_no()}", align="C")

    def add_fallbacks(self, letters, folder):
        """Have further fonts for ``letters``; their files in ``folder`` must stay until the end."""
        if not letters:
            return
        fonts = write_fallbacks(letters, folder)
        for name, (path, found) in fonts.items():
            self.add_font(name, fname=path)
            self.known |= found
        self.set_fallback_fonts(list(fonts), exact_match=False)

    # Parts

    def head(self, audit, now, gaps):
        self.title_line(self.title, 20)
        if not audit.finished:
            self.text_line(UNFINISHED)
        facts = {
            "Store": audit.store,
            "Shelf": audit.shelf,
            "Category": audit.category,
            "Time": f"{audit.time:%Y-%m-%d %H:%M} (UTC{audit.time:%z})",
            "Photos": str(audit.photos_taken),
            "Facings": f"{now.facings:,}"
            + f", {counted(len(audit.corrections), 'correction')}" * bool(audit.corrections),
            "Gaps": "" if gaps is None else _told_gaps(gaps, " (dashed frames, probably out of stock)"),
            "Note": audit.note,
        }
        for name, value in facts.items():
            if value:
                self.fact(name, value, _NOTE if name == "Note" else _NAME)

    def shares(self, now):
        self.title_line("Share of shelf")
        shares = now.shares()
        if shares.empty:
            self.text_line("No facing was counted.")
            return
        self.own(now)
        self.bars(shares.head(_BARS))
        self.ln(3)
        self.set_font("DejaVu", size=9)
        self.set_text_color(0)
        self.set_fill_color(255)  # the bars left theirs
        known = {*now.brands, *(sku.brand for sku in skus_of(now.gallery_digest))}
        shares = with_targets(shares, targets(), brands=known)
        wanted = shares["target"].notna().any()
        with self.table(
            col_widths=(60, 18, 34, 34, 34) if wanted else (84, 20, 38, 38),
            text_align=("LEFT", *["RIGHT"] * (4 if wanted else 3)),
            line_height=5,
            borders_layout="SINGLE_TOP_LINE",
            headings_style=FontFace(color=_GREY),  # by default bold, which would take another font file
        ) as t:
            t.row(["Brand", "Facings", "Share", "Share of length", *["Target, points"] * bool(wanted)])
            for row in shares.itertuples():
                pairs = (row.share, row.margin), (row.linear, row.linear_margin)
                told = [told_share(*pair, 1) for pair in pairs]
                if wanted:
                    points = round(100 * row.difference, 1)
                    away = f"{points:+.1f}" if points else "0.0"
                    told.append("" if isnan(row.target) else f"{percent(row.target, 1)}, {away}")
                t.row([self.legible(row.name), f"{row.facings:,}", *told])

    def own(self, now):
        """What the own brands have together, and its target, where galleries and targets know them.

        Of the audit's category by itself too, where the gallery has it and there is a target for it.
        """
        names, found = now.by_brand()
        skus = skus_of(now.gallery_digest)
        own = self.notes.own_among(names, skus)
        if not own:
            return
        self.own_share("", found, names, own, targets().get(OWN))
        categories = [sku.category for sku in skus]
        target = targets(now.category).get(OWN)
        if now.category in filter(None, categories) and target is not None:
            of_brands = categories_of_brands(skus, names)
            found = [in_category(d, categories, now.category, of_brands) for d in found]
            self.own_share(f" of {now.category}", found, names, own, target)

    def own_share(self, where, found, names, own, target):
        table = share_of_shelves(found, brands=names, own=own)
        if table.empty:  # nothing of the category was counted
            return
        row = table[table["name"] == OWN].iloc[:1]
        share, margin = (float(row[c].sum()) for c in ("share", "margin"))
        told = "" if target is None else f", {told_against(share, target)}"
        self.fact("Own brands", f"{told_share(share, margin, 1)}{where}{told}", 240)

    def bars(self, shares):
        """Horizontal bars, each with its brand's colour, name and share."""
        most = max(shares["share"].max(), 1e-9)
        self.set_font("DejaVu", size=9)
        for row in shares.itertuples():
            if self.will_page_break(_LINE):
                self.add_page()
            y = self.get_y()
            self.set_fill_color(self.colors[row.name])
            self.rect(self.l_margin + 62, y + 0.8, max(0.3, 90 * row.share / most), _LINE - 1.6, style="F")
            self.set_text_color(0)
            with self.local_context():  # a further font would stay on for the next cell
                self.cell(60, _LINE, self.legible(row.name, 30), align="R")
            self.set_x(self.l_margin + 62 + 90 * row.share / most + 2)
            self.cell(0, _LINE, percent(row.share, 1), new_x="LMARGIN", new_y="NEXT")

    def photos(self, now, gaps):
        if now.source == "sweep" and len(now.photos) > 1:
            self.text_line("Each facing has its box on one picture; others may show it without.")
        side = round(min(_SIDE, (_MOST / max(1, len(now.photos))) ** 0.5))
        for photo, empty in zip(now.photos, gaps or [None] * len(now.photos), strict=True):
            try:
                image = picture_of(photo, side)
            except SkushareError as error:
                self.title_line(photo.name)
                self.text_line(str(error))
                continue
            scale = image.shape[1] / photo.width
            found = photo.detections.scaled(scale)
            drawn = annotate(image, found, now.brands, "brand", colors=self.colors)
            told = "part of the joined picture" if photo.role == "part" else counted(len(found), "facing")
            if empty and len(empty.boxes):
                drawn = draw_gaps(drawn, empty.boxes * scale)
                told += f", gaps: {_told_gaps([empty])}"
            if not photo.picture:
                told += f". {WITHOUT_PICTURE}"
            height = min(230, self.epw * image.shape[0] / image.shape[1])
            if self.get_y() + height + 20 > self.page_break_trigger:
                self.add_page()
            self.title_line(f"{photo.name}: {told}", 11)
            self.image(io.BytesIO(encode_jpeg(drawn)), h=height, w=height * image.shape[1] / image.shape[0])
            self.ln(2)

    def corrections(self, audit):
        if not audit.corrections:
            return
        self.title_line("Corrections by hand")
        self.text_line("All figures above are those after them.")
        for each in audit.corrections:
            self.text_line(told_correction(each, audit), _NOTE)

    def made_with(self, audit):
        self.title_line("Made with")
        self.fact("skushare", audit.software)
        self.fact("Model", " ".join(filter(None, (audit.model, audit.model_digest))), 160)
        self.fact("Gallery", " ".join(filter(None, (audit.gallery, audit.gallery_digest))) or "none", 160)
        self.fact("Settings", told_thresholds(audit.thresholds) or "none", 160)
        for photo in audit.photos:
            self.fact("Photo", f"{photo.name} {photo.picture}".strip(), 160)
        if self.lacking:
            self.text_line("A box stands for a letter that this report's font does not have.")

    # Text

    def title_line(self, text, size=14):
        self.ln(3)
        self.set_font("DejaVu", size=size)
        self.set_text_color(0)
        self.multi_cell(0, size * 0.55, self.legible(text), new_x="LMARGIN", new_y="NEXT", align="L")
        self.ln(1)

    def text_line(self, text, most=_NAME * 3):
        self.set_font("DejaVu", size=9)
        self.set_text_color(0)
        self.multi_cell(0, 5, self.legible(text, most), new_x="LMARGIN", new_y="NEXT", align="L")

    def fact(self, name, value, most=_NAME):
        self.set_font("DejaVu", size=9)
        self.set_text_color(*_GREY)
        self.cell(28, 5, name)
        self.set_text_color(0)
        self.multi_cell(0, 5, self.legible(value, most), new_x="LMARGIN", new_y="NEXT", align="L")

    def legible(self, text, most=_NAME):
        """``text``, cut after ``most`` characters, without marks that would turn the text beside it."""
        shown = _TURNS.sub("", text)
        shown = shown if len(shown) <= most else shown[: most - 1] + "…"
        self.lacking |= any(ord(c) not in self.known for c in shown if c != "\n")
        return "".join(c if ord(c) in self.known or c == "\n" else "□" for c in shown)
