"""Mutations of the paper account: what a broker's book must be, and what keeps paper and money apart."""

from tests.mutants.mutation import Mutation

KILLS = "integration/test_paper_kills.py"
ABSENCES = "integration/test_paper_absences.py"
DAY = "integration/test_paper_day.py"
HANDS = "integration/test_paper_hands.py"
HINTS = "integration/test_paper_hints.py"
QUOTES = "integration/test_paper_quotes.py"
CLI = "integration/test_cli_paper.py"

PAPER = (
    Mutation(
        "the paper page not locked",
        "repositories/paper_statements.py",
        "FROM paper_accounts WHERE user_id = :user_id FOR UPDATE",
        "FROM paper_accounts WHERE user_id = :user_id",
        "Two callers would build the same exchange, and the second would overwrite what the first was told.",
        (f"{KILLS}::test_many_callers_at_once_come_one_after_the_other",),
    ),
    Mutation(
        "no fence around the paper page",
        "repositories/paper.py",
        "with self._database.unit_of_work(self._tenure) as session:",
        "with self._database.append_evidence(self._tenure) as session:",
        "A frozen owner that wakes would place paper orders beside its successor.",
        (f"{KILLS}::test_a_frozen_owner_that_wakes_writes_nothing_beside_its_successor",),
    ),
    Mutation(
        "steps of a paper order known to the process alone",
        "broker/paper/rows.py",
        "errands=tuple(_errand(errand) for errand in order.errands) if order.live else (),",
        "errands=(),",
        "A kill would leave an accepted order on its way for ever.",
        (f"{KILLS}::test_a_kill_in_the_middle_of_an_order_on_its_way_leaves_it_on_its_way",),
    ),
    Mutation(
        "a paper tag may be used twice",
        "broker/paper/client.py",
        "if pit.records.burnt(order.tag, pit.day):",
        "if False:",
        "The second lock on the door of a double order would be missing.",
        (f"{KILLS}::test_a_tag_is_burnt_for_its_day_alone",),
    ),
    Mutation(
        "paper prices of the time nobody looked are skipped",
        "broker/paper/stalls.py",
        "for tick in path.moves:",
        "for tick in path.moves[-1:]:",
        "What a real broker would have filled while we were down would not be filled.",
        (f"{KILLS}::test_what_was_accepted_outlives_the_process_and_fills_at_its_own_moment",),
    ),
    Mutation(
        "paper orders outlive the close",
        "broker/paper/pit.py",
        "if moment > self._since:",
        "if False:",
        "DAY orders would go on trading in the evening.",
        (f"{DAY}::test_what_is_left_at_the_close_has_lapsed",),
    ),
    Mutation(
        "a paper account catches up in one transaction",
        "broker/paper/pit.py",
        "self.moment = min(aim, self._since + STRIDE / len(watched)) if watched else aim",
        "self.moment = aim",
        "PostgreSQL ends a transaction that computes for seconds, each time anew: the account would be lost.",
        (f"{ABSENCES}::test_a_long_absence_is_caught_up_with_in_strides_of_which_none_is_lost",),
    ),
    Mutation(
        "paper trades at a price of hours ago",
        "broker/paper/quoted.py",
        "if timedelta(0) <= since - tick.at <= FRESH]",
        "if tick.at <= since]",
        "A sale would be shown at a price that nobody has paid for hours.",
        (f"{QUOTES}::test_nothing_trades_at_a_price_of_hours_ago",),
    ),
    Mutation(
        "a paper order overwrites one that ended",
        "broker/paper/pit.py",
        "        self.desk.count_from(self._rows.last_number)\n",
        "",
        "While the clock stands, an ended order and what it traded would be lost.",
        (f"{ABSENCES}::test_a_number_is_given_out_once_also_when_the_clock_stands",),
    ),
    Mutation(
        "an owner's wish is done again with each page",
        "repositories/paper.py",
        "        self._keep(KEEP_HANDS, map(asdict, news.hands))\n",
        "",
        "One sale by hand would be refused for ever as a repeated tag, and every call with it.",
        (f"{HANDS}::test_a_wish_is_carried_out_once_whoever_looks",),
    ),
    Mutation(
        "prices skipped that a paper order on its way meets",
        "broker/paper/stalls.py",
        "if self.exact or not path.moves:",
        "if not path.moves:",
        "An order would arrive at a price that had passed, and trade at it or not by chance.",
        (f"{ABSENCES}::test_an_order_on_its_way_meets_the_price_of_its_arrival",),
    ),
    Mutation(
        "a paper order in doubt that never left",
        "broker/paper/conversation.py",
        "            if received:\n",
        "            if True:\n",
        "A busy bell would leave positions in doubt for a minute.",
        (f"{ABSENCES}::test_an_order_whose_page_could_not_be_opened_was_not_sent",),
    ),
    Mutation(
        "nobody rings for a paper fill",
        "broker/paper/pages.py",
        "self._bell.expect(self._tenure, next_fill(pit, self._market))",
        "pass",
        "A fill would be in the rows with the next cycle alone.",
        (f"{HINTS}::test_the_moment_at_which_a_resting_order_will_trade_is_known_beforehand",),
    ),
    Mutation(
        "a login on behalf of paper",
        "cli/papers.py",
        "        if self._account.session() is None:\n            raise",
        "        if False:\n            raise",
        "A rehearsal could lock a real account, or end its session.",
        (f"{QUOTES}::test_without_the_real_ones_session_nobody_logs_in_for_paper",),
    ),
    Mutation(
        "paper counted with money",
        "cli/reports.py",
        "total((one for one in covered if not one.paper), repository.sold_today(owner))",
        "total(covered, repository.sold_today(owner))",
        "Rupees of a rehearsal would stand in the sum of what is not covered.",
        (f"{CLI}::test_paper_is_in_no_sum_with_money",),
    ),
)
