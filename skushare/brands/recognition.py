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


class BrandDetector:
    """A detector whose facings have brands: by a gallery, or by a map of its labels.

    Attributes:
        labels: class names; brands: names of the brands, by brand id.
    """

    def __init__(self, detector, gallery=None, embedder=None, brand_map=None):
        self._detector, self._gallery, self._embedder, self._map = detector, gallery, embedder, brand_map
        self.labels = detector.labels
        self.brands = (brand_map if gallery is None else gallery).brands

    def detect(self, image, **options):
        """As :meth:`~skushare.detector.runtime.Detector.detect`, with brands."""
        found = self._detector.detect(image, **options)
        if self._gallery is None:
            return self._map.name(found, self.labels)
        return recognise(image, found, self._embedder, self._gallery)


def example_picture(image, box):
    """The facing in ``box`` (xyxy pixels) as the JPEG file that a gallery keeps."""
    return encode_jpeg(shrink(crop(image, box), PICTURE_SIDE))
