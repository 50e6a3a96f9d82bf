"""The input pipeline: an endless, reproducible stream of training batches."""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from skushare.detector.anchors import detector_anchors
from skushare.detector.matcher import assign_targets
from skushare.training.augment import mosaic, paste_facings, random_crop, useful_scale
from skushare.training.photos import Photos, cache_limit


class Batches:
    """Batches of crops with their targets.

    Batch ``k`` depends on the seed and ``k`` alone, so a resumed run sees exactly
    what an uninterrupted one would have seen.

    Args:
        datasets: list of ``(Dataset, weight)``; a photo is drawn with a probability
            proportional to the weight of its dataset times one.
        config: ``DetectorConfig``; training: ``TrainingConfig``.
    """

    def __init__(self, datasets, config, training):
        self.samples = [sample for dataset, _ in datasets for sample in dataset.samples]
        weights = np.concatenate([np.full(len(dataset), float(weight)) for dataset, weight in datasets])
        self.probabilities = weights / weights.sum()
        self.config, self.training = config, training
        self.anchors, self.level_sizes = detector_anchors(config, (config.input_size, config.input_size))
        self.workers = min(8, os.cpu_count() or 1)  # threads that prepare batches ahead
        scale = partial(useful_scale, size=config.input_size, resize=config.resize, config=training)
        self.photos = Photos(scale, cache_limit())

    def batch(self, index):
        """Batch ``index``.

        Images (b, s, s, 3) float32, and a dict of ``target_boxes`` (b, a, 4) float32 and
        ``target_labels`` (b, a) int32.
        """
        examples = [self._example(index, place) for place in range(self.training.batch_size)]
        images, boxes, labels = (np.stack(column) for column in zip(*examples, strict=True))
        return images, {"target_boxes": boxes, "target_labels": labels}

    def stream(self, start):
        """Yield batches from ``start`` on, for ever, prepared ahead by threads."""
        with ThreadPoolExecutor(self.workers) as pool:
            ahead = deque(pool.submit(self.batch, start + i) for i in range(2 * self.workers))
            index = start + len(ahead)
            try:
                while True:
                    yield ahead.popleft().result()
                    ahead.append(pool.submit(self.batch, index))
                    index += 1
            finally:
                for future in ahead:
                    future.cancel()

    def photos_bytes(self):
        """Bytes of decoded photos in memory once every photo was drawn."""
        return self.photos.bytes_of(self.samples)

    def _example(self, index, place):
        rng = np.random.default_rng([self.training.seed, index, place])
        size = self.config.input_size
        # Without either, no number is drawn: runs from before they were there go on as they began.
        if self.training.mosaic and rng.random() < self.training.mosaic:
            crop = mosaic([self._crop(size // 2, rng) for _ in range(4)], size)
        else:
            crop = self._crop(size, rng)
        boxes, labels = assign_targets(
            self.config, self.anchors, self.level_sizes, crop.boxes, crop.class_ids, crop.ignored
        )
        return crop.image.astype(np.float32), boxes, labels

    def _crop(self, size, rng):
        crop = random_crop(*self._photo(rng), size, self.config.resize, self.training, rng)
        if self.training.paste:
            crop = paste_facings(crop, *self._photo(rng), self.training.paste, rng)
        return crop

    def _photo(self, rng):
        return self.photos.get(self.samples[rng.choice(len(self.samples), p=self.probabilities)])
