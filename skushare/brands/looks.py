"""Facings grouped by look, before anything was taught."""

import string

import numpy as np

from skushare.brands.gallery import LONGEST_NAME

SAMPLE = 2000  # facings that are compared each with each; the rest join the nearest group


def group_looks(embeddings, likeness):
    """The look of each facing: 0 for the most frequent, 1 for the next, and so on.

    Average-linkage clustering: facings join while the groups' mean similarity is at least ``likeness``.

    Args:
        embeddings: (n, d) float32 unit vectors.

    Returns:
        (n,) int32.
    """
    count = len(embeddings)
    if count < 2:
        return np.zeros(count, np.int32)
    from scipy.cluster.hierarchy import fcluster, linkage

    chosen = np.arange(count)
    if count > SAMPLE:
        chosen = np.random.default_rng(0).choice(count, SAMPLE, replace=False)
    tree = linkage(np.float64(embeddings[chosen]), "average", "cosine")
    groups = fcluster(np.maximum(tree, 0), 1 - likeness, "distance") - 1
    if count > SAMPLE:
        groups = (embeddings @ centres(embeddings[chosen], groups).T).argmax(1)
    _, first, inverse, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort([first, -sizes])
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[inverse].astype(np.int32)


def centres(embeddings, groups):
    """The unit mean vector of each group 0, 1, ...: (groups, d) float32."""
    total = np.zeros((int(groups.max()) + 1, embeddings.shape[1]), np.float32)
    np.add.at(total, groups, embeddings)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)


def look_name(number):
    """``"look A"`` to ``"look Z"``, then ``"look AA"`` and so on."""
    letters, number = "", number + 1
    while number:
        number, digit = divmod(number - 1, 26)
        letters = string.ascii_uppercase[digit] + letters
    return f"look {letters}"


def taught_look(gallery, brand, embeddings, pictures, embedder):
    """``gallery`` with the facings of a look as its last examples, which are of ``brand``.

    They go to the product named after the brand. Where that looks so different that most of them, or of its
    own examples, would no longer be recognised, they go to a further one, named after the brand and a number.
    They are no longer examples of other brands, and those that the brand has already are not added again:
    where it has all, the result is ``gallery`` itself.

    Args:
        embeddings: (n, d) float32 unit vectors, made by ``embedder``; pictures: their n JPEG files.

    Raises:
        GalleryError: the name cannot be a brand's, or the examples of ``gallery`` are of another embedder.
    """
    gallery.require(embedder)
    name = brand = gallery.spelled(brand)
    gallery, number = gallery.corrected(embeddings, pictures, brand), 1
    new = gallery.unlearnt(embeddings, pictures, brand)
    if not new:
        return gallery
    embeddings, pictures = np.asarray(embeddings)[new], [pictures[i] for i in new]
    while sku := gallery.find(brand, name):
        taught = gallery.with_examples(sku, embeddings, pictures, embedder)
        earlier = gallery.embeddings[gallery.examples_of(sku.id)]
        if _are_mostly(sku, earlier, taught, embedder) and _are_mostly(sku, embeddings, taught, embedder):
            return taught
        number += 1
        name = f"{brand[: LONGEST_NAME - 8]} {number}"
    return gallery.with_examples(gallery.new_sku(brand, name), embeddings, pictures, embedder)


def _are_mostly(sku, embeddings, gallery, embedder):
    """Whether ``gallery`` knows most of what has the ``embeddings`` as its product ``sku``."""
    found, _ = gallery.recognise(embeddings, embedder)
    return 2 * (found == gallery.skus.index(sku)).sum() >= len(found)
