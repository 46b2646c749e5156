"""Every mutation that the tests are held to."""

from tests.mutants.paper import PAPER
from tests.mutants.seeing import SEEING
from tests.mutants.sending import SENDING

MUTATIONS = (*SENDING, *SEEING, *PAPER)
