"""The library: sites of folders and of routes, in memory and on disk, side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from staticroutes import Route, Site, StaticRoutesError
from staticroutes.errors import ConfigError, SiteErrors


def project(folder: Path, word: str) -> Path:
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "words.py").write_text(f"WORD = {word!r}\n")
    (folder / "app" / "[n].json").mkdir(parents=True)
    (folder / "app" / "[n].json" / "route.py").write_text(
        "import asyncio\n"
        "def generate_static_params():\n"
        "    return [{'n': n} for n in range(20)]\n"
        "async def GET(request, context):\n"
        "    await asyncio.sleep(0.002)\n"
        "    from lib.words import WORD\n"
        "    return {'word': WORD, 'n': context.params['n']}\n"
    )
    return folder


def test_two_sites_built_at_once_find_their_own_modules(tmp_path: Path) -> None:
    one, two = Site.load(project(tmp_path / "a", "one")), Site.load(project(tmp_path / "b", "two"))

    async def main() -> None:
        results = await asyncio.gather(one.abuild(tmp_path / "o1"), two.abuild(tmp_path / "o2"))
        assert all(result.ok for result in results), [result.failures for result in results]

    asyncio.run(main())
    assert {file.read_text().count("one") for file in (tmp_path / "o1").glob("*.json")} == {1}
    assert {file.read_text().count("two") for file in (tmp_path / "o2").glob("*.json")} == {1}


def test_a_site_of_routes_needs_no_folder(tmp_path: Path) -> None:
    site = Site(
        config={"base_path": "/docs"}, routes=[Route("/x.json", GET=lambda: {"a": 1}, dynamic="auto")]
    )

    @site.route("/search-index.json")
    def search_index() -> list[str]:
        return ["a"]

    @site.route("/posts/[slug].txt", generate_static_params=lambda: [{"slug": "a"}, {"slug": "b"}])
    def post(request: object, context: object) -> str:
        return context.params["slug"]  # type: ignore[attr-defined,no-any-return]

    assert {path: response.text for path, response in site.render_all().items()} == {
        "/posts/a.txt": "a",
        "/posts/b.txt": "b",
        "/search-index.json": '["a"]',
        "/x.json": '{"a":1}',
    }
    result = site.build(tmp_path / "out")
    assert result.ok
    assert [(output.path, output.pattern) for output in result.outputs] == [
        ("/posts/a.txt", "/posts/[slug].txt"),
        ("/posts/b.txt", "/posts/[slug].txt"),
        ("/search-index.json", "/search-index.json"),
        ("/x.json", "/x.json"),
    ]
    assert (tmp_path / "out" / "posts" / "a.txt").read_text() == "a"
    with pytest.raises(ConfigError, match="where to build"):
        site.build()


def test_iter_build_yields_every_outcome_and_returns_the_result(tmp_path: Path) -> None:
    def fails() -> None:
        raise ValueError("bad")

    site = Site(
        routes=[
            Route("/a.txt", GET=lambda: "a"),
            Route("/b.txt", GET=lambda request: request.url),
            Route("/c.txt", GET=fails),
        ]
    )
    progress = site.iter_build(tmp_path / "out")
    kinds = []
    while True:
        try:
            kinds.append(type(next(progress)).__name__)
        except StopIteration as end:
            result = end.value
            break
    assert sorted(kinds) == ["Dynamic", "Failed", "Row"]
    assert not result.ok
    assert [failed.path for failed in result.failures] == ["/c.txt"]
    assert [row["pattern"] for row in result.dynamic] == ["/b.txt"]
    assert not (tmp_path / "out").exists()


def test_render_says_why_it_cannot() -> None:
    site = Site(routes=[Route("/a", GET=lambda request: request.headers), Route("/b", GET=lambda: None)])
    for path, said in (("/a", "dynamic"), ("/b", "None"), ("/c", "no route")):
        with pytest.raises(StaticRoutesError, match=said):
            site.render(path)
    with pytest.raises(SiteErrors):
        site.render_all()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: Route("x", GET=lambda: 1), "starts with /", id="no-slash"),
        pytest.param(lambda: Route("/x", get=lambda: 1), "no 'get'", id="unknown-name"),
        pytest.param(lambda: Route("/x"), "no handler", id="no-handler"),
        pytest.param(lambda: Route("/x", GET=lambda: 1, dynamic="bogus"), "must be one of", id="bad-option"),
        pytest.param(lambda: Route("/[x]/[x]", GET=lambda: 1), "twice", id="bad-pattern"),
        pytest.param(lambda: Site(config={"basepath": "/x"}), "base_path", id="config"),
        pytest.param(lambda: Site.load("/nowhere/at/all"), "no folder", id="folder"),
    ],
)
def test_mistakes_are_named(make: object, said: str) -> None:
    with pytest.raises(StaticRoutesError, match=said):
        make()  # type: ignore[operator]
