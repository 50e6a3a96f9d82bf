import pytest
from google.protobuf import descriptor_pb2, text_format
from hypothesis import given
from hypothesis import strategies as st

from skushare.errors import ConfigError
from skushare.prototext import DEEPEST, Entry, parse

OPTIONS = st.builds(
    descriptor_pb2.UninterpretedOption,
    string_value=st.none() | st.text().map(lambda text: text.encode()),
    double_value=st.none() | st.floats(allow_nan=False),
    negative_int_value=st.none() | st.integers(-(2**63), 0),
    identifier_value=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
)
FIELDS = st.builds(
    descriptor_pb2.FieldDescriptorProto,
    name=st.none() | st.text(),
    type=st.none() | st.integers(1, 18),
    options=st.none()
    | st.builds(
        descriptor_pb2.FieldOptions,
        packed=st.none() | st.booleans(),
        uninterpreted_option=st.lists(OPTIONS, max_size=2),
    ),
)
MESSAGES = st.recursive(
    st.builds(descriptor_pb2.DescriptorProto, field=st.lists(FIELDS, max_size=2)),
    lambda inner: st.builds(descriptor_pb2.DescriptorProto, nested_type=st.lists(inner, max_size=2)),
    max_leaves=4,
)


def entries(message, path=()):
    """(path, value, quoted) of what Google's own writer has to write of ``message``."""
    fields = message.ListFields()
    if not fields and path:
        yield ".".join(path), None, False
    for field, content in fields:
        for value in content if field.label == field.LABEL_REPEATED else [content]:
            inner = (*path, field.name)
            if field.message_type:
                yield from entries(value, inner)
            elif field.enum_type:
                yield ".".join(inner), field.enum_type.values_by_number[value].name, False
            elif field.cpp_type == field.CPPTYPE_STRING:
                yield ".".join(inner), value.decode() if isinstance(value, bytes) else value, True
            elif field.cpp_type == field.CPPTYPE_BOOL:
                yield ".".join(inner), str(value).lower(), False
            else:
                yield ".".join(inner), value, False


@given(MESSAGES, st.booleans(), st.booleans())
def test_what_protobuf_writes_is_read(message, pointy, one_line):
    text = text_format.MessageToString(message, pointy_brackets=pointy, as_one_line=one_line)
    assert [(e.path, e.value, e.quoted) for e in parse(text)] == list(entries(message))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("# only a comment", []),
        ("a: 1, b: .5; c: 1e-8", [("a", 1), ("b", 0.5), ("c", 1e-8)]),
        ("a { b: X # why\n c {} }", [("a.b", "X"), ("a.c", None)]),
        ("a: < b: 'it''s' >", [("a.b", "its")]),
        ("a: [1, 2.0] a: []", [("a", 1), ("a", 2.0)]),
    ],
)
def test_the_liberties_of_the_format(text, found):
    assert [(entry.path, entry.value) for entry in parse(text)] == found


def test_lines_are_told():
    assert parse("a {\n\n  b: 1\n}\nc {\n}") == [Entry("a.b", 1, 3), Entry("c", None, 5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", 'Expected ":" after "a"'),
        ("a {\n b: 1", 'line 1: "a" has no closing "}"'),
        ("a {\n b: }", "line 2"),
        ("a: 1 }", "line 1"),
        ("a: [1 2]", "line 1"),
        ("a: [1,", "line 1"),
        ("a: 'open", "line 1"),
        ("[an.extension]: 1", "line 1"),
        ("a {" * (DEEPEST + 1), f"more than {DEEPEST}"),
    ],
)
def test_a_fault_is_told_with_its_line(text, message):
    with pytest.raises(ConfigError) as error:
        parse(text)
    assert message in str(error.value)


@given(st.text("ab{}<>[]:;,#'\"\\ \n019.-eé\0"))
def test_any_other_text_is_refused(text):
    try:
        parse(text)
    except ConfigError as error:
        assert "line" in str(error)
