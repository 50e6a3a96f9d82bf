from types import SimpleNamespace

from skushare.export.bundle import _write_papers


def test_cards_in_a_bundle_keep_of_links_to_what_stays_behind_the_text(tmp_path):
    for name in ("model", "embedder", "out"):
        (tmp_path / name).mkdir()
    card = "![Curve](../../a.svg), [docs](../docs/b.md#c), \xe9, [web](https://example.org), x[1] (2)\n"
    (tmp_path / "embedder" / "MODEL_CARD.md").write_bytes(card.encode("latin-1"))
    embedder = SimpleNamespace(path=tmp_path / "embedder" / "model.tflite")
    _write_papers(tmp_path / "out", SimpleNamespace(folder=tmp_path / "model"), embedder)
    assert not (tmp_path / "out" / "MODEL_CARD.md").exists()  # a model may have none
    text = (tmp_path / "out" / "MODEL_CARD.embedder.md").read_bytes().decode("latin-1")
    assert text == "Curve, docs, \xe9, [web](https://example.org), x[1] (2)\n"
