"""Labels become brands, and a wrong file is told with its line."""

import io
from contextlib import nullcontext

import numpy as np
import pytest

from skushare.brands.brand_map import name_by_label, read_brand_map, require_labels
from skushare.brands.gallery import Gallery
from skushare.brands.library import brand_map_names, gallery_names, open_gallery, save_gallery
from skushare.brands.naming import name_facings
from skushare.brands.notes import brand_notes
from skushare.brands.recognition import recognise
from skushare.detections import Detections
from skushare.errors import SkushareError


def detections(*class_ids):
    return Detections(np.zeros((len(class_ids), 4)), np.ones(len(class_ids)), class_ids)


LABELS = ("cola 1 l", "water", "cola can", "new")
CSV = "label,brand,own\ncola 1 l,Cola,yes\ncola can, Cola ,\nwater,Aqua,no\n"
JSON = """[{"label": "cola 1 l", "brand": "Cola", "own": true}, {"label": "cola can", "brand": "Cola"},
    {"label": "water", "brand": "Aqua", "own": false}]"""


def as_path(folder, name, text):
    (folder / name).write_text(text, "utf-8-sig")
    return folder / name


def as_upload(folder, name, text):
    file = io.BytesIO(text.encode("utf-8-sig"))
    file.name = name
    return file


@pytest.fixture(params=[("brands.csv", CSV), ("brands.JSON", JSON)], ids=["csv", "json"])
def brand_map(request, tmp_path):
    return read_brand_map(as_path(tmp_path, *request.param))


def test_many_labels_are_one_brand_and_own_with_one_of_them(brand_map):
    assert brand_map.brands == ("Cola", "Aqua") and brand_map.own_brands == ("Cola",)
    assert [sku.own for sku in brand_map.skus] == [True, True, False]
    named = name_by_label(detections(0, 1, 2, 3, 0), LABELS, brand_map)
    assert named.brand_ids.tolist() == [0, 1, 0, -1, 0] and named.sku_ids.tolist() == [0, 2, 1, -1, 0]
    assert named.brand_scores is None


def test_brands_that_differ_by_case_are_one(tmp_path):
    text = "label,brand,own\ncan,Cola,\nbottle,COLA,yes\ncan,cola,\n"
    brand_map = read_brand_map(as_path(tmp_path, "brands.csv", text))
    assert brand_map.brands == brand_map.own_brands == ("Cola",) and len(brand_map.skus) == 2


def test_no_detections(brand_map):
    assert name_by_label(Detections(), LABELS, brand_map).brand_ids.tolist() == []


def test_a_label_is_found_by_a_name_that_reads_alike(tmp_path):
    (tmp_path / "brands.csv").write_text("label,brand\nCaf\u00e9 1 l,Juno\n", encoding="utf-8")
    brand_map, labels = read_brand_map(tmp_path / "brands.csv"), ("Cafe\u0301\u00a01\u00a0l",)
    require_labels(brand_map, labels)
    assert name_by_label(detections(0), labels, brand_map).brand_ids.tolist() == [0]


def test_a_map_is_a_gallery_that_every_embedder_leaves_as_it_is(brand_map, embedder, gallery):
    assert brand_map.by_label and not gallery.by_label and not Gallery("new").by_label
    assert brand_map.embedded_by(embedder) is brand_map
    named = recognise(None, detections(2, 1), None, brand_map, LABELS)
    assert named.brand_ids.tolist() == [0, 1]
    naming = name_facings([detections(2), detections(3)], [None, None], None, brand_map, labels=LABELS)
    assert [found.brand_ids.tolist() for found in naming.detections] == [[0], [-1]]
    assert naming.brands == ("Cola", "Aqua") and naming.looks == []


def test_a_map_is_kept_under_a_name_of_its_own(brand_map, sqlite):
    save_gallery(Gallery("brands"))
    save_gallery(brand_map)
    assert gallery_names() == ["brands"] and brand_map_names() == ["brands (brand map)"]
    kept = open_gallery("brands (brand map)")
    assert kept.digest == brand_map.digest and kept.own_brands == ("Cola",)
    assert brand_notes().own == {"Cola"}


def test_an_upload_is_read_as_a_file(tmp_path):
    upload, file = (give(tmp_path, "brands.csv", CSV) for give in (as_upload, as_path))
    assert read_brand_map(upload).digest == read_brand_map(file).digest


@pytest.mark.parametrize(
    "text, encoding",
    [
        (CSV.replace(",", ";"), "cp1252"),
        (CSV.replace(",", "\t").replace("\n", "\r\n"), "utf-16"),
        ("sep=;\r\n" + CSV.replace(",", ";"), "utf-8-sig"),
        (CSV.replace("label,brand,own", " Label , Brand,OWN"), "utf-8"),
    ],
)
def test_a_map_is_read_as_spreadsheets_save_it(brand_map, tmp_path, text, encoding):
    (tmp_path / "brands.csv").write_bytes(text.encode(encoding))
    assert read_brand_map(tmp_path / "brands.csv").digest == brand_map.digest


@pytest.mark.parametrize("labels, fits", [(LABELS, True), (("water",), True), (("facing",), False)])
def test_a_map_of_another_model_is_refused(brand_map, labels, fits):
    with nullcontext() if fits else pytest.raises(SkushareError, match="none of the model's labels"):
        require_labels(brand_map, labels)


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "lacks the column 'brand'"),
        (b"label,own\na,yes\n", "lacks the column 'brand'"),
        (b"label,brand\na,\n", "line 2: the brand is empty"),
        (b"label,brand\na\n", "line 2: the brand is empty"),
        (b"label,brand,own\na,b,yes\na,c,yes\n", "line 3: 'a' has two brands"),
        (b"label,brand,own\na,b,maybe\n", "line 2: own is yes or no"),
        (b"label,brand\na," + b"x" * 300, "longer than"),
        (b"label,brand,own\n", "has no labels"),
        (b'label,brand\n"a' + b"x" * 200_000, "field larger than"),
        (b"sep=;\nlabel;brand\na;\n", "line 3: the brand is empty"),
        (b"\xff\xfe", "lacks the column 'brand'"),
        (b"label,brand\nMuesli,M\xfcller\n", "not UTF-8 text.; save it anew as CSV UTF-8"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, content, message):
    path = tmp_path / "brands.csv"
    path.write_bytes(content)
    with pytest.raises(SkushareError, match=message) as error:
        read_brand_map(path)
    assert "brands.csv" in str(error.value)


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"a": "b"}', "must be a list"),
        (b'["a"]', "must be a list"),
        (b"[]", "has no labels"),
        (b'[{"label": "a"}]', "entry 1: the brand is empty"),
        (b'[{"label": "a", "brand": "b"}, {"label": "a", "brand": "c"}]', "entry 2: 'a' has two brands"),
        (b'[{"label": "a", "brand": "b", "own": [1]}]', "entry 1: own is yes or no"),
    ],
)
def test_what_is_wrong_in_json_is_told(tmp_path, content, message):
    path = tmp_path / "brands.json"
    path.write_bytes(content)
    with pytest.raises(SkushareError, match=message) as error:
        read_brand_map(path)
    assert "brands.json" in str(error.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(SkushareError, match=r"none\.csv: cannot be read"):
        read_brand_map(tmp_path / "none.csv")
