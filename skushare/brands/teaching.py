"""Teaching a gallery what a labelled dataset shows."""

from skushare.brands.brand_map import require_labels
from skushare.brands.recognition import example_picture
from skushare.errors import DatasetError, ImageError
from skushare.images import image_size, read_image


def teach_dataset(gallery, dataset, embedder, most, brand_map=None, progress=iter):
    """Teach ``gallery`` the labelled facings of ``dataset``; each label becomes a product.

    Args:
        most: examples of a product at most, from as many photos as can be.
        brand_map: has the brands of the labels, and a label that it lacks is not taught; without it, each
            label is its own brand.
        progress: wraps the list of photos, and may show how far it is.

    Returns:
        the gallery that knows them; how many of the facings were examples already; why photos were left out
        (a list: they cannot be read, or their labels are for another size).

    Raises:
        GalleryError: ``brand_map`` has none of the labels, or a label is too long for a name.
        DatasetError: nothing is left to teach.
    """
    brand_of, own, faults = {label: label for label in dataset.labels}, (), []
    if brand_map:
        require_labels(brand_map, dataset.labels, "dataset")
        brand_of, own = {sku.name: sku.brand for sku in brand_map.skus}, brand_map.own_brands
    facings = []
    for path, shown in progress(_by_photo(dataset, brand_of, most, faults)):
        try:
            image = read_image(path)
        except ImageError as error:
            faults.append(error)
            continue
        vectors = embedder.embed(image, [box for _, box in shown])
        for (label, box), vector in zip(shown, vectors, strict=True):
            facings.append((example_picture(image, box), label, vector))
    if not facings:
        why = "no photo has a box" + " of a label that the brand map has" * bool(brand_map)
        raise DatasetError(f"{dataset.name}: nothing to teach: {faults[0] if faults else why}")
    examples, known = {}, len(facings)
    for picture, (label, vector) in {picture: named for picture, *named in facings}.items():
        examples.setdefault(label, []).append((vector, picture))  # once, though a photo may be there twice
    for label, of_label in examples.items():
        brand, (vectors, pictures) = gallery.spelled(brand_of[label]), zip(*of_label, strict=True)
        known -= len(gallery.unlearnt(vectors, pictures, brand, label))
        gallery = gallery.taught(brand, label, vectors, pictures, embedder, brand_of[label] in own)
    return gallery, known, faults


def _by_photo(dataset, brand_of, most, faults):
    """[(path, [(label, box), ...])] of the boxes to teach, those of a label from as many photos as can be.

    A photo that is not there or is of another size than its labels are for is left out, and told to
    ``faults``.
    """
    places = {}
    for sample in (sample.facings for sample in dataset.samples):
        try:
            fault = sample.size_fault(*image_size(sample.path))
        except ImageError as error:
            fault = error
        if fault:
            faults.append(fault)
            continue
        ranks = {}
        for box, class_id in zip(sample.boxes, sample.class_ids.tolist(), strict=True):
            label = dataset.labels[class_id]
            if label in brand_of:
                ranks[label] = ranks.get(label, 0) + 1
                places.setdefault(label, []).append((ranks[label], sample.path, box))
    photos = {}
    for label, found in places.items():
        for _, path, box in sorted(found, key=lambda place: place[0])[:most]:
            photos.setdefault(path, []).append((label, box))
    return list(photos.items())
