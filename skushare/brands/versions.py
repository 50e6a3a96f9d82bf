"""What a version of a gallery has that the one before had not."""

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


def _told(what, skus):
    if len(skus) > MOST_NAMED:
        return f"{what}: {len(skus):,} products"
    return f"{what}: {', '.join(map(_named, skus))}" if skus else ""


def _named(sku):
    return sku["brand"] if sku["name"] == sku["brand"] else f"{sku['brand']} {sku['name']}"
