"""Paper tenants whose prices a test writes down."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world import PaperTenant, World

Scripted = Callable[..., PaperTenant]


@pytest.fixture
def scripted(world: World, tmp_path: Path) -> Scripted:
    """Makes a paper tenant whose prices are the given lines, each `when,symbol,price,liquidity`."""

    def make(*lines: str, user_id: int = 101) -> PaperTenant:
        path = tmp_path / f"prices{user_id}.csv"
        path.write_text("\n".join(("when,symbol,price,liquidity", *lines)))
        return world.paper_tenant(str(path), user_id)

    return make
