import numpy as np
import pytest

from skushare.dataset.formats import detect_format, read_dataset
from skushare.dataset.sku110k import DAMAGED, read_csv
from skushare.errors import DatasetError
from skushare.images import write_image

ROWS = """train_0.jpg,208,537,422,814,object,3024,3024
train_1.jpg,1,2,30,40,object,100,50
train_0.jpg,1268,1923,1365,2209,object,3024,3024
"""


def write(path, text=ROWS):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_official_folder_is_recognised_with_its_splits(tmp_path):
    for split in ("test", "train", "val"):
        write(tmp_path / "annotations" / f"annotations_{split}.csv", ROWS.replace("train", split))
    (tmp_path / "images").mkdir()
    assert detect_format(tmp_path) == "csv"
    dataset = read_dataset(tmp_path)
    assert dataset.splits == ("train", "val", "test") and dataset.labels == ("object",) and len(dataset) == 6
    first = dataset.samples[0]
    assert first.path == tmp_path / "images" / "train_0.jpg" and (first.width, first.height) == (3024, 3024)
    np.testing.assert_allclose(first.boxes, [[208, 537, 422, 814], [1268, 1923, 1365, 2209]])


def test_photos_known_to_be_damaged_are_left_out_and_named(tmp_path):
    assert len(DAMAGED) == 54
    path = write(tmp_path / "annotations_train.csv", ROWS + "train_882.jpg,1,2,3,4,object,100,100\n")
    dataset = read_csv(path)
    assert len(dataset) == 2 and dataset.provenance["left out"].startswith("train_882.jpg (1")


def test_own_photos_that_are_called_as_a_damaged_one_are_kept(tmp_path):
    own = "train_882.jpg,1,2,3,4,tea,100,100\ntrain_305.jpg,,,,,,100,100\n"
    dataset = read_csv(write(tmp_path / "annotations_train.csv", ROWS + own))
    assert len(dataset) == 4 and "left out" not in dataset.provenance


@pytest.mark.parametrize(
    ("text", "boxes", "scores"),
    [
        ("a.jpg,,,,,,100,50\n", [], []),  # an image without boxes
        (
            "image_name,x1,y1,x2,y2,class,image_width,image_height\na.jpg,1,2,3,4,s,100,50\n",
            [[1, 2, 3, 4]],
            [1],
        ),
        ("\ufeffa.jpg,1,2,3,4,s,100,50,0.5\r\n\r\n", [[1, 2, 3, 4]], [0.5]),  # a score, and Windows' ways
        ('"a.jpg",1.5,2,3,4,"a, ""b""",100,50', [[1.5, 2, 3, 4]], [1]),
        # as a spreadsheet writes it where numbers have a comma
        (
            "name;x1;y1;x2;y2;class;width;height;score\r\na.jpg;1,5;2;3;4,25;s;100;50;0,5\r\n",
            [[1.5, 2, 3, 4.25]],
            [0.5],
        ),
        ("a.jpg;1;2;3;4;s;100.0;50.0\n;;;;;;;\n", [[1, 2, 3, 4]], [1]),
        ("sep=;\r\na.jpg;1;2;3;4;s;100;50\r\n", [[1, 2, 3, 4]], [1]),
        ("a.jpg\t1\t2\t3\t4\ts, t\t100\t50\n", [[1, 2, 3, 4]], [1]),
    ],
)
def test_variants_are_read(tmp_path, text, boxes, scores):
    path = write(tmp_path / "a.csv", text)
    assert detect_format(tmp_path) == "csv"
    (sample,) = read_csv(path, raw=True).samples
    np.testing.assert_allclose(sample.boxes, np.reshape(boxes, (-1, 4)))
    assert sample.path.name == "a.jpg" and sample.scores.tolist() == scores


@pytest.mark.parametrize(
    "row",
    [
        "a.jpg,1,2,3",
        "a.jpg,1,2,3,4,object,100",
        "a.jpg,1,2,3,four,object,100,50",
        "a.jpg,1,2,3,nan,object,100,50",
        "a.jpg,1,2,3,inf,object,100,50",
        "a.jpg,1,2,3,4,object,wide,50",
        "a.jpg,1,2,3,,object,100,50",
        'a.jpg,"1,2,3,4,object,100,50',
    ],
)
def test_a_row_that_makes_no_sense_is_named_with_its_line(tmp_path, row):
    with pytest.raises(DatasetError, match=r"a\.csv, line 4"):
        read_csv(write(tmp_path / "a.csv", ROWS + row + "\n"))


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,100,50,tea,1,2,30,40\n", 1),
        (",Image Name,X1,Y1,X2,Y2,Brand,image_width,image_height\n0,a.jpg,1,2,30,40,tea,100,50\n", 1),
        (
            "label;confidence;left;top;right;bottom;shop;file;img width;img height\n"
            "tea;0,5;1;2;30;40;North;a.jpg;100;50\n",
            0.5,
        ),
    ],
)
def test_columns_are_found_by_their_names(tmp_path, text, score):
    write(tmp_path / "boxes.csv", text)
    dataset = read_dataset(tmp_path)
    (sample,) = dataset.samples
    assert (sample.path.name, sample.width, sample.height, dataset.labels) == ("a.jpg", 100, 50, ("tea",))
    assert sample.boxes.tolist() == [[1, 2, 30, 40]] and sample.scores.tolist() == [score]


@pytest.mark.parametrize(
    "text",
    [
        "image,xmin,ymin,xmax,ymax,class\na.png,1,2,30,40,tea\nshop/b.png,,,,,\n",
        "class,score,shop,file,x1,x2,y1,y2\ntea,1,7,a.png,1,30,2,40\n,,7,shop/b.png,,,,\n",
        "image;width;x_min;y_min;x_max;y_max;label\na.png;60;1,0;2,0;30,0;40,0;tea\nshop/b.png;60;;;;;\n",
        "a.png,1,2,30,40,tea\nshop/b.png,,,,,\n",  # keras-retinanet's
        "sep=;\na.png;1,0;2;30;40,0;tea\nshop/b.png;;;;;\n",
        "a.png,1,2,30,40,2001\na.png,1,2,30,40,tea\nshop/b.png,,,,,\n",  # a brand of digits
    ],
)
def test_a_size_that_a_table_lacks_is_the_picture_s(tmp_path, text):
    (tmp_path / "shop").mkdir()
    write_image(tmp_path / "a.png", np.zeros((50, 60, 3), np.uint8))
    write_image(tmp_path / "shop" / "b.png", np.zeros((20, 10, 3), np.uint8))
    path = write(tmp_path / "boxes.csv", text)
    for source in (tmp_path, path):
        first, second = read_dataset(source).samples
        assert (first.width, first.height, second.width, second.height) == (60, 50, 10, 20)
        assert first.boxes[-1].tolist() == [1, 2, 30, 40] and not len(second.boxes)
    (tmp_path / "a.png").unlink()
    assert read_csv(path).samples[0].width == 0


def test_sides_in_place_of_corners_are_refused_where_no_header_tells(tmp_path):
    rows = "a.jpg,50,20,30,10,tea\na.jpg,40,20,30,10,tea\na.jpg,1,2,30,40,tea\n"
    with pytest.raises(DatasetError, match=r"a\.csv: most boxes end before they begin, as left, top, width"):
        read_csv(write(tmp_path / "a.csv", rows))
    header = "image,left,top,right,bottom,class\n"
    assert len(read_csv(write(tmp_path / "a.csv", header + rows), raw=True).samples[0].boxes) == 3


def test_six_numbers_that_may_be_the_class_first_are_refused(tmp_path):
    path = write(tmp_path / "a.csv", "a.jpg,7,1,2,30,40\n")
    with pytest.raises(DatasetError, match="known format"):
        detect_format(tmp_path)
    with pytest.raises(DatasetError, match=r"a\.csv: has six columns of numbers.*name the columns"):
        read_csv(path)


@pytest.mark.parametrize(
    "text",
    [
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,100,50,tea,1,2,30\n",
        "image,xmin,ymin,xmax,ymax,score,class\na.jpg,1,2,30,40,1\n",
    ],
)
def test_a_row_that_is_shorter_than_the_header_is_named(tmp_path, text):
    with pytest.raises(DatasetError, match=r"a\.csv, line 2.*\(it has no (bottom|class)\)"):
        read_csv(write(tmp_path / "a.csv", text))


@pytest.mark.parametrize("header", ["image,x,y,w,h,class", "image,xmin,ymin,xmax,ymax"])
def test_a_header_of_other_columns_is_told_as_one(tmp_path, header):
    with pytest.raises(DatasetError, match=r"a\.csv, line 1: .* nor a header with such names"):
        read_csv(write(tmp_path / "a.csv", f"{header}\na.jpg,1,2,30,40,tea\n"))


def test_a_table_in_the_folder_of_each_split_is_read(tmp_path):
    for split in ("train", "valid"):
        (tmp_path / split).mkdir()
        write(tmp_path / split / "_annotations.csv", ROWS.replace("a.jpg", f"{split}.jpg"))
    assert {sample.split for sample in read_dataset(tmp_path).samples} == {"train", "val"}


@pytest.mark.parametrize("start", ["/home/me/shop/", "C:\\\\shop\\\\", "../shop/"])
def test_of_names_that_lead_out_the_longest_end_that_is_there_counts(tmp_path, start):
    names = ["train/a.jpg", "val/a.jpg"]
    for name in names:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    rows = (f"{start}{name},1,2,3,4,object,100,50\n" for name in names)
    samples = read_csv(write(tmp_path / "a.csv", "".join(rows))).samples
    assert [sample.path for sample in samples] == [tmp_path / name for name in names]


@pytest.mark.parametrize("name", ["../b.jpg", "/etc/b.jpg", "C:\\\\shop\\\\b.jpg"])
def test_of_a_name_that_leads_out_the_last_part_counts(tmp_path, name):
    (sample,) = read_csv(write(tmp_path / "a.csv", f"{name},1,2,3,4,object,100,50\n")).samples
    assert sample.path == tmp_path / "b.jpg"


@pytest.mark.parametrize("header", ["", "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,w,h\n"])
def test_a_table_that_begins_with_the_class_is_refused(tmp_path, header):
    """As makesense.ai writes it: corner, width and height, and the photo sixth."""
    write(tmp_path / "a.csv", f"{header}tea,1,2,30,40,a.jpg,100,50\n")
    with pytest.raises(DatasetError, match=r"a\.csv, line \d.*a\.jpg stands where the class is to be"):
        read_dataset(tmp_path)


def test_two_names_of_one_photo_are_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"a\.csv, /b/1\.jpg: is the same photo as /a/1\.jpg"):
        read_csv(write(tmp_path / "a.csv", "/a/1.jpg,1,2,3,4,s,100,50\n/b/1.jpg,1,2,3,4,s,100,50\n"))


@pytest.mark.parametrize("row", [",1,2,3,4,object,100,50", "..,1,2,3,4,object,100,50", "a.jpg,1,2,3,4,,9,9"])
def test_a_name_that_is_none_is_refused(tmp_path, row):
    with pytest.raises(DatasetError, match=r"a\.csv"):
        read_csv(write(tmp_path / "a.csv", f"{row}\n"))


@pytest.mark.parametrize(
    "text", ["photo,shop\na.jpg,3\n", "a.jpg,1,2,30,40,\n", "notes,1,2,3,4,tea\n", "1,2,3\n", "", "\x00\xff"]
)
def test_other_tables_are_not_taken_for_labels(tmp_path, text):
    write(tmp_path / "PROVENANCE.csv", text)
    with pytest.raises(DatasetError, match="known format"):
        detect_format(tmp_path)
