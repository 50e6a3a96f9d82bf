from skushare.app.color_key import LONGEST, color_key

HOSTILE = '<img src=x onerror="alert(1)">'


def test_a_key_has_each_name_beside_its_colour_as_text():
    key = color_key({"Astra": "#123456", HOSTILE: "#ABCDEF", "x" * 1000: "#000000"})
    assert key.index("#123456") < key.index("Astra") < key.index("#ABCDEF") < key.index("&lt;img")
    assert "<img" not in key and "x" * (LONGEST - 1) + "…" in key and "x" * LONGEST not in key
