import numpy as np
import pytest

from skushare.live.course import LONGEST, STEP, Course


def course_of(counts, seconds=0.1):
    """The course of frames with ``counts``, one every so many ``seconds``; the time of the last one."""
    course, now = Course(), 0.0
    for count in counts:
        now += seconds
        course.take(now, count, 20.0)
    return course, now


def test_before_the_first_frame_there_is_nothing():
    course = Course()
    assert course.present(5.0) == (None, None, 0.0, None)
    assert len(course.history(5.0)) == 0 and not course.has_paused(1e6)


@pytest.mark.parametrize(
    "counts, shown",
    [([7], 7), ([10, 10, 2, 10, 10], 10), ([10] * 5 + [4] * 40, 4)],
    ids=["one frame", "one flickers", "the camera moves on"],
)
def test_the_count_is_steady_and_follows(counts, shown):
    course, now = course_of(counts)
    assert course.present(now)[0] == shown


@pytest.mark.parametrize("seconds", [0.1, 1.0, 4.0])
def test_frame_rate_counts_frames_processed(seconds):
    course, now = course_of([3] * 30, seconds)
    _, latency, fps, age = course.present(now + 1.5)
    assert (latency, age) == (20.0, pytest.approx(1.5))
    assert fps == pytest.approx(1 / seconds, rel=0.05)


def test_history_is_thinned_and_bounded():
    course, now = course_of([3] * int(3 * LONGEST / 0.12), 0.12)
    history = course.history(now)
    assert len(history) == LONGEST / STEP
    assert history["seconds"].is_monotonic_increasing and history["seconds"].max() <= 0
    assert np.diff(history["seconds"]).min() >= STEP - 1e-6
