"""The ledger of a build to the values of its manifest."""

from __future__ import annotations

from typing import Any

from staticroutes._version import __version__
from staticroutes.config import Config
from staticroutes.ledger import Ledger, RouteAccount
from staticroutes.output.manifest import VERSION
from staticroutes.prerender.outcomes import Reason
from staticroutes.routing.loading import Route
from staticroutes.routing.table import RouteTable

GENERATOR = f"staticroutes {__version__}"


def describe(
    ledger: Ledger, config: Config, table: RouteTable[Route], previous: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The manifest of a build; CONTRACT section 10 has its fields.

    ``previous`` is the last manifest where only a part was built now: routes of which nothing was built
    keep what it says of them.
    """
    routes: list[dict[str, Any]] = []
    dynamic: list[dict[str, Any]] = []
    kept = {row["pattern"]: row for row in (previous or {}).get("routes", [])}
    for account in ledger.accounts:
        row = route_row(account)
        untouched = account.left is None and not account.left_paths
        if untouched and account.pattern in kept and kept[account.pattern].get("render") != "static":
            row["render"] = kept[account.pattern]["render"]
            dynamic += [
                old for old in (previous or {}).get("dynamic", []) if old["pattern"] == account.pattern
            ]
        else:
            dynamic += dynamic_rows(account)
        routes.append(row)
    routes.sort(key=lambda row: (row["pattern"], row["source"]))
    dynamic.sort(key=lambda row: (row["pattern"], row["reason"]["code"], row.get("paths", [])))
    return {
        "version": VERSION,
        "generator": GENERATOR,
        "base_url": config.base_url,
        "base_path": config.base_path,
        "trailing_slash": config.trailing_slash,
        "routes": routes,
        "dynamic": dynamic,
        "redirects": [dict(rule) for rule in config.redirects],
        "rewrites": [dict(rule) for rule in config.rewrites],
        "headers": [dict(rule) for rule in config.headers],
        "totals": {
            "outputs": ledger.records.count,
            "bytes": ledger.records.bytes,
            "static_routes": sum(row["render"] == "static" for row in routes),
            "dynamic_routes": sum(row["render"] != "static" for row in routes),
        },
    }


def route_row(account: RouteAccount) -> dict[str, Any]:
    """The row of a route in the manifest's ``routes``."""
    route = account.route
    options = route.options if route else None
    return {
        "pattern": account.pattern,
        "regex": route.pattern.regex if route else f"^{literal_regex(account.pattern)}$",
        "source": account.source,
        "kind": account.kind,
        "methods": route.methods if route else ["GET", "HEAD", "OPTIONS"],
        "render": account.render,
        "dynamic": options.dynamic if options else "auto",
        "dynamic_params": options.dynamic_params if options else True,
        "revalidate": options.revalidate if options else False,
        "outputs": account.outputs,
    }


def dynamic_rows(account: RouteAccount) -> list[dict[str, Any]]:
    """The rows of a route in the manifest's ``dynamic``: one for each reason."""
    route = account.route
    if route is None:
        return []
    if account.left is not None:
        return [_dynamic_row(account, route, route.methods, account.left)]
    rows = []
    if account.render == "dynamic":
        # Every URL turned out to need a request: the route is dynamic, for the first of its reasons.
        reason = min(account.left_paths, key=lambda reason: (reason.code, reason.at or "", reason.message))
        return [_dynamic_row(account, route, route.methods, reason)]
    for reason, paths in account.left_paths.items():
        rows.append({**_dynamic_row(account, route, route.methods, reason), "paths": sorted(paths)})
    others = sorted(set(route.handlers) - {"GET", "HEAD"})
    if others:
        message = f"{', '.join(others)} beside a static GET"
        reason = Reason("method", message, None, None)
        rows.append(_dynamic_row(account, route, sorted({*others, "OPTIONS"}), reason))
    if route.pattern.params and route.options.dynamic_params:
        reason = Reason(
            "dynamic-params",
            "values that generate_static_params does not list are rendered at request time",
            None,
            "dynamic_params = False answers them with 404",
        )
        rows.append(_dynamic_row(account, route, route.methods, reason))
    return rows


def _dynamic_row(account: RouteAccount, route: Route, methods: list[str], reason: Reason) -> dict[str, Any]:
    return {
        "pattern": account.pattern,
        "regex": route.pattern.regex,
        "source": account.source,
        "kind": account.kind,
        "methods": methods,
        "reason": {"code": reason.code, "message": reason.message, "at": reason.at, "hint": reason.hint},
    }


def literal_regex(path: str) -> str:
    """A literal path as part of a regular expression of both languages."""
    return "".join("\\" + sign if sign in "\\^$.*+?()[]{}|" else sign for sign in path)
