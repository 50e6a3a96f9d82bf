"""What visitors have in hand, found again by its token."""

from skushare.visits import Visits


def test_what_is_kept_is_found_by_its_token_alone_and_the_one_that_kept_it_is_not_changed():
    visits, photos = Visits(9, list.copy), ["a"]
    token = visits.keep(photos)
    assert visits.keep(photos) == token and visits.open("") is visits.open(token[:-1]) is None
    found = visits.open(token)
    found.append("b")
    assert photos == ["a"] and visits.open(token) == ["a", "b"]  # of the last who opened it
    assert visits.keep(photos) != token


def test_what_was_not_asked_for_longest_is_let_go():
    visits, tokens = Visits(4, list.copy, len), []
    for name in "abc":
        tokens.append(visits.keep([name, name]))
        assert visits.open(tokens[0]) is not None
    assert [visits.open(token) is not None for token in tokens] == [True, False, True]


def test_the_newest_stays_however_heavy_until_it_is_dropped():
    visits = Visits(4, list.copy, len)
    light, heavy = visits.keep(["a"]), visits.keep(["b"] * 6)
    assert visits.open(light) is None and len(visits.open(heavy)) == 6
    visits.drop(visits.open(heavy))
    assert visits.open(heavy) is None
