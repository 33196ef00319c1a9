"""Comparisons as text and as JSON."""

from collections.abc import Sequence
from typing import Any

from benchmarks.measure import Comparison, Usage

HEAD = ("", "CPU s", "ratio", "CPU µs/item", "wall s", "ratio", "RSS MB", "ratio")


def as_text(comparison: Comparison) -> str:
    """Draw the table, then failures and notes."""
    lines: list[Sequence[str]] = [HEAD]
    phase = ""
    for row in comparison.rows:
        if row.phase != phase:
            phase = row.phase
            lines.append((phase,))
        lines.append((f"  {row.name}", *_cells(row.best, comparison.floor(row.phase), comparison.items)))
    widths = [max(len(line[i]) for line in lines if i < len(line)) for i in range(len(HEAD))]
    drawn = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=False))
        )
        for line in lines
    ]
    if not comparison.rows:
        drawn = []
    title = f"{comparison.title} (best of {comparison.repeat})" if comparison.rows else comparison.title
    return "\n".join(
        [title, "-" * len(title), *(line.rstrip() for line in drawn), *comparison.failures, *comparison.notes]
    )


def as_data(comparison: Comparison) -> dict[str, Any]:
    """Give the same for ``--json``."""
    rows = []
    for row in comparison.rows:
        floor = comparison.floor(row.phase)
        figures: dict[str, Any] = {"phase": row.phase, "name": row.name}
        if row.best is not None:
            figures |= {
                "cpu_seconds": row.best.cpu,
                "wall_seconds": row.best.wall,
                "peak_rss_bytes": row.best.rss,
            }
            if comparison.items:
                figures["cpu_us_per_item"] = row.best.cpu / comparison.items * 1e6
        if row.best is not None and floor is not None:
            figures |= {"cpu_ratio": row.best.cpu / floor.cpu, "wall_ratio": row.best.wall / floor.wall}
            figures["rss_ratio"] = row.best.rss / floor.rss
        rows.append(figures)
    return {
        "title": comparison.title,
        "items": comparison.items,
        "repeat": comparison.repeat,
        "rows": rows,
        "failures": comparison.failures,
        "notes": comparison.notes,
    }


def _cells(best: Usage | None, floor: Usage | None, items: int) -> tuple[str, ...]:
    if best is None or floor is None:
        return ("failed", *["–"] * 6)
    return (
        f"{best.cpu:.3f}",
        f"{best.cpu / floor.cpu:.2f}",
        f"{best.cpu / items * 1e6:,.1f}" if items else "–",
        f"{best.wall:.3f}",
        f"{best.wall / floor.wall:.2f}",
        f"{best.rss / 1e6:,.1f}",
        f"{best.rss / floor.rss:.2f}",
    )
