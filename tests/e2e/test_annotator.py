"""The annotator in a browser, without a server: what it does with pointers and keys, and what it sends."""

import base64
from pathlib import Path

import pytest

from skushare.app import annotator
from tests.e2e.conftest import BASE_FLAGS

LABELS = [f"Brand {number:02}" for number in range(60)] + ["Coca-Cola", "Coca-Cola Zero", "Jacobs Krönung"]
BOXES = [
    [20 + 60 * column, 20 + 80 * row, 50 + 60 * column, 70 + 80 * row]
    for row in (0, 1)
    for column in range(4)
]
WIDTH = 800
FOLDER = Path(annotator.__file__).parent
MOUNT = """async ([source, html, css]) => {
  delete globalThis.skushareClassesUsed;
  const root = document.body.appendChild(document.createElement("div")).attachShadow({ mode: "open" });
  root.innerHTML = `<style>${css}</style>${html}`;
  const { default: annotate } = await import(source);
  window.sent = [];
  window.show = (data) => {
    window.data = { ...window.data, ...data };
    const setStateValue = (_, edits) => sent.push(edits);
    window.end = annotate({ data: window.data, parentElement: root, setStateValue });
    window.root = root;
  };
}"""


class Annotator:
    """The annotator on a page; boxes are given and told as [left, top, right, bottom, class id]."""

    def __init__(self, page):
        self.page = page
        page.set_content(f"<body style='width: {WIDTH}px'><input id='before' />")
        source = "data:text/javascript;base64,"
        source += base64.b64encode((FOLDER / "annotator.js").read_bytes()).decode()
        texts = [(FOLDER / f"annotator.{kind}").read_text() for kind in ("html", "css")]
        page.evaluate(MOUNT, [source, *texts])
        self.stage, self.field = page.locator(".stage"), page.locator(".class input")

    def show(self, picture="a.jpg", boxes=BOXES, labels=LABELS, saved=("", 0), session="one"):
        """Show a picture as large as on the screen."""
        colors = ["#aa3377"] * len(labels)
        data = {"picture": picture, "src": "", "width": WIDTH, "height": 300, "labels": labels}
        data |= {"what": "Class", "colors": colors, "boxes": [[*box[:4], (*box, 0)[4], 1] for box in boxes]}
        data |= {"session": session}
        data["saved"] = dict(zip(("batch", "count"), saved, strict=True))
        self.page.evaluate("show", data)
        self.stage.focus()
        return self

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def down(self, x, y):
        place = self.stage.bounding_box()
        self.page.mouse.move(place["x"] + x, place["y"] + y)
        self.page.mouse.down()

    def move(self, x, y):
        place = self.stage.bounding_box()
        self.page.mouse.move(place["x"] + x, place["y"] + y, steps=3)

    def drag(self, start, end):
        self.down(*start)
        self.move(*end)
        self.page.mouse.up()

    def changes(self):
        """[(before, after)] of all that was sent and is not known to be saved."""
        sent = self.page.evaluate("sent.at(-1)?.changes ?? []")
        return [tuple(box and box[:5] for box in (each["before"], each["after"])) for each in sent]

    def classes(self):
        """Names in the open list."""
        return self.page.locator(".class [role=option]").all_inner_texts()


@pytest.fixture(scope="module")
def page(browser):
    page = browser(BASE_FLAGS).new_page()
    yield page
    page.close()


@pytest.fixture
def annotate(page):
    return Annotator(page)


@pytest.mark.parametrize(
    "text, names",
    [
        ("coca", ["Coca-Cola", "Coca-Cola Zero"]),
        ("zero", ["Coca-Cola Zero"]),
        ("zero coca", ["Coca-Cola Zero"]),
        ("kron", ["Jacobs Krönung"]),
        ("07", ["Brand 07"]),
        ("milk", []),
    ],
)
def test_a_class_is_found_by_a_part_of_its_name(annotate, text, names):
    annotate.show().press("n", "c")
    annotate.page.keyboard.type(text)
    assert annotate.classes() == names
    annotate.press("Enter")
    assert annotate.changes() == ([([*BOXES[0], 0], [*BOXES[0], LABELS.index(names[0])])] if names else [])


def test_the_class_that_was_used_last_comes_first(annotate):
    annotate.show().press("n", "c")
    annotate.page.keyboard.type("zero")
    annotate.press("Enter", "n", "c")
    assert annotate.classes()[:2] == ["Coca-Cola Zero", "Brand 00"]
    annotate.press("Enter")
    assert [after[4] for _, after in annotate.changes()] == [61, 61]
    annotate.press("n", "c", "ArrowDown", "Escape")
    assert annotate.field.input_value() == "Brand 00" and len(annotate.changes()) == 2
    annotate.show("b.jpg", []).press("c")
    annotate.press("Enter", "a", "Enter")
    assert [after[4] for _, after in annotate.changes()] == [61]


def test_the_field_says_whose_class_it_shows(annotate):
    label = annotate.page.locator(".class label")
    annotate.show()
    assert label.inner_text() == "Class for new boxes"
    place = annotate.stage.bounding_box()
    annotate.press("n")
    assert label.inner_text() == "Class" and annotate.stage.bounding_box() == place
    annotate.press("a")
    assert label.inner_text() == "Class for new boxes"


def test_many_classes_are_not_all_listed(annotate):
    annotate.show(labels=[f"{number}" for number in range(1000)]).press("c")
    assert len(annotate.classes()) == 200
    assert "800 more" in annotate.page.locator(".class li").last.inner_text()


def test_the_open_list_follows_the_classes(annotate):
    annotate.show().press("c")
    annotate.page.keyboard.type("coca")
    annotate.page.evaluate("show({ labels: ['jar', 'Cocoa', 'Coca'] })")
    assert annotate.classes() == ["Coca"]
    annotate.press("Enter", "n", "c")
    assert annotate.classes() == ["Coca", "jar", "Cocoa"]


def test_no_key_in_the_field_reaches_the_page(annotate):
    annotate.show()
    annotate.page.evaluate("sentKeys = []; addEventListener('keydown', (event) => sentKeys.push(event.key))")
    annotate.press("c", "r", "Control+z", "Escape", "Shift+N", "Control+z")
    assert annotate.page.evaluate("sentKeys.filter((key) => key.length === 1)") == ["N", "z"]


def test_walking_goes_on_where_a_box_was_deleted(annotate):
    annotate.show().press("n", "n", "n", "Delete", "n", "Delete", "p", "Delete")
    assert [before[:4] for before, _ in annotate.changes()] == [BOXES[2], BOXES[3], BOXES[1]]


def test_the_first_and_the_last_box_are_reached_from_none(annotate):
    annotate.show().press("n", "Delete")
    annotate.show("b.jpg").press("p", "Delete")
    annotate.show("c.jpg", BOXES[:1]).press("n", "Delete", "n", "Delete")
    assert [edits["changes"][0]["before"][:4] for edits in annotate.page.evaluate("sent")] == [
        BOXES[0],
        BOXES[-1],
        BOXES[0],
    ]


def test_keys_mean_the_same_with_caps_lock(annotate):
    annotate.show()
    for key in ("N", "C"):
        annotate.stage.dispatch_event("keydown", {"key": key})
    assert annotate.classes()


def test_nudges_are_sent_before_anything_else_is_clicked(annotate):
    annotate.show().press("n", "ArrowRight", "ArrowRight")
    annotate.page.locator("#before").focus()
    left, top, right, bottom = BOXES[0]
    assert annotate.changes() == [([*BOXES[0], 0], [left + 2, top, right + 2, bottom, 0])]


def test_undo_takes_back_nudges_that_were_not_sent(annotate):
    annotate.show().press("n", "ArrowRight", "Control+z")
    annotate.page.locator("#before").focus()
    assert annotate.changes() == []


def test_each_undo_and_redo_on_the_picture_is_one_of_the_changes_where_there_is_one(annotate):
    annotate.show()
    annotate.page.evaluate("show({ undoes: true }); sentKeys = []")
    annotate.page.evaluate("addEventListener('keydown', (event) => sentKeys.push(event.key))")
    annotate.press("n", "Delete", "Control+z", "Control+z", "Control+Shift+z")
    deletion, *steps = annotate.page.evaluate("sent.at(-1).changes")
    assert deletion["after"] is None
    assert steps == [{"step": "undo"}, {"step": "undo"}, {"step": "redo"}]
    assert not set("zZ") & set(annotate.page.evaluate("sentKeys"))  # the page's buttons do not hear them
    annotate.page.evaluate("show({ undoes: false })")
    annotate.press("Control+z")
    assert "z" in annotate.page.evaluate("sentKeys")


def test_an_undo_that_may_be_saved_is_not_sent_to_another_session(annotate):
    annotate.show()
    annotate.page.evaluate("show({ undoes: true })")
    annotate.press("n", "Delete", "Control+z")
    annotate.show(session="two")
    assert [list(change) for change in annotate.page.evaluate("sent.at(-1).changes")] == [["before", "after"]]


def test_the_browser_asks_before_leaving_what_is_not_saved(annotate):
    leave = "dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    annotate.show().press("n", "ArrowRight")
    assert annotate.page.evaluate(leave) is False
    annotate.show(saved=(annotate.page.evaluate("sent[0].batch"), 1))
    assert annotate.page.evaluate(leave) is True


def test_no_listener_keeps_an_annotator_that_is_gone(annotate):
    annotate.show().press("n", "ArrowRight")
    heard = """() => {
      let heard = 0;
      root.annotator.settle = () => heard++;
      end();
      dispatchEvent(new Event("beforeunload", { cancelable: true }));
      return heard;
    }"""
    assert annotate.page.evaluate(heard) == 1  # one update overtook another, and it is still there
    annotate.page.evaluate("root.host.remove()")
    assert annotate.page.evaluate(heard) == 0


def test_what_is_not_known_to_be_saved_is_sent_again_after_a_while(browser):
    page = browser(BASE_FLAGS).new_page()
    page.clock.install()
    annotate = Annotator(page).show()
    annotate.press("n", "Delete")
    (first,) = page.evaluate("sent")  # to a server that is away
    for minutes, times in ((0.6, 3), (0.5, 3), (0.1, 4)):  # 10 s, 20 s, 40 s: a slow run of the page may end
        page.clock.run_for(minutes * 60_000)
        assert page.evaluate("sent") == [first] * times
    annotate.show(saved=(first["batch"], 1), boxes=BOXES[1:])
    page.clock.run_for(90_000)
    annotate.press("n", "Delete")
    page.clock.run_for(11_000)
    page.evaluate("root.host.remove()")
    page.clock.run_for(90_000)
    assert [len(each["changes"]) for each in page.evaluate("sent.slice(4)")] == [1, 1]
    page.close()


def test_another_session_is_sent_what_is_not_known_to_be_saved(annotate):
    annotate.show().press("n", "Delete", "n", "Delete")
    first = annotate.page.evaluate("sent.at(-1)")
    annotate.show(saved=(first["batch"], 1))
    annotate.show(session="two")
    again = {**first, "session": "two", "saved": 1, "changes": first["changes"][1:]}
    assert annotate.page.evaluate("sent.slice(2)") == [again]
    annotate.show(saved=(first["batch"], 2), session="two")
    annotate.show(session="three")
    annotate.press("n", "Delete")
    annotate.show("b.jpg", session="four")  # what it means by a number may be another
    assert [edits["session"] for edits in annotate.page.evaluate("sent")] == ["one", "one", "two", "three"]


def test_escape_ends_a_drag_without_a_change(annotate):
    annotate.show().press("a")
    annotate.down(300, 200)
    annotate.move(340, 240)
    annotate.press("Escape")
    annotate.page.mouse.up()
    assert annotate.changes() == []
    annotate.drag((300, 200), (340, 240))
    assert [after[:4] for _, after in annotate.changes()] == [[300, 200, 340, 240]]


def test_a_drag_ends_with_its_picture(annotate):
    annotate.show().press("a")
    annotate.down(300, 200)
    annotate.move(340, 240)
    annotate.show("b.jpg")
    annotate.move(360, 260)
    annotate.page.mouse.up()
    assert annotate.changes() == []


@pytest.mark.parametrize("start", [None, (35, 45), (50, 70)], ids=["nudged", "moved", "sized"])
def test_what_is_done_to_a_box_ends_with_it(annotate, start):
    annotate.show().press("n")
    if start:
        annotate.down(*start)
        annotate.move(start[0] + 10, start[1] + 10)
    else:
        annotate.press("ArrowRight")
    annotate.show(boxes=BOXES[1:])  # another change undone, or one refused, meanwhile
    if start:
        annotate.move(start[0] + 20, start[1] + 20)
        annotate.page.mouse.up()
    annotate.page.locator("#before").focus()
    assert annotate.changes() == []
    assert annotate.page.locator("svg .active").count() == 0


@pytest.mark.parametrize(
    "start, box",
    [
        ((26, 26), [30, 20, 42, 32]),  # in the middle: it is moved
        ((31, 31), [20, 20, 42, 32]),  # at the corner: it is sized
        ((21, 31), [30, 20, 32, 32]),
    ],
)
def test_a_small_box_can_be_moved_and_sized(annotate, start, box):
    annotate.show(boxes=[[20, 20, 32, 32]]).press("n")
    annotate.drag(start, (start[0] + 10, start[1]))
    assert [after[:4] for _, after in annotate.changes()] == [box]


def test_hidden_boxes_are_seen_once_one_is_chosen(annotate):
    annotate.show().press("h")
    assert annotate.page.locator("svg").is_hidden()
    annotate.press("n")
    assert annotate.page.locator("svg").is_visible()
