import numpy as np
import pytest

from skushare.detections import Detections
from skushare.detector.batch import detect_files
from skushare.images import write_image


class Detector:
    """Finds a box of each score in every photo."""

    def threshold(self, mode):
        return {"photo": 0.4, "live": 0.6}[mode]

    def doubtful_score(self, mode):
        return 0.15

    def detect(self, image, mode, min_score):
        scores = np.float32([0.9, 0.5, 0.3, 0.16, 0.1])
        boxes = np.arange(20, dtype=np.float32).reshape(5, 4)
        return Detections(boxes, scores, np.zeros(5)).above(min_score)


@pytest.mark.parametrize(
    "options, facings, doubtful",
    [({}, 2, 2), ({"mode": "live"}, 1, 3), ({"min_score": 0.2}, 3, 1), ({"min_score": 0.05}, 5, 0)],
)
def test_what_is_too_doubtful_to_count_is_kept_apart_and_never_named(tmp_path, options, facings, doubtful):
    write_image(tmp_path / "a.png", np.zeros((30, 40, 3), np.uint8))
    (tmp_path / "b.png").write_bytes(b"text")
    named, shown = [], []
    found, broken = detect_files(
        Detector(),
        [tmp_path / "a.png", tmp_path / "b.png"],
        on_image=lambda path, image, detections: shown.append(len(detections)),
        name=lambda image, detections: named.append(len(detections)) or detections,
        **options,
    )
    assert [len(found.detections)] == named == shown == [facings]
    assert len(found.doubtful) == doubtful and (found.width, found.height) == (40, 30)
    assert broken.error and broken.doubtful is None
