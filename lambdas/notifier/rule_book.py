"""The rules in the control table: read at most once a minute by a function, changed by the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from contract.alerts import Alert
from contract.errors import CrowdLensError
from lambdas.notifier.rules import (
    ANY,
    RULE_PREFIX,
    Options,
    Place,
    RuleError,
    as_document,
    check_place,
    options_for,
    read_options,
)
from lambdas.notifier.store import Document, Store, change

KEPT_SECONDS: Final = 60.0
Rules = list[tuple[Place, Mapping[str, Any]]]


class RuleBook:
    """Rules by site; a rule that no longer reads is left out and named in `problems`."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[float, Rules]] = {}
        self.problems: dict[str, str] = {}

    def options(self, alert: Alert) -> Options:
        """Return what holds for `alert`; raises `ControlTableUnavailableError`."""
        return options_for(alert, [*self._rules(ANY), *self._rules(alert.site)])

    def _rules(self, site: str) -> Rules:
        read_at, rules = self._known.get(site, (None, []))
        if read_at is None or self._clock() - read_at >= KEPT_SECONDS:
            rules = self.rules(site)
            self._known[site] = self._clock(), rules
        return rules

    def rules(self, site: str) -> Rules:
        """Return the rules of `site` (`*`: of all sites) as they are now."""
        found: Rules = []
        for stored in self._store.query(f"{RULE_PREFIX}{site}"):
            place = Place.of_key(stored.key)
            try:
                read_options(stored.document)
            except CrowdLensError as error:
                self.problems[f"{site} {stored.key.sort}"] = str(error)
                continue
            found.append((place, stored.document))
        return found

    def set(self, place: Place, options: Mapping[str, Any]) -> Document:
        """Set `options` of the rule of `place`, leaving its others; return the rule as it is now.

        Raises `RuleError` for a bad place or option.
        """
        check_place(place)
        new = as_document(read_options(options))
        if not new:
            raise RuleError("the rule sets nothing: expected at least one option")

        def lay_over(document: Document | None) -> tuple[Document, Document]:
            both = {**(document or {}), **new}
            return both, both

        return change(self._store, place.key, lay_over)

    def remove(self, place: Place) -> None:
        """Remove the rule of `place`; raises `RuleError` when there is none."""
        if self._store.read(check_place(place).key) is None:
            raise RuleError(
                f"there is no rule for site {place.site}, camera {place.camera}, zone {place.zone}, "
                f"kind {place.kind}: expected one that `crowdlens alerts rules` lists"
            )
        self._store.delete(place.key)
