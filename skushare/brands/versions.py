"""From one version of a gallery to a later one: what changed, and what its ids are then."""

from collections import Counter

MOST_NAMED = 3  # products named a change; of more, the number is told


def what_changed(before, after):
    """What is new from one :class:`~skushare.brands.library.Saved` to a later one, in words; may be empty.

    A product is the same while its id is.
    """
    old, new = ({sku["id"]: sku for sku in each.content["skus"]} for each in (before, after))
    changes = [
        _told("new", [new[i] for i in new if i not in old]),
        _told("gone", [old[i] for i in old if i not in new]),
        _told("changed", [new[i] for i in new if i in old and new[i] != old[i]]),
    ]
    if more := after.examples - before.examples:
        changes.append(f"{more:+,} example{'s' * (abs(more) != 1)}")
    if before.content["threshold"] != after.content["threshold"]:
        changes.append(f"threshold {before.content['threshold']:.2f} to {after.content['threshold']:.2f}")
    if before.content["embedder"] != after.content["embedder"]:
        changes.append("embedded by another network")
    return "; ".join(filter(None, changes))


def ids_from(earlier, later):
    """What the ids that facings have by an ``earlier`` version of a gallery are in a ``later`` one.

    A product goes on as the first of these that there is:

    - the one of its brand and name, or else of its id, that still has an example of it: galleries made from
      folders of pictures number their ids anew, and a product may be renamed;
    - the one of its brand and name, whatever its examples;
    - the one that has most of its examples, as after merging;
    - if it never had examples: the one of its id whose brand or name is still the same. Where both are
      others, a product was removed and its id given to a new one.

    In a brand map, whose ids are the lines of a file, a label goes on as itself.

    Returns:
        {(brand id, SKU id): those in ``later``} of each product and, with the SKU id -1, of each brand; -1
        for what is gone.
    """
    successors = _successors(earlier, later)
    brands = {brand: number for number, brand in enumerate(later.brands)}
    brand_ids = {}
    for sku, brand, here in zip(earlier.skus, earlier.brand_ids.tolist(), successors, strict=True):
        if brand_ids.get(brand, -1) < 0:
            brand_ids[brand] = brands.get(sku.brand, int(later.brand_ids[here]) if here >= 0 else -1)
    ids = {(brand, -1): (here, -1) for brand, here in brand_ids.items()}
    for number, (brand, here) in enumerate(zip(earlier.brand_ids.tolist(), successors, strict=True)):
        # A product that was moved to another brand takes what is counted of it along.
        ids[brand, number] = (brand_ids[brand] if here < 0 else int(later.brand_ids[here]), here)
    return ids


def _successors(earlier, later):
    """The product of ``later``, by its number, that each of ``earlier`` goes on as; -1 for what is gone."""
    if later.by_label:
        labels = {sku.name: number for number, sku in enumerate(later.skus)}
        return [labels.get(sku.name, -1) for sku in earlier.skus]
    called = {(sku.brand, sku.name): number for number, sku in enumerate(later.skus)}
    known = {sku.id: number for number, sku in enumerate(later.skus)}
    shows = dict(zip(later.pictures, later.example_skus.tolist(), strict=True))
    shown = _shown(later)
    successors = []
    for sku, pictures in zip(earlier.skus, _shown(earlier), strict=True):
        here, same = called.get((sku.brand, sku.name), -1), known.get(sku.id, -1)
        if same >= 0 and pictures & shown[same]:
            here = here if here >= 0 and pictures & shown[here] else same
        elif here < 0 and pictures:
            holders = Counter(shows[picture] for picture in pictures if picture in shows)
            here = max(sorted(holders), key=holders.get, default=-1)
        elif here < 0 <= same:
            one_is_kept = sku.brand == later.skus[same].brand or sku.name == later.skus[same].name
            here = same if one_is_kept else -1
        successors.append(here)
    return successors


def _told(what, skus):
    if len(skus) > MOST_NAMED:
        return f"{what}: {len(skus):,} products"
    return f"{what}: {', '.join(map(_named, skus))}" if skus else ""


def _named(sku):
    return sku["brand"] if sku["name"] == sku["brand"] else f"{sku['brand']} {sku['name']}"


def _shown(gallery):
    """What the examples of each product show: a list of sets of JPEG files."""
    shown = [set() for _ in gallery.skus]
    for number, picture in zip(gallery.example_skus.tolist(), gallery.pictures, strict=True):
        shown[number].add(picture)
    return shown
