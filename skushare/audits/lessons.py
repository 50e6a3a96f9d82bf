"""What a gallery can learn from corrections by hand."""

from collections import defaultdict

from skushare.audits.audit import brand_names
from skushare.brands.recognition import example_picture
from skushare.database import pictures
from skushare.images import read_image
from skushare.shelf.share import UNKNOWN


def lessons(audit):
    """The facings that have their brand from a person: {photo id: [Facing, ...]}, the last corrected last.

    That is, those that were added, and those whose brand is another one than in the original. Where a phone
    kept the picture, nothing can be learnt.
    """
    found = defaultdict(list)
    for photo, facing in _named(audit):
        found[photo].append(facing)
    return dict(found)


def _named(audit):
    """[(photo id, Facing), ...] of the facings that are :func:`lessons`, the last corrected last."""
    last = {}
    for each in audit.corrections:
        last.pop((each.photo, each.facing), None)
        last[each.photo, each.facing] = each.after
    touched = {photo for photo, _ in last}  # of thousands of photos, few
    original = {
        p.id: brand_names(p.detections, audit.brands) for p in audit.photos if p.id in touched and p.picture
    }
    return [
        (photo, facing)
        for (photo, number), facing in last.items()
        if photo in original and facing is not None and facing.brand not in ("", UNKNOWN)
        if number >= len(original[photo]) or facing.brand != original[photo][number]
    ]


def teach(gallery, audit, embedder):
    """``gallery`` with the :func:`lessons` of ``audit`` as further examples, one product a brand.

    What is an example of its brand already is none once more, and what is one of another brand is that no
    longer; of facings with the same picture, the last named one counts. Without any change it is ``gallery``
    itself.

    Args:
        gallery: a :class:`~skushare.brands.gallery.Gallery`; save the new one to keep it.
        embedder: the :class:`~skushare.brands.embedder.Embedder` of the gallery.

    Raises:
        SkushareError: a photo is lost or damaged, or a brand's name cannot be one in a gallery.
    """
    learnt, shown = defaultdict(list), []
    for order, (photo, facing) in enumerate(_named(audit)):
        learnt[photo].append((order, facing))
    for photo in audit.photos:
        if photo.id not in learnt:
            continue
        image = read_image(pictures.get(photo.picture), photo.name)
        vectors = embedder.embed(image, [facing.box for _, facing in learnt[photo.id]])
        for (order, facing), vector in zip(learnt[photo.id], vectors, strict=True):
            shown.append((order, example_picture(image, facing.box), facing.brand, vector))
    shown.sort(key=lambda each: each[0])
    for picture, (brand, vector) in {picture: about for _, picture, *about in shown}.items():
        brand = gallery.spelled(brand)
        gallery = gallery.corrected([vector], [picture], brand)
        if gallery.unlearnt([vector], [picture], brand):
            sku = gallery.find(brand, brand) or gallery.new_sku(brand, brand)
            gallery = gallery.with_examples(sku, [vector], [picture], embedder)
    return gallery
