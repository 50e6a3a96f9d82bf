"""What a gallery can learn from corrections by hand."""

from collections import defaultdict

from skushare.audits.audit import brand_names
from skushare.brands.recognition import example_picture
from skushare.database import pictures
from skushare.images import read_image
from skushare.shelf.share import UNKNOWN


def lessons(audit):
    """The facings that have their brand from a person: {photo id: [Facing, ...]}.

    That is, those that were added, and those whose brand is another one than in the original.
    """
    last = {(each.photo, each.facing): each.after for each in audit.corrections}
    touched = {photo for photo, _ in last}  # of thousands of photos, few
    original = {p.id: brand_names(p.detections, audit.brands) for p in audit.photos if p.id in touched}
    found = defaultdict(list)
    for (photo, number), facing in last.items():
        if facing is None or facing.brand in ("", UNKNOWN):
            continue
        if number >= len(original[photo]) or facing.brand != original[photo][number]:
            found[photo].append(facing)
    return dict(found)


def teach(gallery, audit, embedder):
    """``gallery`` with the :func:`lessons` of ``audit`` as further examples, one product a brand.

    What is an example of its brand already is none once more, and what is one of another brand is that no
    longer; without any change it is ``gallery`` itself.

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
        shown = [(example_picture(image, facing.box), facing) for facing in learnt[photo.id]]
        vectors = embedder.embed(image, [facing.box for _, facing in shown])
        for (picture, facing), vector in zip(shown, vectors, strict=True):
            brand = gallery.spelled(facing.brand)
            gallery = gallery.corrected([picture], brand)
            if gallery.unlearnt([picture], brand):
                sku = gallery.find(brand, brand) or gallery.new_sku(brand, brand)
                gallery = gallery.with_examples(sku, [vector], [picture], embedder)
    return gallery
