"""Naming the facings of a photo."""

from skushare.brands.brand_map import name_by_label
from skushare.brands.embedder import PICTURE_SIDE, crop
from skushare.jpeg import encode_jpeg, shrink


def recognise(image, detections, embedder, gallery, labels=()):
    """``detections`` with ``sku_ids``, ``brand_ids`` and ``brand_scores`` of ``gallery``.

    Args:
        image: (h, w, 3) uint8 RGB, of which the detections are.
        embedder: an :class:`~skushare.brands.embedder.Embedder`; a brand map needs none.
        gallery: a :class:`~skushare.brands.gallery.Gallery` of that embedder, or a brand map, which gives no
            ``brand_scores``.
        labels: the detector's class names, by which a brand map names.

    Raises:
        GalleryError: the gallery's examples are of another embedder.
    """
    if gallery.by_label:
        return name_by_label(detections, labels, gallery)
    return named(detections, embedder.embed(image, detections.boxes), embedder, gallery)


def named(detections, embeddings, embedder, gallery):
    """As :func:`recognise`, from the ``embeddings`` (n, d) of the detections."""
    return gallery.name_products(detections, *gallery.recognise(embeddings, embedder))


def example_picture(image, box):
    """The facing in ``box`` (xyxy pixels) as the JPEG file that a gallery keeps."""
    return encode_jpeg(shrink(crop(image, box), PICTURE_SIDE))
