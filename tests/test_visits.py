"""What visitors have in hand, found again by its token."""

from skushare.visits import Visits


def test_what_is_kept_is_found_by_its_token_alone_whatever_becomes_of_a_copy_that_was_opened():
    visits, photos = Visits(9, list.copy), ["a"]
    token = visits.keep(photos)
    assert visits.keep(photos) == token and visits.open("") is visits.open(token[:-1]) is None
    found = visits.open(token)
    found.append("b")
    own = visits.keep(found)
    assert own != token and visits.keep(photos) == token
    photos.append("c")
    assert visits.open(own) == ["a", "b"] and visits.open(token) == ["a", "c"]
    visits.drop(found)
    assert visits.open(own) is None and visits.open(token) == ["a", "c"]


def weight(lists):
    return sum(map(len, lists))


def test_what_was_not_asked_for_longest_is_let_go():
    visits, tokens = Visits(4, list.copy, weight), []
    for name in "abc":
        tokens.append(visits.keep([name, name]))
        assert visits.open(tokens[0]) is not None
    assert [visits.open(token) is not None for token in tokens] == [True, False, True]


def test_what_is_kept_again_is_in_use():
    visits, first = Visits(4, list.copy, weight), ["a", "a"]
    tokens = [visits.keep(first), visits.keep(["b", "b"]), visits.keep(first), visits.keep(["c", "c"])]
    assert [visits.open(token) is not None for token in tokens] == [True, False, True, True]


def test_the_newest_stays_however_heavy():
    visits = Visits(4, list.copy, weight)
    light, heavy = visits.keep(["a"]), visits.keep(["b"] * 6)
    assert visits.open(light) is None and len(visits.open(heavy)) == 6


def test_reloads_cost_nobody_else_a_place():
    visits, others = Visits(4, list.copy), [["a"], ["b"]]
    tokens, own = [visits.keep(each) for each in others], [visits.keep(["c"])]
    for _ in range(9):
        own.append(visits.keep(visits.open(own[-1]), own[-1]))
    assert len(set(own)) == 10
    assert [visits.open(token) for token in tokens] == others
    assert [token for token in own if visits.open(token)] == own[-2:]
    more = [visits.keep([name]) for name in "def"]  # the last of which lets go what was not used longest
    kept = [token for token in [*tokens, *own, *more] if visits.open(token)]
    assert kept == [own[-1], *more]


def test_copies_that_share_what_is_heavy_are_let_go_as_others():
    visits, owner = Visits(3, list.copy, len), ["a"]
    token = visits.keep(owner)
    tokens = [visits.keep(visits.open(token)) for _ in range(9)]
    assert len({token, *tokens}) == 10
    assert [each for each in tokens if visits.open(each) is not None] == tokens[-2:]
