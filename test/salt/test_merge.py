"""The merge and the {name} interpolation: properties, and the rules one by one."""
import os
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, os.path.join(os.environ["MAKINA_BASE"], "makina-states"))
from mc_states.project.merge import interpolate, merge, references  # noqa: E402

# Small and steady, however busy the machine is.
settings.register_profile("salt", max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("salt")

names = st.sampled_from("abcd")
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
trees = st.recursive(scalars, lambda below: st.lists(below, max_size=3) | st.dictionaries(names, below, max_size=3), max_leaves=8)
dicts = st.dictionaries(names, trees, max_size=4)
templates = st.lists(st.sampled_from(["{a}", "{b}", "{c}", "{x}", "{", "}", "{a:b}", "é", " "]), max_size=4).map("".join)
tables = st.dictionaries(names, templates | st.integers() | st.lists(templates, max_size=2), max_size=4)


@given(dicts, dicts)
def test_merge_holds_every_key_and_the_higher_leaf_wins(low, high):
    merged = merge(low, high)
    assert set(merged) == set(low) | set(high)
    for key, value in high.items():
        if isinstance(value, dict) and isinstance(low.get(key), dict):
            assert merged[key] == merge(low[key], value)
        else:
            assert merged[key] == value


@given(dicts, dicts, dicts)
def test_merge_layer_by_layer_is_the_same(one, two, three):
    assert merge(one, two, three) == merge(merge(one, two), three)
    assert merge(one, one) == one


@given(dicts, dicts)
def test_merge_shares_nothing_with_its_layers(low, high):
    before = repr((low, high))
    scribble(merge(low, high))
    assert repr((low, high)) == before


def scribble(value):
    for item in list(value.values() if isinstance(value, dict) else value):
        if isinstance(item, (dict, list)):
            scribble(item)
    value.update(z=1) if isinstance(value, dict) else value.append(1)


@given(trees)
def test_values_without_references_stay(tree):
    if not references(tree):
        assert interpolate(tree, {"a": "A"}) == tree


@given(tables)
def test_interpolation_is_finished_in_one_go(table):
    done = interpolate(table, table)
    acyclic = all(not references(value) & set(table) for value in done.values())
    if acyclic:
        assert interpolate(done, done) == done
    assert set(done) == set(table)


@given(st.text(), st.text(alphabet="xyz é\"'#%\n"))
def test_inserted_text_is_taken_as_it_is(around, value):
    around = around.replace("{", "").replace("}", "")
    assert interpolate(around + "{k}" + around, {"k": value}) == around + value + around


@pytest.mark.parametrize(
    "value, table, expected",
    [
        ("{x}", {"x": "y"}, "y"),
        ("{x}", {"x": 1}, "1"),
        (1, {"x": 1}, 1),
        ("{x}", {"x": [1, "{y}"], "y": "z"}, [1, "z"]),
        ("{x}", {"x": {"k": "{y}"}, "y": "z"}, {"k": "z"}),
        ("a {x}", {"x": [1, 2]}, "a [1, 2]"),
        ("{x}", {"x": "{y}", "y": "{z}", "z": "end"}, "end"),
        ("{unknown} {x}", {"x": "y"}, "{unknown} y"),
        ('{"x": 1}', {"x": "y", '"x"': "z"}, '{"x": 1}'),
        ("{a}", {"a": "{b}", "b": "{a}"}, "{a}"),
        ("{a}", {"a": "x{a}"}, "{a}"),
        ("{d}", {"d": "D {a}", "a": "{b}", "b": "{a}"}, "D {a}"),
        ({"{x}": "{x}"}, {"x": "y"}, {"{x}": "y"}),
        (["{x}", ["{x}"]], {"x": "y"}, ["y", ["y"]]),
        ("{x.y}", {"x": {"y": 1}}, "{x.y}"),
        ("{{x}}", {"x": "y"}, "{y}"),
    ],
)
def test_interpolation_rule(value, table, expected):
    assert interpolate(value, table) == expected


def test_references_that_double_are_stopped():
    table = {f"k{i}": "{k%d}{k%d}" % (i + 1, i + 1) for i in range(60)}
    table["k60"] = "0123456789"
    with pytest.raises(ValueError, match="longer than"):
        interpolate("{k0}", table)


@pytest.mark.parametrize("reference", ["{big}", "x {big}", "{big}{big}{big}"])
@pytest.mark.parametrize("many", [lambda text: [text] * 3000, lambda text: {str(key): text for key in range(3000)}, lambda text: text * 3000])
def test_references_that_copy_a_tree_often_are_stopped(reference, many):
    data = {"big": list(range(20000)), "many": many(reference)}
    with pytest.raises(ValueError, match="references of the settings add more than|longer than"):
        interpolate(data, data)


def test_references_within_what_is_referred_to_count_too():
    data = {"k0": ["x" * 100] * 10, **{f"k{i}": [f"{{k{i - 1}}}"] * 10 for i in range(1, 9)}}
    with pytest.raises(ValueError, match="references of the settings add more than"):
        interpolate(data, data)


def test_an_ordinary_number_of_references_is_none_too_many():
    data = {"folder": "/srv/projects/demo/data", "tree": {"a": list(range(100))}, "many": ["{folder}/x"] * 20000, "copies": ["{tree}"] * 1000}
    assert interpolate(data, data)["copies"][999] == data["tree"]
