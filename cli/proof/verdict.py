"""What became of one seed, and of all of them together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from cli.day.promises import duplicates, oversold
from cli.proof.evidence import Evidence, miscounted
from cli.proof.script import Script
from service.waypoints import Waypoint


@dataclass(frozen=True, slots=True)
class Verdict:
    """`evidence` is None where the seed ended before there was any; `missed` are points that were not reached."""

    script: Script
    folder: Path
    seconds: float
    broken: Sequence[str]
    evidence: Evidence | None = None
    faults: Mapping[str, int] = field(default_factory=dict)
    done: Mapping[str, int] = field(default_factory=dict)
    outages: int = 0

    @property
    def kills(self) -> Counter[str]:
        """Kills by point."""
        return Counter(one.point for one in self.evidence.recoveries) if self.evidence else Counter()

    @property
    def missed(self) -> Sequence[str]:
        """Points at which a life was to end and did not come to."""
        return list((Counter(map(str, self.script.points)) - self.kills).elements())

    @property
    def counts(self) -> dict[str, int]:
        """What happened, and what must be 0."""
        seen = self.evidence
        return {
            "kills": self.kills.total(),
            "faults": sum(self.faults.values()),
            "feed_faults": sum(seen.struck.values()) if seen else 0,
            "orders": len(seen.ours()) if seen else 0,
            "fills": len(seen.ledger["fills"]) if seen else 0,
            "outages": self.outages,
            "freezes": len(seen.freezes) if seen else 0,
            "refused_tags": len(seen.ledger["tags_refused"]) if seen else 0,
            "duplicates": duplicates(seen) if seen else 0,
            "oversold": oversold(seen) if seen else 0,
            "miscounted": miscounted(seen) if seen else 0,
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """All verdicts together."""

    verdicts: Sequence[Verdict]

    @property
    def failed(self) -> Sequence[Verdict]:
        """Those that broke a promise."""
        return [one for one in self.verdicts if one.broken]

    @property
    def counts(self) -> dict[str, int]:
        """Sums over all seeds."""
        total: Counter[str] = Counter()
        for one in self.verdicts:
            total.update(one.counts)
        return {name: total[name] for name in self.verdicts[0].counts} if self.verdicts else {}

    @property
    def kills(self) -> dict[str, int]:
        """Kills by point; every labelled one is there, also where it is 0."""
        total: Counter[str] = Counter()
        for one in self.verdicts:
            total.update(one.kills)
        return {str(point): total[point] for point in (*Waypoint, *sorted(total.keys() - set(Waypoint)))}

    @property
    def faults(self) -> dict[str, int]:
        """Faults by kind, as ordered of the broker."""
        total: Counter[str] = Counter()
        for one in self.verdicts:
            total.update(one.faults)
        return dict(sorted(total.items()))

    @property
    def struck(self) -> dict[str, int]:
        """Faults of the order feed by kind, as they struck."""
        total: Counter[str] = Counter()
        for one in self.verdicts:
            total.update(one.evidence.struck if one.evidence else {})
        return dict(sorted(total.items()))

    @property
    def deeds(self) -> dict[str, int]:
        """Everything else that was done."""
        total: Counter[str] = Counter()
        for one in self.verdicts:
            total.update(one.done)
        return {name: times for name, times in sorted(total.items()) if times}

    @property
    def recovery(self) -> dict[str, dict[str, float]]:
        """Median and longest seconds after a kill until all were served again, and until no doubt was left."""
        seen = [recovery for one in self.verdicts if one.evidence for recovery in one.evidence.recoveries]
        return {
            "served": _spread([one.served for one in seen if one.served is not None]),
            "certain": _spread([one.certain for one in seen if one.certain is not None]),
        }

    def as_object(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "seeds": len(self.verdicts),
            **self.counts,
            "kills_by_point": self.kills,
            "faults_by_kind": self.faults,
            "feed_faults_struck": self.struck,
            "deeds": self.deeds,
            "recovery_seconds": self.recovery,
            "missed": {one.script.seed: one.missed for one in self.verdicts if one.missed},
            "failed": {one.script.seed: list(one.broken) for one in self.failed},
            "kept": [str(one.folder) for one in self.failed],
        }


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {"median": round(median(seconds), 2), "max": round(max(seconds), 2)} if seconds else {}
