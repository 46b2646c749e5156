"""One mutation: a snippet of the source, what it is replaced by, and who must notice."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Rotten(Exception):
    """The mutation no longer fits the source; bring it up to date, or the promise goes unguarded."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """`because`: what would go wrong. `caught_by`: pytest node ids below `tests/`, of which one must fail."""

    name: str
    file: str
    snippet: str
    replacement: str
    because: str
    caught_by: tuple[str, ...]

    def mutated(self, source: str) -> str:
        """The source with the mutation in it. Raises Rotten unless the snippet is there exactly once."""
        found = source.count(self.snippet)
        if found != 1:
            raise Rotten(f"{self.name}: the snippet is {found} times in {self.file}, not once: {self.snippet!r}")
        return source.replace(self.snippet, self.replacement)

    def apply(self, root: Path) -> None:
        """Change the file below a copy of the tree."""
        path = root / self.file
        path.write_text(self.mutated(path.read_text()))

    @property
    def nodes(self) -> list[str]:
        """The node ids as pytest takes them at the root."""
        return [f"tests/{node}" for node in self.caught_by]
