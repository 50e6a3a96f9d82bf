"""A made-up shelf in space, painted as a pinhole camera in front of it sees it."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image, ImageDraw

from skushare.dataset.synthetic.packs import render_pack
from skushare.dataset.synthetic.prints import text_on
from skushare.dataset.synthetic.products import THEMES, Sku, random_skus

ROUND = ("can", "bottle", "jar")  # shapes of which different sides are seen
_BOARDS = ((206, 206, 202), (228, 226, 220), (150, 153, 158))
_RAILS = ((222, 222, 218), (236, 234, 230), (70, 84, 110), (150, 34, 36))
_PLINTH = (52, 52, 54)


@dataclass(frozen=True, eq=False)
class Pack:
    """A product on its board, in pixels of the shelf's front plane.

    Attributes:
        x: its middle.
        lift: how far its foot is above the board, 0 unless it stands on another pack.
        depth: how far its front is behind the front plane.
        lean: its angle, in radians.
        picture: (h, w, 4) uint8 RGBA.
    """

    sku: Sku
    x: float
    width: float
    height: float
    lift: float
    depth: float
    lean: float
    picture: np.ndarray = field(repr=False)

    @property
    def thickness(self):
        """From its front to its back."""
        return self.height if self.sku.shape == "flat carton" else min(self.width, 0.45 * self.height)


class Scene:
    """A shelf being painted, from the back to the front.

    Attributes:
        canvas: (height, width, 3) float32 RGB, 0 to 255.
        owner: (height, width) int32, index into ``packs`` of the front that each pixel
            shows, -1 where it shows none.
        packs: the facings, in the order in which they were painted.
        areas: pixels of each one's whole front.
        bays: (left, right) of each stretch between two posts.
        levels: (top, base) of the room above each board, from the highest down.
    """

    def __init__(self, rng, width, height, rows, theme):
        self.rng, self.theme = rng, theme
        self.width, self.height = width, height
        self.canvas = np.zeros((height, width, 3), np.float32)
        self.owner = np.full((height, width), -1, np.int32)
        self.packs, self.areas = [], []
        self._pictures = {}

        self.eye = width * rng.uniform(0.42, 0.58), height * rng.uniform(0.40, 0.52)
        # A wide shelf is seen from farther away, or its ends would show their sides alone.
        self.distance, self.deep = 1.25 * max(height, 0.6 * width), 0.30 * height
        self.board_color = np.float32(rng.choice(_BOARDS))
        self.rail_color = np.float32(rng.choice(_RAILS))

        self.head, self.foot = 0.085 * height, 0.955 * height
        self.rail = 0.034 * height * min(1, 5 / rows)
        self.post = 0.010 * height
        self.left, self.right = 0.035 * height, width - 0.035 * height
        count = max(1, round((self.right - self.left) / (1.45 * height)))
        self.posts = np.linspace(self.left, self.right, count + 1)
        self.bays = [(a + self.post, b - self.post) for a, b in zip(self.posts, self.posts[1:], strict=False)]
        shares = rng.uniform(0.9, 1.12, rows)
        bounds = self.head + np.append(0, np.cumsum(shares / shares.sum())) * (self.foot - self.head)
        self.levels = [(a, b - self.rail) for a, b in zip(bounds, bounds[1:], strict=False)]

    def paint(self, gaps):
        """Paint the whole shelf; ``gaps`` is the share of products that are sold out."""
        self._paint_store()
        # From the boards farthest from eye level on: what a nearer one hides is painted before it.
        for top, base in sorted(self.levels, key=lambda level: -abs(sum(level) / 2 - self.eye[1])):
            self._paint_board(top, base)
            self.paint_packs(self._stock(top, base, gaps), base)
            self._paint_shade(top, base)
            self._paint_rail(base)
            self._paint_wobblers(top, base)
        self._paint_posts()

    def paint_packs(self, packs, base):
        """Paint ``packs`` onto the board at ``base`` and, behind each, more of its kind."""
        queue = []
        for pack in packs:
            queue.append((pack.depth, pack, True))
            for behind in range(1, int(self.rng.integers(2, 4))):
                depth = pack.depth + behind * pack.thickness * self.rng.uniform(1.02, 1.15)
                if depth + pack.thickness < self.deep:
                    queue.append((depth, pack, False))
        for depth, pack, in_front in sorted(queue, key=lambda item: -item[0]):
            self._paint_pack(pack, base - pack.lift, depth, in_front)

    def _stock(self, top, base, gaps):
        """The packs of one board, left to right, one brand's block after another."""
        rng, room = self.rng, base - top
        unit = room / 100
        brands = list(THEMES[self.theme].brands)
        packs, brand = [], None
        for start, end in self.bays:
            x = start + 2 * unit
            while x < end - 8 * unit:
                brand = str(rng.choice([name for name in brands if name != brand]))
                for sku in random_skus(rng, self.theme, brand, int(rng.integers(1, 4))):
                    sold_out = rng.random() < gaps
                    width = sku.aspect * sku.height * room
                    for _ in range(2 if sold_out else int(rng.integers(2, 6))):
                        step = width + rng.uniform(0.6, 2.8) * unit
                        if x + step > end - unit:
                            break
                        if not sold_out:
                            packs += self._column(sku, x + step / 2, room)
                        x += step
                    x += rng.uniform(1, 5) * unit
        return packs

    def _column(self, sku, x, room):
        """One pack, or a stack of flat ones, around ``x``."""
        rng, unit = self.rng, room / 100
        height = sku.height * room
        count = int(0.95 / sku.height) if sku.height < 0.5 else 1
        if count > 1 and rng.random() < 0.15:
            count -= 1
        depth = rng.uniform(2, 7) * unit
        if rng.random() < 0.07:
            depth += rng.uniform(8, 22) * unit  # somebody took the first one
        return [
            Pack(
                sku,
                x=x + rng.normal(0, 0.4) * unit * (1 + layer),
                width=sku.aspect * height,
                height=height * rng.normal(1, 0.006),
                lift=layer * height * 1.012,
                depth=depth + layer * unit,
                lean=rng.normal(0, 0.008) * (4 if rng.random() < 0.1 else 1),
                picture=self._picture(sku, round(height)),
            )
            for layer in range(count)
        ]

    def _picture(self, sku, height):
        turn = float(self.rng.choice([-0.8, 0.8])) if sku.shape in ROUND else 0.0
        if (sku, turn) not in self._pictures:
            self._pictures[sku, turn] = render_pack(sku, max(16, height), turn)
        return self._pictures[sku, turn]

    def _project(self, x, y, depth):
        """Where a point ``depth`` behind the front plane is seen."""
        scale = 1 / (1 + depth / self.distance)
        return self.eye[0] + (x - self.eye[0]) * scale, self.eye[1] + (y - self.eye[1]) * scale

    def _quad(self, corners, color):
        """Fill the polygon of (x, y, depth) ``corners``; it belongs to no front."""
        points = np.rint([self._project(*corner) for corner in corners]).astype(np.int32)
        cv2.fillPoly(self.canvas, [points], np.asarray(color, float).tolist())
        cv2.fillPoly(self.owner, [points], -1)

    def _plane(self, top, bottom, depth, color):
        """Fill the shelf's whole width between two heights of one depth."""
        xs, ys = (self.left, self.right, self.right, self.left), (top, top, bottom, bottom)
        self._quad([(x, y, depth) for x, y in zip(xs, ys, strict=True)], color)

    def _paint_store(self):
        """What is around the shelf: the dim aisle behind, floor and plinth, the sign above."""
        aisle = self.rng.uniform(40, 150, (6, max(8, 8 * self.width // self.height), 1)) * [1.0, 0.97, 0.92]
        size = self.width, self.height
        self.canvas[:] = cv2.resize(aisle.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
        floor = self.canvas[int(self.foot) :]
        floor[:] = np.linspace(96, 150, len(floor), dtype=np.float32)[:, None, None] * [1.0, 0.98, 0.94]
        self._plane(0.9 * self.height, 0.972 * self.height, 0, _PLINTH)
        self._plane(0, self.head, 0, self.rail_color * 0.9)
        ink = (40, 42, 48) if self.rail_color.mean() > 128 else (246, 244, 238)
        for start, end in self.bays:
            strip = self.canvas[: int(self.head), int(start) : int(end)]
            sign = Image.fromarray(strip.astype(np.uint8))
            width, height = sign.size
            box = (0.1 * width, 0.22 * height, 0.9 * width, 0.80 * height)
            text_on(ImageDraw.Draw(sign), box, THEMES[self.theme].title, ink, bold=0.02)
            strip[:] = np.asarray(sign)

    def _paint_board(self, top, base):
        """The empty room above one board: inside, back panel with its holes, board."""
        back = self.board_color * 0.50
        self._plane(top, base, 0, self.board_color * 0.3)
        self._plane(top, base, self.deep, back)
        step = (base - top) / 9
        for y in np.arange(top + step, base, step):
            for x in np.arange(self.left, self.right, step):
                hole = tuple(map(round, self._project(x, y, self.deep)))
                cv2.circle(self.canvas, hole, max(1, round(step / 12)), (back * 0.6).tolist(), cv2.FILLED)
        for y, color in ((top, self.board_color * 0.35), (base, self.board_color * 0.82)):
            near, far = (
                ((self.left, y, 0), (self.right, y, 0)),
                ((self.right, y, self.deep), (self.left, y, self.deep)),
            )
            self._quad([*near, *far], color)

    def _paint_pack(self, pack, base, depth, in_front):
        half, top, back = pack.width / 2, base - pack.height, depth + pack.thickness
        x = pack.x if in_front else pack.x + self.rng.normal(0, 0.02) * pack.width
        # The farther back, the less light.
        gain = (1 - 0.55 * min(1, depth / self.deep)) * self.rng.normal(1, 0.03)
        if "carton" in pack.sku.shape:
            side = x + half if x < self.eye[0] else x - half
            corners = [(side, top, depth), (side, top, back), (side, base, back), (side, base, depth)]
            self._quad(corners, pack.sku.color * 0.55 * gain)
            if top > self.eye[1]:
                left, right = x - half, x + half
                corners = [(left, top, depth), (right, top, depth), (right, top, back), (left, top, back)]
                self._quad(corners, pack.sku.color * 0.9 * gain)
        turn = np.array([[np.cos(pack.lean), np.sin(pack.lean)], [-np.sin(pack.lean), np.cos(pack.lean)]])
        corners = np.array([[-half, -pack.height], [half, -pack.height], [half, 0], [-half, 0]]) @ turn + [
            x,
            base,
        ]
        self._paint_front(
            pack, np.float32([self._project(*corner, depth) for corner in corners]), gain, in_front
        )

    def _paint_front(self, pack, corners, gain, in_front):
        """Lay a pack's picture over ``corners`` (4, 2), and around it the shadow it throws."""
        margin = max(3, round(0.006 * self.height))
        x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int) - margin, 0)
        x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + margin, (self.width, self.height))
        size = np.maximum(np.rint(np.ptp(corners, axis=0)).astype(int), 2)
        picture = pack.picture.astype(np.float32)
        picture[..., :3] *= picture[..., 3:] / 255
        picture = cv2.resize(picture, size.tolist(), interpolation=cv2.INTER_AREA)
        source = np.float32([[0, 0], [size[0], 0], size, [0, size[1]]])
        warp = cv2.getPerspectiveTransform(source, corners - np.float32([x0, y0]))
        layer = cv2.warpPerspective(picture, warp, (int(x1 - x0), int(y1 - y0)))
        alpha = layer[..., 3:] / 255
        target = self.canvas[y0:y1, x0:x1]
        target *= 1 - 0.6 * cv2.GaussianBlur(alpha, (0, 0), margin / 2)[..., None]
        target *= 1 - alpha
        target += layer[..., :3] * gain
        seen = alpha[..., 0] > 0.5
        self.owner[y0:y1, x0:x1][seen] = len(self.packs) if in_front else -1
        if in_front:
            self.packs.append(pack)
            self.areas.append(int(seen.sum()))

    def _strip(self, top, bottom):
        """The canvas from ``top`` to ``bottom``, and (n, 1, 1) how far down each row is, 0 to 1."""
        y0, y1 = round(top), round(bottom)
        strip = self.canvas[y0:y1, round(self.left) : round(self.right)]
        return strip, np.linspace(0, 1, y1 - y0, dtype=np.float32)[:, None, None]

    def _paint_shade(self, top, base):
        """The shadow of the board above."""
        strip, down = self._strip(top, base)
        strip *= 1 - 0.42 * np.exp(-5.5 * down)

    def _paint_rail(self, base):
        """The front edge of a board with its price tags; it hides what is behind."""
        strip, down = self._strip(base, base + self.rail)
        self._plane(base, base + self.rail, 0, self.rail_color)
        strip[:] = self.rail_color * (1.06 - 0.28 * down)
        strip[:2] = np.minimum(self.rail_color * 1.25, 255)
        strip[-2:] = self.rail_color * 0.4
        height = int(0.78 * len(strip))
        for start, end in self.bays:
            x = start + self.rng.uniform(0.5, 1.5) * height
            while x + 2.2 * height < end:
                tag = np.asarray(self._tag(round(1.9 * height), height))
                y = round(base) + (len(strip) - height) // 2
                self.canvas[y : y + height, round(x) : round(x) + tag.shape[1]] = tag
                x += self.rng.uniform(3.2, 6.5) * height

    def _tag(self, width, height):
        offer = self.rng.random() < 0.15
        tag = Image.new("RGB", (width, height), (250, 214, 40) if offer else (248, 247, 243))
        draw = ImageDraw.Draw(tag)
        price = f"{self.rng.integers(0, 8)}.{self.rng.choice([19, 29, 49, 79, 95, 99])}"
        box = (0.30 * width, 0.10 * height, 0.96 * width, 0.80 * height)
        text_on(draw, box, price, (190, 20, 30) if offer else (30, 30, 34))
        for y in (0.25 * height, 0.45 * height, 0.65 * height):
            draw.line((0.06 * width, y, 0.26 * width, y), (120, 120, 124))
        return tag

    def _paint_wobblers(self, top, base):
        """Now and then a round card that hangs from a rail in front of the packs."""
        for start, end in self.bays:
            if self.rng.random() > 0.25:
                continue
            radius = round(0.11 * (base - top))
            x, y = round(self.rng.uniform(start + radius, end - radius)), round(base - 0.3 * radius)
            card = Image.new("RGB", (2 * radius + 1,) * 2, (246, 246, 240))
            draw = ImageDraw.Draw(card)
            draw.circle((radius, radius), 0.88 * radius, (214, 30, 42))
            text_on(draw, (0.3 * radius, 0.6 * radius, 1.7 * radius, 1.4 * radius), "-20%", (255, 255, 255))
            disc = (
                cv2.circle(np.zeros((2 * radius + 1,) * 2, np.uint8), (radius, radius), radius, 1, cv2.FILLED)
                > 0
            )
            window = slice(y - radius, y + radius + 1), slice(x - radius, x + radius + 1)
            self.canvas[window][disc] = np.asarray(card)[disc]
            self.owner[window][disc] = -1

    def _paint_posts(self):
        """The uprights between and beside the bays."""
        y0, y1 = round(self.head), round(0.972 * self.height)
        for post in self.posts:
            x0, x1 = round(post - self.post), round(post + self.post)
            across = np.linspace(-1, 1, x1 - x0, dtype=np.float32)[None, :, None]
            self.canvas[y0:y1, x0:x1] = self.board_color * (0.95 - 0.25 * np.abs(across))
            self.owner[y0:y1, x0:x1] = -1
