"""Labelled crops of photos."""

import json

from skushare.brands.crops import facings


def test_regions_to_be_ignored_and_doubtful_labels_are_no_facings(tmp_path):
    notes = [{}, {"iscrowd": 0, "score": 0.6}, {"iscrowd": 1}, {"ignore": 1}, {"score": 0.4}]
    notes += [{"iscrowd": "0", "ignore": "false"}, {"score": None}, {"iscrowd": "true"}]
    note = {"image_id": 1, "category_id": 1}
    content = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "categories": [{"id": 1, "name": "facing"}],
        "annotations": [note | {"bbox": [i, 0, 20, 20]} | more for i, more in enumerate(notes)],
    }
    (tmp_path / "all.json").write_text(json.dumps(content))
    assert [crop.box[0] for crop in facings(tmp_path / "all.json", tmp_path)] == [0, 1, 5, 6]
