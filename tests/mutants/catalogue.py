"""Every mutation that the tests are held to."""

from tests.mutants.answering import ANSWERING
from tests.mutants.leaving import LEAVING
from tests.mutants.paper import PAPER
from tests.mutants.seeing import SEEING
from tests.mutants.sending import SENDING

MUTATIONS = (*SENDING, *SEEING, *LEAVING, *ANSWERING, *PAPER)
