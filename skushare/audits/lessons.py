"""What a gallery can learn from corrections by hand."""

from collections import defaultdict

from skushare.audits.audit import brand_names
from skushare.brands.gallery import Sku
from skushare.brands.recognition import example_picture
from skushare.database import pictures
from skushare.images import read_image
from skushare.shelf.share import UNKNOWN


def lessons(audit):
    """The facings that have their brand from a person: {photo id: [Facing, ...]}.

    That is, those that were added, and those whose brand is another one than in the original.
    """
    last = {(each.photo, each.facing): each.after for each in audit.corrections}
    original = {photo.id: brand_names(photo.detections, audit.brands) for photo in audit.photos}
    found = defaultdict(list)
    for (photo, number), facing in last.items():
        if facing is None or facing.brand in ("", UNKNOWN):
            continue
        if number >= len(original[photo]) or facing.brand != original[photo][number]:
            found[photo].append(facing)
    return dict(found)


def teach(gallery, audit, embedder):
    """``gallery`` with the :func:`lessons` of ``audit`` as further examples, one product a brand.

    What is an example of its brand already is none once more; without a new one it is ``gallery`` itself.

    Args:
        gallery: a :class:`~skushare.brands.gallery.Gallery`; save the new one to keep it.
        embedder: the :class:`~skushare.brands.embedder.Embedder` of the gallery.

    Raises:
        SkushareError: a photo is lost or damaged, or a brand's name cannot be one in a gallery.
    """
    learnt = lessons(audit)
    brands = (gallery.skus[number].brand for number in gallery.example_skus)
    known = set(zip(gallery.pictures, brands, strict=True))
    for photo in audit.photos:
        if photo.id not in learnt:
            continue
        image = read_image(pictures.get(photo.picture), photo.name)
        shown = [(example_picture(image, facing.box), facing) for facing in learnt[photo.id]]
        shown = [each for each in shown if (each[0], gallery.spelled(each[1].brand)) not in known]
        vectors = embedder.embed(image, [facing.box for _, facing in shown])
        for (picture, facing), vector in zip(shown, vectors, strict=True):
            brand = gallery.spelled(facing.brand)
            sku = gallery.find(brand, brand) or Sku(gallery.new_id(), brand, brand)
            gallery = gallery.with_examples(sku, [vector], [picture], embedder)
    return gallery
