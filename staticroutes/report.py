"""What is said after a build: the route table, failures, JSON, GitHub's annotations and summary."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from staticroutes.builder import BuildResult
from staticroutes.ledger import RouteAccount
from staticroutes.prerender.outcomes import Dynamic, Failed, Prerendered, Reason
from staticroutes.prerender.planning import Warned
from staticroutes.site import Explanation
from staticroutes.summary import dynamic_rows

STATIC, DYNAMIC, FAILED = "○", "ƒ", "✗"
_MOST_PUBLIC = 3


def route_table(result: BuildResult, seconds: float, *, dry_run: bool = False) -> str:
    """The table of routes with outputs and sizes, the dynamic ones with reason and place, and a total."""
    rows: list[tuple[str, str, str, str, str]] = []
    public = [account for account in result.accounts if account.kind == "public"]
    failed = Counter(failure.source for failure in result.failures)
    for account in sorted(result.accounts, key=lambda account: account.pattern):
        if account.kind != "public":
            rows += _rows_of(account, failed[account.source])
    for account in public if len(public) <= _MOST_PUBLIC else ():
        rows.append((STATIC, account.pattern, "1", size_text(account.bytes), account.source))
    if len(public) > _MOST_PUBLIC:
        size = sum(account.bytes for account in public)
        rows.append((STATIC, "public/*", str(len(public)), size_text(size), "copied"))
    lines = _aligned([("", "Route", "Outputs", "Size", ""), *rows])
    totals = result.manifest["totals"]
    lines += ["", f"{STATIC} static   prerendered", f"{DYNAMIC} dynamic  left for request time", ""]
    outputs = f"{totals['outputs']:,} {'output' if totals['outputs'] == 1 else 'outputs'}"
    lines.append(
        f"{outputs}, {size_text(totals['bytes'])}, from {totals['static_routes']} static and"
        f" {totals['dynamic_routes']} dynamic routes in {seconds:.2f} s"
    )
    lines += result.notes
    if result.ok and dry_run:
        lines.append("dry run: nothing was written")
    elif result.published is not None:
        lines.append(_publication(result))
    return "\n".join(lines)


def _rows_of(account: RouteAccount, failures: int) -> list[tuple[str, str, str, str, str]]:
    rows = []
    if account.outputs or (account.render != "dynamic" and not failures):
        rows.append((STATIC, account.pattern, f"{account.outputs:,}", size_text(account.bytes), ""))
    if failures:
        rows.append((FAILED, account.pattern, "", "", f"{failures:,} failed"))
    for row in dynamic_rows(account):
        reason = row["reason"]
        if reason["code"] == "dynamic-params":
            continue  # said by the manifest; nearly every listed route has it
        paths = row.get("paths")
        name = account.pattern
        if reason["code"] == "method" and account.render != "dynamic":
            methods = [method for method in row["methods"] if method != "OPTIONS"] or ["OPTIONS"]
            name = f"{account.pattern} ({', '.join(methods)})"
        elif paths:
            name = f"{paths[0]}" + (f" and {len(paths) - 1:,} more" if len(paths) > 1 else "")
        place = f"  {reason['at']}" if reason["at"] else ""
        rows.append((DYNAMIC, name, "", "", f"{reason['message']}{place}"))
    return rows


def _aligned(rows: Sequence[tuple[str, str, str, str, str]]) -> list[str]:
    width = min(max(len(row[1]) for row in rows), 60)
    counts = max(len(row[2]) for row in rows)
    sizes = max(len(row[3]) for row in rows)
    return [
        f"{mark or ' '} {name:<{width}}  {count:>{counts}}  {size:>{sizes}}  {said}".rstrip()
        for mark, name, count, size, said in rows
    ]


def _publication(result: BuildResult) -> str:
    published = result.published
    assert published is not None
    where = os.path.relpath(result.directory)
    where = result.directory if where.startswith("..") else where
    if not published.changed:
        return f"{where}: nothing changed"
    parts = [
        f"{count:,} {word}"
        for count, word in (
            (published.new, "new"),
            (published.rewritten, "changed"),
            (published.unchanged, "unchanged"),
            (published.removed, "removed"),
        )
        if count
    ]
    return f"{where}: {', '.join(parts)} files" + (
        f"; kept {', '.join(published.carried)}" if published.carried else ""
    )


def ways_out(result: BuildResult) -> str:
    """For each dynamic route, what would make it static, or what its reason means."""
    rows = [row for row in result.dynamic if row["reason"]["hint"]]
    return "\n".join(f"{DYNAMIC} {row['pattern']}: {row['reason']['hint']}" for row in rows)


def size_text(count: int) -> str:
    """A size for people: ``1.2 kB``."""
    if count < 1000:
        return f"{count} B"
    size = float(count)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5 or unit == "GB":
            break
    return f"{size:.1f} {unit}" if size < 99.5 else f"{size:.0f} {unit}"


def failure_text(failed: Failed) -> str:
    """A failure for people: URL, what, where, params, traceback, hint."""
    place = f" ({failed.at})" if failed.at and failed.path else ""
    lines = [f"{failed.path}: {failed.message}{place}" if failed.path else _located(failed)]
    if failed.source and failed.source not in lines[0]:
        lines.append(f"  route: {failed.source}")
    if failed.params:
        lines.append(f"  params: {failed.params!r}")
    if failed.hint:
        lines.append(f"  hint: {failed.hint}")
    if failed.traceback:
        lines += [f"  {line}" for line in failed.traceback.splitlines()]
    return "\n".join(lines)


def _located(failed: Failed) -> str:
    return (
        f"{failed.at}: {failed.message}"
        if failed.at and not failed.message.startswith(failed.at)
        else failed.message
    )


def warning_text(warned: Warned) -> str:
    """A warning for people."""
    place = f"{warned.at}: " if warned.at and not warned.message.startswith(warned.at) else ""
    return f"{place}{warned.message}" + (f"\n  hint: {warned.hint}" if warned.hint else "")


def as_json(result: BuildResult) -> str:
    """The whole result as one JSON document."""
    published = result.published
    values: dict[str, Any] = {
        "version": 1,
        "ok": result.ok,
        "out": result.directory,
        "failures": [failed._asdict() for failed in result.failures],
        "warnings": [warned._asdict() for warned in result.warnings],
        "manifest": result.manifest or None,
        "published": None
        if published is None
        else {
            "changed": published.changed,
            "new": published.new,
            "rewritten": published.rewritten,
            "unchanged": published.unchanged,
            "removed": published.removed,
            "carried": list(published.carried),
        },
    }
    # ASCII: right in every encoding that standard output may have.
    return json.dumps(values, indent=1)


def github_annotations(result: BuildResult, prefix: str) -> list[str]:
    """Workflow commands that GitHub shows beside the code; ``prefix`` leads from the checkout to the project.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    lines = []
    for failed in result.failures:
        text = f"{failed.path}: {failed.message}" if failed.path else failed.message
        lines.append(_annotation("error", failed.at or failed.source, text, prefix))
    lines += [_annotation("warning", warned.at or "", warned.message, prefix) for warned in result.warnings]
    return lines


def _annotation(kind: str, at: str, text: str, prefix: str) -> str:
    file, _, line = at.rpartition(":") if at.rpartition(":")[2].isdigit() else (at, "", "")
    place = [f"file={_property(prefix + file)}"] if file else []
    place += [f"line={line}"] if line else []
    data = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{kind} {','.join([*place, 'title=staticroutes'])}::{data}"


def _property(text: str) -> str:
    for sign, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        text = text.replace(sign, code)
    return text


def github_summary(result: BuildResult, seconds: float) -> str:
    """The job summary, Markdown."""
    lines = ["## staticroutes", ""]
    if result.failures:
        lines += [f"**{len(result.failures)} failed**", ""]
        lines += [
            f"- `{failed.path or failed.at or failed.source}` {_markdown(failed.message)}"
            for failed in result.failures[:50]
        ]
        lines.append("")
    if result.manifest:
        lines += ["```text", route_table(result, seconds), "```", ""]
    return "\n".join(lines)


def _markdown(text: str) -> str:
    return text.splitlines()[0].replace("|", "\\|").replace("<", "&lt;") if text else ""


def declared_table(rows: list[dict[str, Any]]) -> str:
    """The routes as they are declared, before any handler has run."""
    table = [("", "Route", "Methods", "Declared", "Source")]
    for row in rows:
        mark = DYNAMIC if row["reason"] else STATIC if row["dynamic"] in ("force-static", "error") else "?"
        said = row["reason"]["message"] if row["reason"] else row["dynamic"]
        table.append((mark, row["pattern"], " ".join(row["methods"]), said, row["source"]))
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    lines = [
        f"{mark:<1} {name:<{widths[1]}}  {methods:<{widths[2]}}  {said:<{widths[3]}}  {source}".rstrip()
        for mark, name, methods, said, source in table
    ]
    return "\n".join([*lines, "", f"{STATIC} static  {DYNAMIC} dynamic  ? decided when it is built"])


def explanation(explained: Explanation) -> str:
    """Which route answers a URL, what becomes of it, and why."""
    lines = [explained.path]
    if explained.source is None:
        return "\n".join([*lines, "  no route answers it", *(f"  hint: {hint}" for hint in explained.hints)])
    lines.append(f"  answered by  {explained.source}  ({explained.pattern})")
    if explained.params:
        lines.append(f"  params       {explained.params!r}")
    outcome = explained.outcome
    if isinstance(outcome, Prerendered):
        kind = outcome.response.content_type() or "no content type"
        lines.append(f"  static       {explained.because}")
        lines.append(
            f"  answers      {outcome.response.status} {kind}, {size_text(len(outcome.response.body))}"
        )
        lines.append(f"  file         {explained.file}")
    elif isinstance(outcome, Dynamic):
        lines += _reason_lines(outcome.reason)
    elif isinstance(outcome, Failed):
        lines.append(f"  fails        {failure_text(outcome)}")
    lines += [f"  note         {hint}" for hint in explained.hints]
    return "\n".join(lines)


def _reason_lines(reason: Reason) -> list[str]:
    lines = [f"  dynamic      {reason.message} ({reason.code})"]
    lines += [f"  at           {reason.at}"] if reason.at else []
    lines += [f"  hint         {reason.hint}"] if reason.hint else []
    return lines
