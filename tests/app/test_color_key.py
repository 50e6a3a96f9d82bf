from skushare.app.color_key import LONGEST, MOST, color_key

HOSTILE = '<img src=x onerror="alert(1)">'


def test_a_key_has_each_name_beside_its_colour_as_text():
    key = color_key({"Astra": "#123456", HOSTILE: "#ABCDEF", "x" * 1000: "#000000"})
    assert key.index("#123456") < key.index("Astra") < key.index("#ABCDEF") < key.index("&lt;img")
    assert "<img" not in key and "x" * (LONGEST - 1) + "…" in key and "x" * LONGEST not in key


def test_a_key_of_many_names_is_folded_up():
    names = [f"look {i}" for i in range(MOST + 2)]
    key = color_key(dict.fromkeys(names, "#123456"), dict.fromkeys(names, 1234))
    seen, _, more = key.partition("<details")
    assert seen.count("(1,234)") == MOST and "2 more" in more and more.count("(1,234)") == 2
    assert "<details" not in color_key(dict.fromkeys(names[:MOST], "#123456"))
