"""Which settings are secrets, and that nothing of them is left in what is shown."""
import json
import os
import random

import pytest
from fixtures import NEEDS_ROOT, package, part, world  # noqa: F401

pytestmark = NEEDS_ROOT


@pytest.mark.parametrize("key", "password dbPassword DB_PASSWORD passwd user_pwd secret SECRET_KEY client_secret api_key apiKey access-key key ssl_key private token tokens credentials dsn passphrase htpasswd auth_basic_users".split())  # fmt: skip
def test_a_name_of_a_secret_hides_it_and_all_below(package, key):  # noqa: F811
    hidden = part("hidden")
    for path in (("app", key), ("app", key, "primary"), ("programs", "web", "env", key)):
        assert hidden.is_secret(path, ())
        assert hidden.without_secrets("text", path, (), ()) == "***"
        assert hidden.without_secrets({"a": [1, {"b": "x"}]}, path, (), ()) == "***"


@pytest.mark.parametrize("key", "ssl_cert auth_basic keys keyboard monkey key_file key_url passes compass author title cmd env_from copy_env".split())  # fmt: skip
def test_other_names_hide_nothing(package, key):  # noqa: F811
    assert not part("hidden").is_secret(("app", key), ())


@pytest.mark.parametrize("key", ("proxy_pass", "fastcgi_pass", "uwsgi_pass"))
def test_an_address_of_nginx_is_shown_without_its_password(package, key):  # noqa: F811
    hidden = part("hidden")
    path = ("vhosts", "localhost", "locations", "/", key)
    assert hidden.without_secrets("http://127.0.0.1:8000", path, (), ()) == "http://127.0.0.1:8000"
    assert hidden.without_secrets("http://me:abc@db", path, (), ()) == "http://me:***@db"
    assert hidden.is_secret(("app", key), ()) and hidden.is_secret(path, {path})
    assert hidden.is_secret(("vhosts", "localhost", "locations", "/token", key), ())


def test_what_env_from_names_is_a_secret_and_env_from_is_none(package):  # noqa: F811
    hidden = part("hidden")
    data = {"programs": {"web": {"env_from": {"DB_PASSWORD": "app:db:word"}}, "gone": None}, "crons": {"x": {"env_from": {"A": "app:one"}}}}
    secrets = hidden.secret_paths(data)
    assert secrets == {("app", "db", "word"), ("app", "one")}
    assert hidden.is_secret(("app", "db", "word"), secrets) and hidden.is_secret(("app", "one", "below"), secrets)
    assert not hidden.is_secret(("app", "db"), secrets) and not hidden.is_secret(("programs", "web", "env_from", "DB_PASSWORD"), secrets)
    assert hidden.secret_paths({"programs": None}) == set()
    # What all entries share stands only in their defaults.
    shared = {kind: {"env_from": {"A": f"app:{kind}"}} for kind in ("program_defaults", "cron_defaults")}
    assert hidden.secret_paths({"programs": {"web": {}}, **shared}) == {("app", "program_defaults"), ("app", "cron_defaults")}


@pytest.mark.parametrize(
    "text, shown",
    [
        ("postgres://shop:hunter2@db/shop", "postgres://shop:***@db/shop"),
        ("redis://:hunter2@cache:6379", "redis://:***@cache:6379"),
        ("https://example.com:8443/a@b", "https://example.com:8443/a@b"),
        ("tool --password=hunter2 --user=me", "tool --password=*** --user=me"),
        ("curl -H 'X-Token: hunter2' http://a", "curl -H 'X-Token: ***' http://a"),
        ('{"api_key": "hunter2", "a": 1}', '{"api_key": "***", "a": 1}'),
        ("knows abcdef and abcdefgh", "knows *** and ***"),
    ],
)
def test_a_secret_inside_of_a_text_is_hidden(package, text, shown):  # noqa: F811
    assert part("hidden").without_secrets(text, ("app", "x"), (), ["abcdefgh", "abcdef"]) == shown


def test_no_known_secret_is_left_anywhere(package):  # noqa: F811
    hidden = part("hidden")
    seed = int(os.environ.get("SEED", random.randrange(10**9)))
    print("SEED=%d" % seed)
    chance = random.Random(seed)

    def value(depth):
        kind = chance.randrange(5 if depth else 3)
        if kind < 3:
            return chance.choice(["text", 7, True, None, "a %s b" % chance.choice(known), chance.choice(known), 123456789])
        below = [value(depth - 1) for _ in range(chance.randrange(4))]
        return below if kind == 3 else {chance.choice("abcdefgh"): each for each in below}

    for _ in range(300):
        known = ["".join(chance.choices("xyz\\\"'é$(){} ", k=chance.randrange(5, 12))) for _ in range(3)] + ["123456789"]
        known.sort(key=len, reverse=True)
        shown = json.dumps(hidden.without_secrets({"app": value(4)}, (), (), known), ensure_ascii=False)
        for text in known:
            assert json.dumps(text, ensure_ascii=False)[1:-1] not in shown


def test_what_is_nothing_is_shown(package):  # noqa: F811
    for nothing in (None, True, False, "", [], {}):
        assert part("hidden").without_secrets(nothing, ("password",), (), ()) == nothing
