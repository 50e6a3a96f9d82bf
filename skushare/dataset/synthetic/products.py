"""Products that do not exist: their brands, flavours and shapes, by kind of shelf."""

from dataclasses import dataclass

import numpy as np

from skushare.colors import rgb_of


@dataclass(frozen=True)
class Theme:
    """What stands on one kind of shelf.

    Attributes:
        title: the sign above the shelf.
        brands: name → its two colours, ``"#RRGGBB"``.
        flavors: name → colour.
        shapes: shape → (least and greatest width / height, least and greatest height
            as a share of the room between two boards, weight of the choice).
        size: what is written small on each pack.
        bowl: whether a bowl of it may be shown on the pack.
    """

    title: str
    brands: dict
    flavors: dict
    shapes: dict
    size: str
    bowl: bool


THEMES = {
    "cereal": Theme(
        "BREAKFAST",
        {
            "Zumbrik": ("#C8202F", "#FFD23F"),
            "Crundlo": ("#1B4F9C", "#FFFFFF"),
            "Wheemba": ("#F3B61F", "#7A2E0E"),
            "Fennimoo": ("#2E8B57", "#FFF3C4"),
            "Oaviska": ("#F4EFE6", "#B5651D"),
            "Hibbloom": ("#6A2C91", "#FF9EC4"),
        },
        {
            "Honey Loops": "#E8A628",
            "Cocoa Stars": "#5A3219",
            "Oat Clusters": "#C69C6D",
            "Berry Flakes": "#B8336A",
            "Nut Crunch": "#8A5A2B",
        },
        {
            "carton": (0.60, 0.74, 0.78, 0.92, 6),
            "pouch": (0.66, 0.80, 0.66, 0.82, 2),
            "flat carton": (1.35, 1.60, 0.26, 0.30, 2),
            "jar": (0.66, 0.78, 0.50, 0.60, 1),
        },
        "375 g",
        True,
    ),
    "drinks": Theme(
        "COLD DRINKS",
        {
            "Fizzonda": ("#D4121A", "#FFFFFF"),
            "Grizzomel": ("#F07C12", "#FFF1D6"),
            "Yimbolt": ("#14203F", "#35E0C2"),
            "Quellora": ("#1E88C9", "#E6F6FF"),
            "Drombi": ("#3C9D3A", "#FFE84A"),
            "Xandrupe": ("#5B2A86", "#F3C1FF"),
        },
        {
            "Cherry": "#A3112B",
            "Lemon": "#F2D022",
            "Orange": "#F08A1C",
            "Ginger": "#B9793A",
            "Mint": "#4DB089",
        },
        {
            "bottle": (0.30, 0.36, 0.84, 0.93, 5),
            "can": (0.50, 0.54, 0.50, 0.58, 4),
            "carton": (0.44, 0.52, 0.70, 0.82, 2),
        },
        "500 ml",
        False,
    ),
    "pantry": Theme(
        "PANTRY",
        {
            "Harvundo": ("#8C1C13", "#F6E7CB"),
            "Sprottle": ("#1F6F4A", "#FFFFFF"),
            "Ommiva": ("#F2E8D5", "#7A1F3D"),
            "Jurrapa": ("#E0A100", "#3B1F0B"),
            "Trundlesk": ("#214E7A", "#FFD873"),
            "Vashkaro": ("#2B2B2B", "#E4572E"),
        },
        {
            "Tomato": "#C3271B",
            "Beans": "#7B3F1D",
            "Sweetcorn": "#F1C232",
            "Pesto": "#5E8C31",
            "Olives": "#6B7A2A",
            "Peaches": "#F4A259",
        },
        {
            "jar": (0.58, 0.70, 0.58, 0.72, 4),
            "can": (0.68, 0.76, 0.42, 0.47, 4),
            "bottle": (0.32, 0.38, 0.80, 0.92, 2),
            "pouch": (0.66, 0.78, 0.62, 0.78, 2),
            "carton": (0.62, 0.78, 0.58, 0.80, 2),
        },
        "400 g",
        True,
    ),
    "care": Theme(
        "BATH & BODY",
        {
            "Nerubelle": ("#F7F4F2", "#D46A92"),
            "Ulvenny": ("#0F7C8C", "#E9FBFD"),
            "Dappelin": ("#F6C9D6", "#6B2D5C"),
            "Kessandil": ("#23395B", "#C9B37E"),
            "Wobbrin": ("#FFFFFF", "#2F9E44"),
            "Lumiskar": ("#F29F05", "#FFFFFF"),
        },
        {
            "Aloe": "#7DBE6A",
            "Rose": "#DE8FA6",
            "Fresh Mint": "#57B8A6",
            "Sea Salt": "#4F86C6",
            "Almond": "#C9A27A",
        },
        {
            "bottle": (0.36, 0.44, 0.74, 0.90, 5),
            "carton": (0.40, 0.55, 0.58, 0.76, 2),
            "flat carton": (2.0, 2.6, 0.20, 0.24, 2),
            "jar": (0.90, 1.10, 0.34, 0.42, 2),
        },
        "250 ml",
        False,
    ),
}


@dataclass(frozen=True)
class Sku:
    """One product: ``aspect`` is width / height, ``height`` a share of the room on a shelf."""

    theme: str
    brand: str
    flavor: str
    shape: str
    aspect: float
    height: float
    design: int

    @property
    def color(self):
        """RGB, 0 to 255, of the pack's sides."""
        return np.float32(rgb_of(THEMES[self.theme].brands[self.brand][0]))


def random_skus(rng, theme, brand, count):
    """``count`` products of ``brand`` that share a shape, in different flavours."""
    kinds = THEMES[theme].shapes
    weights = np.array([kind[-1] for kind in kinds.values()], float)
    shape = str(rng.choice(list(kinds), p=weights / weights.sum()))
    narrow, wide, low, high, _ = kinds[shape]
    aspect, height = rng.uniform(narrow, wide), rng.uniform(low, high)
    flavors = rng.permutation(list(THEMES[theme].flavors))[:count]
    design = int(rng.integers(1 << 30))
    return [Sku(theme, brand, str(flavor), shape, aspect, height, design) for flavor in flavors]
