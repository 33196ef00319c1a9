"""The configuration: sources, precedence, and what is refused."""

from __future__ import annotations

import pytest

from staticroutes.config import Budgets, Config
from staticroutes.errors import ConfigError


def load(tmp_path, text="", overrides=None, environ=None, name="staticroutes.yaml"):
    if text:
        (tmp_path / name).write_text(text, encoding="utf-8")
    return Config.load(str(tmp_path), overrides, environ=environ)


def test_nothing_is_needed(tmp_path):
    config = load(tmp_path)
    assert config == Config()
    assert (config.out_dir, config.public_dir, config.timeout, config.concurrency) == (
        "out",
        "public",
        60.0,
        64,
    )
    assert (config.base_url, config.base_path, config.trailing_slash, config.on_error) == (
        None,
        "",
        False,
        "fail",
    )
    assert config.cache_components is True and config.strict is False and config.jobs is None


@pytest.mark.parametrize("text", ["# nothing", "{}", "---", "null"])
def test_an_empty_file_is_none(tmp_path, text):
    assert load(tmp_path, text) == Config()


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        pytest.param("base_url: https://example.com", "base_url", "https://example.com", id="base_url"),
        pytest.param(
            "base_url: https://example.com/", "base_url", "https://example.com", id="base_url-slash"
        ),
        pytest.param(
            "base_url: http://localhost:8000", "base_url", "http://localhost:8000", id="base_url-port"
        ),
        pytest.param("base_path: /docs", "base_path", "/docs", id="base_path"),
        pytest.param("base_path: /docs/v1/", "base_path", "/docs/v1", id="base_path-slash"),
        pytest.param("base_path: /", "base_path", "", id="base_path-root"),
        pytest.param("trailing_slash: yes", "trailing_slash", True, id="trailing_slash"),
        pytest.param("cache_components: false", "cache_components", False, id="cache_components"),
        pytest.param("on_error: warn", "on_error", "warn", id="on_error"),
        pytest.param("jobs: 3", "jobs", 3, id="jobs"),
        pytest.param("jobs:", "jobs", None, id="jobs-none"),
        pytest.param("timeout: 0.5", "timeout", 0.5, id="timeout"),
        pytest.param("timeout: 10", "timeout", 10.0, id="timeout-whole"),
        pytest.param("app_dir: routes", "app_dir", "routes", id="app_dir"),
        pytest.param("cache: {backend: filesystem}", "cache", {"backend": "filesystem"}, id="cache"),
        pytest.param("host:", "host", (), id="host-empty"),
        pytest.param("allowed_hosts: example.com", "allowed_hosts", ("example.com",), id="one-name"),
        pytest.param(
            "allowed_hosts: [a.example, b.example]", "allowed_hosts", ("a.example", "b.example"), id="names"
        ),
        pytest.param("max_body_size: 0", "max_body_size", 0, id="max_body_size"),
        pytest.param("budgets: {max_outputs: 3}", "budgets", Budgets(max_outputs=3), id="budgets"),
        pytest.param(
            "budgets:\n  /a: {min_outputs: 1}",
            "budgets",
            Budgets(routes={"/a": Budgets(min_outputs=1)}),
            id="route-budgets",
        ),
        pytest.param(
            "redirects: [{source: /a, destination: /b, status: 301}]",
            "redirects",
            ({"source": "/a", "destination": "/b", "status": 301},),
            id="redirects",
        ),
    ],
)
def test_values(tmp_path, text, key, value):
    found = getattr(load(tmp_path, text), key)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("base_url: example.com", "scheme and host", id="base_url-no-scheme"),
        pytest.param("base_url: https://example.com/docs", "base_path", id="base_url-with-path"),
        pytest.param(
            "base_url: https://me:secret@example.com", "scheme and host", id="base_url-with-password"
        ),
        pytest.param("base_url: 7", "base_url is 7", id="base_url-number"),
        pytest.param("base_path: docs", "such as /docs", id="base_path-relative"),
        pytest.param("base_path: /../x", "such as /docs", id="base_path-dots"),
        pytest.param("base_path: /a b", "such as /docs", id="base_path-space"),
        pytest.param("trailing_slash: maybe", "true or false", id="flag"),
        pytest.param("trailing_slash: 1", "true or false", id="flag-number"),
        pytest.param("jobs: 0", "from 1", id="jobs-zero"),
        pytest.param("jobs: true", "from 1", id="jobs-bool"),
        pytest.param("jobs: 1.5", "from 1", id="jobs-part"),
        pytest.param("timeout: 0", "above 0", id="timeout-zero"),
        pytest.param("timeout: true", "above 0", id="timeout-bool"),
        pytest.param("timeout: .inf", "above 0", id="timeout-infinite"),
        pytest.param("timeout: .nan", "above 0", id="timeout-nan"),
        pytest.param("on_error: ignore", "one of fail, warn", id="on_error"),
        pytest.param("out_dir: ''", "a text is wanted", id="empty"),
        pytest.param("out_dir: [a]", "a text is wanted", id="list"),
        pytest.param("budgets: {max_outputs: -1}", "from 0", id="budget-negative"),
        pytest.param("budgets: {max_outputs: true}", "from 0", id="budget-bool"),
        pytest.param("budgets: 3", "a mapping", id="budgets-number"),
        pytest.param("budgets: {/a: {/b: {max_outputs: 1}}}", "limits only", id="budget-nested"),
        pytest.param("redirects: {source: /a}", "a list", id="redirects-mapping"),
        pytest.param("redirects: [/a]", "entry 1 is no mapping", id="redirects-text"),
        pytest.param("redirects: [{source: /a}]", "entry 1 has no destination", id="redirects-short"),
        pytest.param("redirects: [{source: a, destination: /b}]", "starts with /", id="redirects-relative"),
        pytest.param("redirects: [{source: /a, destination: /b, status: 200}]", "301", id="redirects-status"),
        pytest.param("redirects: [{source: /a, destination: 2020-01-01}]", "a text", id="redirects-date"),
        pytest.param(
            "redirects: [{source: /a, destination: /b, has: [{type: ip}]}]", "one of header", id="has"
        ),
        pytest.param(
            "rewrites: [{source: /a, destination: /b, permanent: true}]", "'permanent'", id="rewrites"
        ),
        pytest.param("headers: [{source: /a, headers: {a: b}}]", "a list", id="headers-mapping"),
        pytest.param("headers: [{source: /a, headers: [{key: 'a b', value: c}]}]", "'a b'", id="header-name"),
        pytest.param(
            'headers: [{source: /a, headers: [{key: a, value: "b\\nc"}]}]', "one line", id="header-value"
        ),
        pytest.param(
            "headers: [{source: /a, headers: [{key: a, value: 1}]}]", "one line", id="header-number"
        ),
        pytest.param("lock: {max_shrink: 2}", "from 0 to 1", id="lock"),
        pytest.param("1: 2", "unknown key 1", id="key-number"),
        pytest.param("jobs: 1\njobs: 2", "twice", id="key-twice"),
        pytest.param("a: b: c", "staticroutes.yaml:1", id="not-yaml"),
        pytest.param("x: !!python/object/apply:os.system [true]", "staticroutes.yaml:1", id="python-object"),
        pytest.param("- a", "must be a mapping", id="not-a-mapping"),
        pytest.param("a: &a [*a]", "", id="cycle"),
    ],
)
def test_mistakes(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert said in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_deep_nesting_is_no_crash(tmp_path):
    with pytest.raises(ConfigError):
        load(tmp_path, "[" * 100_000)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "staticroutes.yaml").write_bytes(b"base_url: \xff\xfe")
    with pytest.raises(ConfigError, match="not YAML"):
        Config.load(str(tmp_path))
    (tmp_path / "staticroutes.yaml").unlink()
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.staticroutes]\nbase_url = '\xff'")
    with pytest.raises(ConfigError, match="not TOML"):
        Config.load(str(tmp_path))


def test_all_mistakes_are_reported_together(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "jbos: 1\ntimeout: 0\non_error: x", {"base_url": "y"}, {"STATICROUTES_JOBS": "z"})
    text = str(caught.value)
    for said in (
        "did you mean jobs?",
        "timeout is 0",
        "on_error is 'x'",
        "base_url is 'y'",
        "STATICROUTES_JOBS",
    ):
        assert said in text


def test_precedence(tmp_path):
    environ = {"STATICROUTES_OUT": "env", "STATICROUTES_JOBS": "2"}
    assert load(tmp_path, "out_dir: file\njobs: 1\ntimeout: 5", {}, environ) == Config(
        out_dir="env", jobs=2, timeout=5.0
    )
    given = load(tmp_path, "", {"out_dir": "option", "jobs": None}, environ)
    assert (given.out_dir, given.jobs) == ("option", 2)


def test_variables_are_read_only_where_they_are_given(tmp_path, monkeypatch):
    monkeypatch.setenv("STATICROUTES_OUT", "env")
    assert Config.load(str(tmp_path)).out_dir == "out"


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("STATICROUTES_BASE_URL", "https://e.example", "base_url", "https://e.example"),
        ("STATICROUTES_OUT", "x", "out_dir", "x"),
        ("STATICROUTES_JOBS", "7", "jobs", 7),
        ("STATICROUTES_TIMEOUT", "1.5", "timeout", 1.5),
        ("STATICROUTES_STRICT", "true", "strict", True),
        ("STATICROUTES_STRICT", "0", "strict", False),
        ("STATICROUTES_ON_ERROR", "warn", "on_error", "warn"),
        ("STATICROUTES_BASE_PATH", "/docs", "base_path", "/docs"),
    ],
)
def test_variables(tmp_path, name, text, key, value):
    assert getattr(load(tmp_path, "", None, {name: text}), key) == value


def test_pyproject(tmp_path):
    config = load(tmp_path, "[tool.staticroutes]\njobs = 2\n[tool.other]\nx = 1", name="pyproject.toml")
    assert config.jobs == 2


@pytest.mark.parametrize(
    "text", ["[project]\nname = 'staticroutes-site'", "[tool.other]\nx = 1", "tool = 1 # staticroutes"]
)
def test_a_pyproject_of_others(tmp_path, text):
    assert load(tmp_path, text, name="pyproject.toml") == Config()


def test_two_configurations_are_refused(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.staticroutes]\njobs = 2")
    with pytest.raises(ConfigError, match=r"staticroutes.yaml and pyproject.toml"):
        load(tmp_path, "jobs: 1")


def test_another_file(tmp_path):
    (tmp_path / "other.toml").write_text("[tool.staticroutes]\njobs = 5")
    (tmp_path / "other.yaml").write_text("jobs: 6")
    (tmp_path / "staticroutes.yaml").write_text("jobs: 1")
    assert Config.load(str(tmp_path), file=str(tmp_path / "other.toml")).jobs == 5
    assert Config.load(str(tmp_path), file=str(tmp_path / "other.yaml")).jobs == 6
    with pytest.raises(ConfigError, match="there is no configuration file"):
        Config.load(str(tmp_path), file=str(tmp_path / "none.yaml"))


def test_a_configuration_that_cannot_be_read(tmp_path):
    (tmp_path / "x.yaml").mkdir()
    with pytest.raises(ConfigError):
        Config.load(str(tmp_path), file=str(tmp_path / "x.yaml"))


def test_a_configuration_is_a_value():
    config = Config(jobs=2)
    with pytest.raises(AttributeError):
        config.jobs = 3  # type: ignore[misc]


def test_every_key_is_checked():
    from dataclasses import fields

    from staticroutes import config

    assert set(config._CHECKS) == {field.name for field in fields(Config)}
