"""Mutations of what an answer of the broker's is taken for."""

from tests.mutants.mutation import Mutation

MEANINGS = "unit/test_kotak_meanings.py"
FROZEN = "integration/test_kotak_frozen.py"
READS = "integration/test_kotak_reads.py"
ONCE = "integration/test_instruments_once.py"
INQUIRIES = "integration/test_kotak_inquiries.py"
HOSTILE = "integration/test_kotak_hostile.py"
QUOTES = "integration/test_kotak_quotes.py"
BOOKS = "integration/test_strange_books.py"
DOOR = "integration/test_front_door.py"
RECORDED = "integration/test_recorder_feed.py"

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
    Mutation(
        "an interim answer leaves the line in use",
        "broker/kotak_neo/wire.py",
        "            if response.status_code < HTTPStatus.OK:",
        "            if response.status_code < 0:",
        "The answer that follows would be read by the next order, which would take another one's number for its own.",
        (f"{HOSTILE}::test_the_answer_to_one_order_is_never_taken_for_the_next_ones",),
    ),
    Mutation(
        "bodies of any length",
        "broker/kotak_neo/wire.py",
        "        if room < 0:",
        "        if room < -(10**12):",
        "A few hundred packed bytes of one broker would take the memory of every tenant.",
        (f"{HOSTILE}::test_an_answer_that_is_too_long_is_no_answer_and_costs_little_memory",),
    ),
    Mutation(
        "an address that is not listed refuses the order",
        "broker/kotak_neo/meanings.py",
        "_code(100008, BARRED, REFUSED,",
        "_code(100008, REFUSED, REFUSED,",
        "Each position would be rejected until tomorrow, and the corrected list would help none of them.",
        (f"{DOOR}::test_a_restart_by_hand_tries_at_once_in_a_new_session",),
    ),
    Mutation(
        "one refusal blames a symbol",
        "broker/kotak_neo/batches.py",
        "        return self.tokens[:middle], self.tokens[middle:]",
        "        return self.tokens[:1], self.tokens[1:]",
        "Finding the one symbol that is not quoted would cost a question for each of the others.",
        (f"{QUOTES}::test_the_others_of_a_batch_are_quoted_whatever_one_of_them_is",),
    ),
    Mutation(
        "a fill may be anything",
        "domain/reading.py",
        "        if row.filled > row.quantity and row.broker_order_id not in known",
        "        if row.filled < 0 and row.broker_order_id not in known",
        "One impossible row of the owner's would have our sell cancelled for shares that nobody sold.",
        (f"{BOOKS}::test_a_row_that_no_order_can_have_spoils_no_other",),
    ),
    Mutation(
        "a frame teaches no secrets",
        "broker/kotak_neo/recording/line.py",
        "    redaction.learn(frame.secrets)",
        "    pass",
        "A broker that repeats the greeting would put the session's token into a recording that is shown to strangers.",
        (f"{RECORDED}::test_what_is_no_json_too_long_or_repeats_the_greeting_shows_no_secret",),
    ),
)
