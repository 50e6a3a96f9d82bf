"""Naming the facings of a photo."""

from dataclasses import replace

from skushare.brands.embedder import PICTURE_SIDE, crop
from skushare.jpeg import encode_jpeg, shrink


def recognise(image, detections, embedder, gallery):
    """``detections`` with ``sku_ids``, ``brand_ids`` and ``brand_scores`` of ``gallery``.

    Args:
        image: (h, w, 3) uint8 RGB, of which the detections are.
        embedder: an :class:`~skushare.brands.embedder.Embedder`.
        gallery: a :class:`~skushare.brands.gallery.Gallery` of that embedder.

    Raises:
        GalleryError: the gallery's examples are of another embedder.
    """
    return named(detections, embedder.embed(image, detections.boxes), embedder, gallery)


def named(detections, embeddings, embedder, gallery):
    """As :func:`recognise`, from the ``embeddings`` (n, d) of the detections."""
    sku_ids, scores = gallery.recognise(embeddings, embedder)
    brand_ids = sku_ids.copy()
    brand_ids[sku_ids >= 0] = gallery.brand_ids[sku_ids[sku_ids >= 0]]
    return replace(detections, sku_ids=sku_ids, brand_ids=brand_ids, brand_scores=scores)


def example_picture(image, box):
    """The facing in ``box`` (xyxy pixels) as the JPEG file that a gallery keeps."""
    return encode_jpeg(shrink(crop(image, box), PICTURE_SIDE))
