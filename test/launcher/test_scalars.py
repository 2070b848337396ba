"""Plain scalars of an override (test/tables/scalars.json): text as it is spelled, or refused where readers of YAML differ."""
import json
import pathlib

import pytest
import yaml
from volumes import generate, load, module

TABLE = json.loads(pathlib.Path(__file__).parent.parent.joinpath("tables/scalars.json").read_text())
ALL = [(source, meaning) for meaning, sources in TABLE.items() for source in sources]
PLACES = ["app: {a: VALUE }", "app: {a: [1, VALUE ]}", "programs: {web: {numprocesses: VALUE }}", "app: {a: {VALUE : 1}}"]
# `<<` as a key is a merge key, which is refused with other words.
ODD = [(source, place) for source in TABLE["odd"] for place in PLACES if source != "<<" or "{VALUE" not in place]
SPELLED = [source for source, meaning in ALL if meaning != "null" or source.startswith("N")]


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    """Return the modules of the generated launcher, and a function that loads the data of an override."""
    package = pathlib.Path(generate(tmp_path_factory.mktemp("scalars")))
    load(package)
    modules = {name: module(name) for name in ("scalars", "places", "plain_yaml", "schema", "pillar")}
    place = modules["places"].Pillar(modules["schema"].data_schema())

    def data(text):
        return modules["plain_yaml"].load(f"makina-projects.demo:\n  data:\n    {text}\n", place)["makina-projects.demo"]["data"]

    return modules, data


@pytest.mark.parametrize("source, meaning", ALL)
def test_what_a_scalar_is(parts, source, meaning):
    assert parts[0]["scalars"].meaning(source) == meaning


@pytest.mark.parametrize("source", SPELLED)
def test_text_is_taken_as_it_is_spelled_and_comes_back_from_what_salt_reads(parts, source):
    modules, data = parts
    read = data(f"programs: {{web: {{env: {{A: {source} }}, args: [ {source} ]}}}}")
    assert read == {"programs": {"web": {"env": {"A": source}, "args": [source]}}}
    assert yaml.safe_load(modules["pillar"].override_text(read)) == read


@pytest.mark.parametrize("source, place", ODD)
def test_what_readers_differ_about_is_refused_with_its_place(parts, source, place):
    with pytest.raises(yaml.constructor.ConstructorError) as caught:
        parts[1](place.replace("VALUE", source))
    assert "quote it" in caught.value.problem and caught.value.problem_mark.line == 2 and source not in caught.value.problem.split()


@pytest.mark.parametrize("source", TABLE["number"] + TABLE["boolean"] + TABLE["text"])
def test_the_rest_is_what_it_seems_to_be(parts, source):
    value = source if source in TABLE["text"] else json.loads(source.lower())
    read = parts[1](f"app: {{a: {source} }}")["app"]["a"]
    assert read == value and type(read) is type(value)


@pytest.fixture
def tell(parts, tmp_path, monkeypatch):
    """Return a function that tells what is wrong with the text of a built-in pillar, None if nothing is."""
    texts, errors = (module(name) for name in ("pillar_texts", "errors"))
    project = module("project").Project("demo")
    project.pillar_root = str(tmp_path)
    monkeypatch.setattr(texts, "CUSTOM_SLS", str(tmp_path / "custom.sls"))

    def tell(text, name="more.sls"):
        (tmp_path / name).write_text(text)
        try:
            texts.check_texts(project, lambda text, renderers: text.replace("{{ x }}", "0644") if renderers == "jinja" else None)
        except errors.LaunchError as error:
            assert error.code == 78
            return str(error).replace(str(tmp_path) + "/", "")

    return tell


PILLAR = "makina-projects.demo:\n  data:\n    %s\n"


@pytest.mark.parametrize("source", [*TABLE["odd"], "{{ x }}"])
def test_a_built_in_pillar_is_looked_at_as_salt_renders_it(tell, source):
    assert tell(PILLAR % f"app: {{a: {source} }}").startswith("more.sls:3:14: data.app.a is a value that YAML readers")
    assert tell(PILLAR % f"app: {{a: {source} }}", "custom.sls").startswith("custom.sls:3:14: data.app.a is a value that YAML readers")


@pytest.mark.parametrize("source", [*TABLE["odd"], *TABLE["number"], *TABLE["boolean"]])
def test_text_of_a_pillar_needs_quotes(tell, source):
    assert "quote it" in tell(PILLAR % f"programs: {{web: {{args: [ {source} ]}}}}")
    assert tell(PILLAR % f"programs: {{web: {{args: ['{source}']}}}}") is None


@pytest.mark.parametrize(
    "text",
    [PILLAR % "app: {a: 1, b: true, c: x, d: null}", "other: {a: 0644, 1: no, b: 2001-01-01}\n", "#!py\ndef run(): return {}\n", "{% broken", "a: [", ""],
)
def test_the_rest_of_a_pillar_is_salts(tell, text):
    assert tell(text) is None


def test_a_pillar_says_its_renderers(tell):
    assert tell("#!yaml\n" + PILLAR % "app: {a: 0644}").startswith("more.sls:4:14:")
    assert tell("#!yaml\n" + PILLAR % "app: {a: '{{ x }}'}") is None
    assert tell("#!jinja | yaml\n" + PILLAR % "app: {a: {{ x }} }").startswith("more.sls:4:14:")
