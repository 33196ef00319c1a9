"""What became of every route in one build: the books from which manifest and report are made."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from staticroutes.config import Budgets
from staticroutes.output.artifacts import Row
from staticroutes.output.records import Records
from staticroutes.prerender.outcomes import Dynamic, Failed, Reason
from staticroutes.prerender.planning import Warned
from staticroutes.routing.loading import Route
from staticroutes.routing.names import unportable


@dataclass(slots=True)
class RouteAccount:
    """One route's part."""

    pattern: str
    source: str
    kind: str
    route: Route | None = None
    """None for a file of ``public/``."""
    outputs: int = 0
    bytes: int = 0
    left: Reason | None = None
    """Why the whole route is left for request time, where that is known without a call."""
    left_paths: dict[Reason, list[str]] = field(default_factory=dict)
    """URLs whose handler turned out to need a request."""
    failures: int = 0

    @property
    def render(self) -> str:
        """``static``, ``dynamic`` or ``mixed``."""
        if self.left is not None:
            return "dynamic"
        if self.left_paths:
            return "mixed" if self.outputs else "dynamic"
        return "static"


@dataclass(frozen=True, slots=True)
class Clash:
    """An output that could not be written because another has its file."""

    path: str
    file: str
    route: int


class Ledger:
    """Notes outcomes as they come, and answers for the whole at the end."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.accounts = [
            RouteAccount(route.pattern.text, route.source, route.kind, route) for route in routes
        ]
        self.records = Records()
        self.failures: list[Failed] = []
        self.warnings: list[Warned] = []
        self.notes: list[str] = []
        self._clashes: list[Clash] = []
        self._unsettled: list[Row] = []

    def note(self, outcome: Row | Dynamic | Failed | Clash | Warned) -> None:
        """Book one outcome."""
        if type(outcome) is Row:
            if outcome.plain_file is None:
                self._written(outcome)
            else:
                self._unsettled.append(outcome)
        elif isinstance(outcome, Dynamic):
            account = self.accounts[outcome.job.route]
            account.left_paths.setdefault(outcome.reason, []).append(outcome.job.path)
        elif isinstance(outcome, Failed):
            self.failures.append(outcome)
        elif isinstance(outcome, Clash):
            self._clashes.append(outcome)
        elif isinstance(outcome, Warned):
            self.warnings.append(outcome)

    def unsettled(self) -> Iterator[Row]:
        """Outputs that keep ``/index.<ext>`` only where their folder is needed; see ``settle``."""
        rows, self._unsettled = self._unsettled, []
        yield from rows

    def settle(self, row: Row) -> None:
        """Book an output whose file name is settled now."""
        self._written(row._replace(plain_file=None))

    def close(self, budgets: Budgets, *, strict: bool) -> None:
        """Once everything is booked: name the parties of clashes, check budgets, make warnings failures
        under ``strict``, and put all in a fixed order."""
        for clash in self._clashes:
            self.failures.append(self._name_clash(clash))
        self._check_budgets(budgets)
        self.warnings.sort(key=lambda warned: (warned.message, warned.at or ""))
        if strict:
            self.failures += [
                Failed(
                    "",
                    warned.at or "",
                    {},
                    f"{warned.message} (a warning, and --strict)",
                    warned.at,
                    warned.hint,
                )
                for warned in self.warnings
            ]
            self.warnings = []
        self.failures.sort(key=lambda failed: (failed.path, failed.source, failed.message))
        for account in self.accounts:
            for paths in account.left_paths.values():
                paths.sort()

    def _written(self, row: Row) -> None:
        twin = self.records.add(row)
        if twin is not None:
            self.failures.append(self._twins(row, twin))
            return
        account = self.accounts[row.route]
        account.outputs += 1
        account.bytes += row.size
        problem = unportable(row.file)
        if problem:
            self.warnings.append(
                Warned(f"{row.path}: a file name that not every system can hold: {problem}", account.source)
            )

    def _twins(self, row: Row, twin: Row) -> Failed:
        mine, other = self.accounts[row.route], self.accounts[twin.route]
        same = row.file == twin.file
        how = "the same file" if same else f"{twin.file}, the same but for case or normalisation,"
        return Failed(
            row.path,
            mine.source,
            {},
            f"{row.path} ({mine.source}) is written to {row.file}, and {twin.path} ({other.source}) to {how}"
            + ("" if same else " on many file systems"),
            mine.source,
            "give one of them another URL",
        )

    def _name_clash(self, clash: Clash) -> Failed:
        mine = self.accounts[clash.route]
        other = self.records.find(clash.file)
        if other is None:
            parents = {clash.file[:at] for at, sign in enumerate(clash.file) if sign == "/"}
            other = next(
                (row for row in self.records if row.file in parents or row.file.startswith(clash.file + "/")),
                None,
            )
        if other is not None and other.file != clash.file:
            said = (
                f"needs {min(clash.file, other.file, key=len)} as a folder where the other needs it as a file"
            )
            if len(other.file) > len(clash.file):
                said = f"is written to {clash.file}, which is a folder for the other"
        else:
            said = f"is written to {clash.file}, like the other"
        named = f"{other.path} ({self.accounts[other.route].source})" if other else "another output"
        return Failed(
            clash.path,
            mine.source,
            {},
            f"{clash.path} ({mine.source}) collides with {named}: it {said}",
            mine.source,
            "give one of them another URL",
        )

    def _check_budgets(self, budgets: Budgets) -> None:
        def over(what: str, where: str) -> None:
            self.failures.append(
                Failed("", where, {}, what, None, "raise the limit under budgets, or make less")
            )

        self._check_limits(budgets, "the site", self.records.count, self.records.bytes, over)
        known = {account.pattern: account for account in self.accounts}
        for pattern, limits in budgets.routes.items():
            account = known.get(pattern)
            if account is None:
                over(f"budgets name the route {pattern}, which does not exist", "")
                continue
            self._check_limits(limits, pattern, account.outputs, account.bytes, over)
        if budgets.max_file_size is not None or any(
            b.max_file_size is not None for b in budgets.routes.values()
        ):
            for row in self.records:
                inner = budgets.routes.get(self.accounts[row.route].pattern)
                limit = (
                    inner.max_file_size
                    if inner and inner.max_file_size is not None
                    else budgets.max_file_size
                )
                if limit is not None and row.size > limit:
                    over(
                        f"{row.path} is {row.size} bytes, and max_file_size is {limit}",
                        self.accounts[row.route].source,
                    )

    @staticmethod
    def _check_limits(limits: Budgets, name: str, count: int, size: int, over: object) -> None:
        assert callable(over)
        if limits.max_outputs is not None and count > limits.max_outputs:
            over(f"{name} has {count} outputs, and max_outputs is {limits.max_outputs}", "")
        if limits.min_outputs is not None and count < limits.min_outputs:
            over(f"{name} has {count} outputs, and min_outputs is {limits.min_outputs}", "")
        if limits.max_total_size is not None and size > limits.max_total_size:
            over(f"{name} has {size} bytes, and max_total_size is {limits.max_total_size}", "")


def matches_only(path: str, only: str | None) -> bool:
    """True for a URL path that ``--only`` asks for; ``*`` stands for any text, slashes too."""
    return only is None or fnmatch.fnmatchcase(path, only)
