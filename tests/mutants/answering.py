"""Mutations of what an answer of the broker's is taken for."""

from tests.mutants.mutation import Mutation

MEANINGS = "unit/test_kotak_meanings.py"
FROZEN = "integration/test_kotak_frozen.py"
READS = "integration/test_kotak_reads.py"
ONCE = "integration/test_instruments_once.py"
INQUIRIES = "integration/test_kotak_inquiries.py"

ANSWERING = (
    Mutation(
        "a repeated tag refuses",
        "broker/kotak_neo/meanings.py",
        "_only(Shape.CORE, None, UNKNOWN, REFUSED,",
        "_only(Shape.CORE, None, REFUSED, REFUSED,",
        "The order that is there under the tag would be given up, and another one sent.",
        (f"{MEANINGS}::test_an_answer_is_what_kotak_means_by_it",),
    ),
    Mutation(
        "a fault's status believes codes",
        "broker/kotak_neo/meanings.py",
        "    return Line(_ANSWER, CLEAR, frozenset({code}), change, read, says)",
        "    return Line(_ANSWER, None, frozenset({code}), change, read, says)",
        "A gateway that fails behind the order system would refuse what is placed.",
        (f"{MEANINGS}::test_an_answer_is_what_kotak_means_by_it",),
    ),
    Mutation(
        "the deadline leaves the socket open",
        "broker/kotak_neo/call.py",
        "                _shut_down(self._socket)",
        "                pass",
        "A thread that froze between its last check and its first byte would send when it wakes, long after.",
        (f"{FROZEN}::test_a_thread_frozen_after_the_last_check_finds_its_socket_shut_at_the_deadline",),
    ),
    Mutation(
        "a file need not say how long it is",
        "broker/kotak_neo/reports.py",
        "    if answer.status == 200 and answer.whole:",
        "    if answer.status == 200:",
        "A download that was cut at the end of a line would take the rest of the symbols away for a day.",
        (f"{READS}::test_an_instrument_file_that_may_have_been_cut_at_the_end_of_a_line_is_a_failed_read",),
    ),
    Mutation(
        "every tenant its own TLS context",
        "cli/kotak_lines.py",
        "self._tls = ssl.create_default_context()",
        "self._tls = None",
        "A thousand tenants would hold a thousand copies of the world's certificates.",
        (f"{ONCE}::test_all_tenants_of_a_process_share_one_tls_context",),
    ),
    Mutation(
        "what was carried over is not a position",
        "broker/kotak_neo/account_rows.py",
        'bought=count(row, "cfBuyQty") + count(row, "flBuyQty"),',
        'bought=count(row, "flBuyQty"),',
        "Shares bought on an earlier day would not count in the net position.",
        (f"{INQUIRIES}::test_positions_net_what_was_carried_and_what_was_traded",),
    ),
)
