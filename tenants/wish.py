"""What is wanted of one user, and what stands against it."""

from dataclasses import dataclass

from domain.tenancy import TenantState
from domain.users import User


@dataclass(frozen=True, slots=True)
class Wish:
    """What the rows want of an enabled user: all that was read of it, and why it cannot be started, if so."""

    user_id: int
    name: str
    revision: int
    row: object
    refusal: str | None = None
    barred: bool = False
    """Whether the refusal also ends what runs already."""

    @property
    def title(self) -> str:
        """The name as logs and the journal show it: a paper account says that it is one."""
        paper = isinstance(self.row, User) and self.row.paper
        return f"{self.name}(paper)" if paper else self.name


@dataclass(frozen=True, slots=True)
class Basis:
    """What a start rests on; a refusal stands as long as it is the same."""

    wish: Wish
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a tenant is not started, though wanted."""

    state: TenantState
    text: str
    basis: Basis
