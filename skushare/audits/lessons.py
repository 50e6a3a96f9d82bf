"""What a gallery can learn from corrections by hand."""

from collections import defaultdict

from skushare.brands.gallery import Sku
from skushare.brands.recognition import example_picture
from skushare.database import pictures
from skushare.images import read_image
from skushare.shelf.share import UNKNOWN


def lessons(audit):
    """The facings that a person gave a brand and that stand as corrected: {photo id: [Facing, ...]}."""
    last = {(each.photo, each.facing): each for each in audit.corrections}
    found = defaultdict(list)
    for each in last.values():
        if each.after is not None and each.after.brand not in ("", UNKNOWN):
            found[each.photo].append(each.after)
    return dict(found)


def teach(gallery, audit, embedder):
    """``gallery`` with the :func:`lessons` of ``audit`` as further examples, one product a brand.

    Args:
        gallery: a :class:`~skushare.brands.gallery.Gallery`; save the new one to keep it.
        embedder: the :class:`~skushare.brands.embedder.Embedder` of the gallery.

    Raises:
        SkushareError: a photo is lost or damaged, or a brand's name cannot be one in a gallery.
    """
    learnt = lessons(audit)
    for photo in audit.photos:
        if photo.id not in learnt:
            continue
        image = read_image(pictures.get(photo.picture), photo.name)
        facings = learnt[photo.id]
        vectors = embedder.embed(image, [facing.box for facing in facings])
        for facing, vector in zip(facings, vectors, strict=True):
            sku = gallery.find(facing.brand, facing.brand) or Sku(
                gallery.new_id(), facing.brand, facing.brand
            )
            gallery = gallery.with_examples(sku, [vector], [example_picture(image, facing.box)], embedder)
    return gallery
