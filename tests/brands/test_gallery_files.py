"""A gallery that was written is read as the same one, and hostile files are refused in words."""

import base64
import io
import json
import shutil
import zipfile

import numpy as np
import pytest

from skushare.brands import gallery_files
from skushare.brands.gallery import Gallery, GalleryError, Sku
from skushare.brands.gallery_files import INDEX, gallery_zip, read_gallery, unclear_folder, write_gallery
from skushare.brands.recognition import example_picture
from skushare.errors import ImageError, SkushareError
from skushare.images import read_image, write_image
from skushare.jpeg import decode_jpeg
from tests.brands.conftest import picture


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_comes_back_the_same(gallery, tmp_path, name):
    gallery = gallery.with_sku("a", name='=1+1 "ü" <b>', category="c", own=True, color="#00ff00")
    write_gallery(gallery, tmp_path / name)
    back = read_gallery(tmp_path / name)
    assert back.digest == gallery.digest and back.skus == gallery.skus and back.pictures == gallery.pictures


@pytest.mark.parametrize("box", [(10, 10, 18, 60), (10, 10, 60, 12), (10, 10, 11, 11), (0, 0, 20, 300)])
def test_examples_of_a_few_pixels_come_back(gallery, embedder, tmp_path, box):
    shown = example_picture(np.full((300, 80, 3), 90, np.uint8), box)
    gallery = gallery.with_examples(
        gallery.skus[0], embedder.embed_pictures([picture("red")]), [shown], embedder
    )
    write_gallery(gallery, tmp_path / "g.zip")
    assert read_gallery(tmp_path / "g.zip", embedder).digest == gallery.digest


def test_an_empty_gallery_comes_back(tmp_path):
    empty = Gallery("empty", [Sku("a", "x", "y")])
    write_gallery(empty, tmp_path / "g")
    assert read_gallery(tmp_path / "g").digest == empty.digest


def test_a_folder_that_exists_is_not_written_over(gallery, tmp_path):
    write_gallery(gallery, tmp_path / "g")
    with pytest.raises(SkushareError, match="exists already"):
        write_gallery(gallery, tmp_path / "g")


def test_pictures_in_brand_folders_become_a_gallery(tmp_path, embedder):
    for path, color in (("Rot/a.png", "red"), ("Rot/dark/b.png", (120, 10, 10)), ("Blau/c.jpg", "blue")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        write_image(tmp_path / path, picture(color, 300))
    gallery = read_gallery(tmp_path, embedder)
    assert sorted((sku.brand, sku.name) for sku in gallery.skus) == [
        ("Blau", "Blau"),
        ("Rot", "Rot"),
        ("Rot", "dark"),
    ]
    assert gallery.embedder == embedder.digest and len(gallery.pictures) == 3
    assert max(len(p) for p in gallery.pictures) < 20_000


def test_folders_that_are_called_alike_are_of_one_brand_and_product(tmp_path, embedder):
    for folder, color in (("COLA", "red"), ("Cola", "green"), ("Café/A", "blue"), ("Cafe\u0301/A", "red")):
        (tmp_path / folder).mkdir(parents=True)
        write_image(tmp_path / folder / "a.png", picture(color))
    gallery = read_gallery(tmp_path, embedder)
    assert sorted((sku.brand, sku.name) for sku in gallery.skus) == [("COLA", "COLA"), ("Café", "A")]
    assert np.bincount(gallery.example_skus).tolist() == [2, 2]


LAYOUTS = [  # of a zip, the products in it, those if it is of one brand, the folder that may be either
    ("pictures/Rot/a pictures/Blau/b", "Blau:Blau Rot:Rot", "pictures:Blau pictures:Rot", "pictures"),
    ("Rot/hell/a Rot/hell/b", "hell:hell", "Rot:hell", "Rot"),
    ("all/Rot/dark/a all/Rot/b", "Rot:Rot Rot:dark", None, ""),
    ("all/Rot/dark/a", "Rot:dark", None, ""),
    ("Rot/a Rot/dark/b", "Rot:Rot Rot:dark", "Rot:Rot Rot:dark", ""),
    ("Rot/dark/a Blau/b", "Blau:Blau Rot:dark", None, ""),
    ("Rot/a", "Rot:Rot", "Rot:Rot", ""),
    ("hell/a dark/a", "dark:dark hell:hell", "zip:dark zip:hell", ""),
    ("a dark/a", None, "zip:dark zip:zip", ""),
]


def told(gallery):
    return " ".join(sorted(f"{sku.brand}:{sku.name}" for sku in gallery.skus))


@pytest.mark.parametrize("paths, products, of_one_brand, unclear", LAYOUTS)
def test_the_folders_of_a_zip_are_of_brands_and_products(
    tmp_path, embedder, paths, products, of_one_brand, unclear
):
    with zipfile.ZipFile(tmp_path / "zip.zip", "w") as archive:
        archive.writestr("__MACOSX/a/b/c.jpg", b"")
        archive.writestr("notes.txt", b"")
        for number, path in enumerate(paths.split()):
            write_image(tmp_path / "a.png", picture((9, 90, 90 * number)))
            archive.write(tmp_path / "a.png", f"{path}.png")
    assert unclear_folder(tmp_path / "zip.zip") == unclear
    for one_brand, expected in ((False, products), (True, of_one_brand)):
        if expected:
            gallery = read_gallery(tmp_path / "zip.zip", embedder, one_brand=one_brand)
            assert told(gallery) == expected and gallery.name == "zip"
        else:
            with pytest.raises(GalleryError, match="is in no brand's folder"):
                read_gallery(tmp_path / "zip.zip", embedder, one_brand=one_brand)


@pytest.mark.parametrize("paths, products", [("dark/a", "Rot:dark"), ("a dark/b", "Rot:Rot Rot:dark")])
def test_a_folder_may_be_a_brand_s(tmp_path, embedder, paths, products):
    for path in paths.split():
        (tmp_path / "Rot" / path).parent.mkdir(parents=True, exist_ok=True)
        write_image(tmp_path / "Rot" / f"{path}.png", picture("red"))
    assert told(read_gallery(tmp_path / "Rot", embedder, one_brand=True)) == products
    assert unclear_folder(tmp_path / "Rot") == ""


@pytest.mark.parametrize("source", [".", "../shop", "Rot/.."])
def test_a_gallery_is_called_as_its_folder_however_that_is_given(tmp_path, embedder, monkeypatch, source):
    (tmp_path / "shop" / "Rot").mkdir(parents=True)
    write_image(tmp_path / "shop" / "Rot" / "a.png", picture("red"))
    monkeypatch.chdir(tmp_path / "shop")
    assert read_gallery(source, embedder).name == "shop"
    assert told(read_gallery(source, embedder, one_brand=True)) == "shop:Rot"


def test_no_path_is_not_this_folder(tmp_path, embedder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image(tmp_path / "a.png", picture("red"))
    with pytest.raises(SkushareError, match="cannot be read"):
        read_gallery("", embedder, one_brand=True)


@pytest.mark.parametrize("around", ["", "mine/"])
def test_an_exported_gallery_is_one_whatever_is_said_of_folders(gallery, tmp_path, around):
    with (
        zipfile.ZipFile(io.BytesIO(gallery_zip(gallery))) as flat,
        zipfile.ZipFile(tmp_path / "z.zip", "w") as deep,
    ):
        for name in flat.namelist():
            deep.writestr(f"{around}{name}", flat.read(name))
    assert unclear_folder(tmp_path / "z.zip") == ""
    for one_brand in (False, True):
        assert read_gallery(tmp_path / "z.zip", one_brand=one_brand).digest == gallery.digest


@pytest.mark.parametrize("packed", [False, True])
def test_pictures_that_cannot_be_read_are_named_by_their_place_and_left_out(tmp_path, embedder, packed):
    folder = tmp_path / "shelf"
    for name in ("Rot/a.png", "Rot/b.png", "Blau/c.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"no picture")
    write_image(folder / "Rot/a.png", picture("red"))
    source, faults = folder, []
    if packed:
        source = shutil.make_archive(str(folder), "zip", folder)
    gallery = read_gallery(source, embedder, faults)
    assert [sku.brand for sku in gallery.skus] == ["Rot"] and len(gallery.pictures) == 1
    assert [str(fault).split(": ")[0] for fault in faults] == ["shelf/Blau/c.png", "shelf/Rot/b.png"]
    with pytest.raises(ImageError, match="^shelf/Blau/c.png: "):
        read_gallery(source, embedder)


def test_pictures_of_which_none_can_be_read_are_no_gallery(tmp_path, embedder):
    (tmp_path / "Rot").mkdir()
    (tmp_path / "Rot" / "a.png").write_bytes(b"no picture")
    with pytest.raises(GalleryError, match="none of its pictures can be read: .*Rot/a.png"):
        read_gallery(tmp_path, embedder, [])


def test_of_many_large_pictures_few_are_in_memory_at_once(tmp_path, embedder, monkeypatch):
    for number in range(70):
        (tmp_path / "Rot").mkdir(exist_ok=True)
        write_image(tmp_path / "Rot" / f"{number}.png", picture("red", 16))
    for name in ("large.jpg", "large.png"):
        write_image(tmp_path / "Rot" / name, picture("blue", 1500))
    batches, embed = [], embedder.embed_pictures

    def watched(pictures):
        batches.append((len(pictures), max(max(p.shape) for p in pictures)))
        return embed(pictures)

    monkeypatch.setattr(embedder, "embed_pictures", watched)
    gallery = read_gallery(tmp_path, embedder)
    assert len(gallery.pictures) == 72
    assert [count for count, _ in batches] == [32, 32, 8] and max(side for _, side in batches) == 640


@pytest.mark.parametrize("path", ["loose.png", "a/b/c/deep.png"])
def test_pictures_outside_of_brand_folders_are_named(tmp_path, embedder, path):
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    write_image(tmp_path / path, picture("red"))
    with pytest.raises(GalleryError, match=r"\.png is in no brand's folder"):
        read_gallery(tmp_path, embedder)


def test_a_folder_of_nothing_says_so(tmp_path, embedder):
    with pytest.raises(GalleryError, match="neither"):
        read_gallery(tmp_path, embedder)
    with pytest.raises(GalleryError, match="no gallery.json"):
        read_gallery(tmp_path)


def written(gallery, tmp_path, change):
    """A written gallery whose index went through ``change``."""
    folder = tmp_path / "g"
    write_gallery(gallery, folder)
    content = json.loads((folder / INDEX).read_text())
    changed = change(content)
    (folder / INDEX).write_text(changed if isinstance(changed, str) else json.dumps(content))
    return folder


@pytest.mark.parametrize(
    "change",
    [
        lambda c: "",
        lambda c: "[" * 100_000,
        lambda c: "[]",
        lambda c: "null",
        lambda c: c.update(format="other"),
        lambda c: c.pop("skus") and None,
        lambda c: c.update(threshold="NaN"),
        lambda c: c.update(threshold=None),
        lambda c: c["skus"][0].update(name=["x"]),
        lambda c: c["skus"][0].update(own="yes"),
        lambda c: c["skus"][0].update(surprise="x"),
        lambda c: c["skus"][0].update(id="../../x"),
        lambda c: c["skus"].append(c["skus"][0]),
        lambda c: c["examples"][0].update(sku="none"),
        lambda c: c["examples"][0].update(picture="../../etc/passwd"),
        lambda c: c["examples"][0].update(picture="pictures/.."),
        lambda c: c["examples"][0].update(picture="/etc/passwd"),
        lambda c: c["examples"][0].update(picture="pictures/none.jpg"),
        lambda c: c["examples"][0].update(embedding="AAAA"),
        lambda c: c["examples"][0].update(embedding="?"),
        lambda c: c["examples"][0].update(embedding="AAAAAAAAAAAAAAAA"),
    ],
)
def test_a_damaged_index_is_refused_in_words(gallery, tmp_path, change):
    with pytest.raises(GalleryError, match=INDEX):
        read_gallery(written(gallery, tmp_path, change))


def test_vectors_of_another_length_are_refused_by_the_embedder_they_name(gallery, embedder, tmp_path):
    def lengthen(content):
        content["embedder"] = embedder.digest
        for example in content["examples"]:
            example["embedding"] = base64.b64encode(np.eye(1, 4, dtype="<f4").tobytes()).decode()

    folder = written(gallery, tmp_path, lengthen)
    with pytest.raises(GalleryError, match="wrong length"):
        read_gallery(folder, embedder)


def test_a_picture_that_is_none_is_refused(gallery, tmp_path):
    write_gallery(gallery, tmp_path / "g")
    next((tmp_path / "g/pictures").iterdir()).write_bytes(b"no picture")
    with pytest.raises(GalleryError, match="^gallery.json: pictures/"):
        read_gallery(tmp_path / "g")


@pytest.mark.parametrize("name", ["../evil.jpg", "/evil.jpg", "a\\..\\evil.jpg"])
def test_a_zip_that_leads_out_is_refused(tmp_path, embedder, name):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(SkushareError, match="leads out"):
        read_gallery(tmp_path / "evil.zip", embedder)
    assert not (tmp_path.parent / "evil.jpg").exists()


def test_a_bomb_is_refused(tmp_path, embedder):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(INDEX, b" " * (20 << 20))
    with pytest.raises(SkushareError, match="times its size"):
        read_gallery(tmp_path / "bomb.zip", embedder)


def test_a_picture_of_many_examples_is_decoded_once(gallery, tmp_path, monkeypatch):
    decoded = []

    def watched(path, *arguments, **options):
        decoded.append(path)
        return read_image(path, *arguments, **options)

    def repeat(content):
        (first, *others) = content["examples"]
        content["examples"] = [
            *others,
            *[first] * 50,
            first | {"picture": "pictures/./" + first["picture"][9:]},
        ]

    monkeypatch.setattr(gallery_files, "read_image", watched)
    assert len(read_gallery(written(gallery, tmp_path, repeat)).pictures) == 54
    assert len(decoded) == len(set(decoded)) == 3


def test_too_many_examples_are_refused_before_their_pictures_are_read(gallery, tmp_path, monkeypatch):
    monkeypatch.setattr(gallery_files, "MOST_EXAMPLES", 3)
    monkeypatch.setattr(gallery_files, "read_image", None)
    write_gallery(gallery, tmp_path / "g")
    with pytest.raises(GalleryError, match="more than 3 examples"):
        read_gallery(tmp_path / "g")


def test_a_large_picture_of_a_gallery_becomes_a_small_example(gallery, tmp_path):
    def enlarge(content):
        write_image(tmp_path / "g" / content["examples"][0]["picture"], picture("red", 320))

    shown = read_gallery(written(gallery, tmp_path, enlarge)).pictures
    assert [decode_jpeg(each).shape[0] for each in shown] == [160, 24, 24, 24]


def test_vectors_survive_to_the_last_bit(gallery, embedder, tmp_path):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery = gallery.with_examples(gallery.skus[0], vectors, [gallery.pictures[0]] * 20, embedder)
    write_gallery(gallery, tmp_path / "g.zip")
    assert (read_gallery(tmp_path / "g.zip").embeddings == gallery.embeddings).all()
