"""What a feed's owner allows: who may change what is known, how often, and what becomes of personal data.

Owns the record, its defaults and its limits, so that the control plane, the registry and the worker mean the same by it.
Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

CONTRADICTIONS = ("newest", "two_sources", "trusted")
PRIVACY = ("mask", "drop", "pseudonymise")
READERS = ("stated", "grammar", "model")


@dataclass(frozen=True, slots=True)
class FeedPolicy:
    """The rules of one feed. Made by the registry from the feed's configuration.

    `trusted_sources` are names of sources, or shell patterns (`wire-*`); events without a source have the source ''.
    `contradictions` says when another answer to a known question is taught: `newest` at once, `two_sources` when a second
    source says the same, `trusted` from a trusted source only. A trusted source needs no second one. The two limits are
    counts within any hour, of the events' own time as of their arrival; a change is a known answer that gives way to
    another. `privacy` is what becomes of personal data, `readers` whose readings are taught.
    """

    trusted_sources: tuple[str, ...] = ()
    contradictions: str = "newest"
    max_facts_per_source_per_hour: int = 5000
    max_changes_per_entity_per_hour: int = 12
    privacy: str = "mask"
    readers: tuple[str, ...] = READERS

    def trusts(self, source: str) -> bool:
        """Whether events of `source` may change what is known by their own word."""
        return any(fnmatchcase(source, pattern) for pattern in self.trusted_sources)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> FeedPolicy:
        """The policy in a feed's stored configuration; what is missing has its default, other names are not looked at.

        Raises ValueError naming the field when a value is none that the field can have.
        """
        given = {field.name: config[field.name] for field in fields(cls) if field.name in config}
        for name, allowed in (("contradictions", CONTRADICTIONS), ("privacy", PRIVACY)):
            if given.get(name, allowed[0]) not in allowed:
                raise ValueError(name)
        for name in ("max_facts_per_source_per_hour", "max_changes_per_entity_per_hour"):
            if type(given.get(name, 0)) is not int or given.get(name, 0) < 0:
                raise ValueError(name)
        for name in {"trusted_sources", "readers"} & set(given):
            listed = given[name]
            if not isinstance(listed, list | tuple) or not all(isinstance(part, str) for part in listed):
                raise ValueError(name)
            given[name] = tuple(listed)
        return cls(**given)
