"""Mutations of what is sent: when, under which tag, with whose right, and how often."""

from tests.mutants.mutation import Mutation

PROTOCOL = "integration/test_intent_protocol.py"
DAY = "integration/test_trading_day.py"
LINE = "integration/test_kotak_line.py"
GUARDS = "integration/test_guards.py"
HANDS = "integration/test_human_hands.py"
PLAN = "unit/test_plan.py"
ORDER = "integration/test_day_of_an_order.py"
OWNER = "integration/test_owner.py"
NIGHT = "integration/test_overnight.py"
HARD = "integration/test_hard_cases.py"
MISLED = "integration/test_misleading_holdings.py"

SENDING = (
    Mutation(
        "no wait before re-sending",
        "service/order_monitor.py",
        "if reading.complete and look.too_late_for(order)]",
        "if reading.complete]",
        "A book read while the request may still be on its way would prove it absent, and it would be sent again.",
        (f"{GUARDS}::test_reads_before_the_send_could_show_prove_nothing",),
    ),
    Mutation(
        "no fence",
        "repositories/database.py",
        "if generation != tenure.generation:",
        "if generation is None:",
        "A frozen owner that wakes would commit and send beside its successor.",
        (f"{PROTOCOL}::test_a_generation_that_was_replaced_commits_nothing_and_sends_nothing",),
    ),
    Mutation(
        "no re-decision in transaction 1",
        "service/order_router.py",
        "intents.commit(batch, decide(self._rows.accounts.snapshot(day, lock=True)))",
        "intents.commit(batch, batch)",
        "What an admin changed between the decision and the commit would be sold all the same.",
        (f"{PROTOCOL}::test_what_moved_between_the_decision_and_the_commit_is_not_sent",),
    ),
    Mutation(
        "the position's row not locked",
        "service/order_router.py",
        "decide(self._rows.accounts.snapshot(day, lock=True))",
        "decide(self._rows.accounts.snapshot(day))",
        "A quantity could shrink between the second decision and the commit of the intent.",
        (f"{GUARDS}::test_a_position_cannot_move_between_the_second_decision_and_the_commit",),
    ),
    Mutation(
        "no session guard",
        "repositories/database.py",
        'if getattr(self._thread, "scope", None) is not None:',
        'if getattr(self._thread, "scope", None) == "never":',
        "A broker call could hang inside a transaction, with rows locked and the intent not committed.",
        (f"{PROTOCOL}::test_a_broker_call_inside_a_transaction_is_refused",),
    ),
    Mutation(
        "send_by not checked before the first byte",
        "broker/kotak_neo/call.py",
        "if self._send_by is not None and now >= self._send_by:",
        "if self._send_by is None and now < 0:",
        "A request could leave after the moment from which books are taken as proof of its absence.",
        (f"{LINE}::test_nothing_is_sent_once_the_last_moment_has_come_though_the_socket_is_connected",),
    ),
    Mutation(
        "a revoked tenure sends",
        "broker/kotak_neo/call.py",
        "if self._tenure.revoked:",
        "if self._tenure.generation < 0:",
        "An owner past its lease would send what its successor may be sending as well.",
        (f"{LINE}::test_nothing_is_sent_by_a_revoked_tenure_though_the_socket_is_connected",),
    ),
    Mutation(
        "unknown taken as not sent",
        "service/intents.py",
        "return Answer(intent.send_id, SendOutcome.UNKNOWN, outcome.text, outcome.evidence)",
        "return Answer(intent.send_id, SendOutcome.NOT_SENT, outcome.text, outcome.evidence)",
        "A lost reply would be followed by a second send at once, or by a new order under a new tag.",
        (f"{DAY}::test_a_place_that_never_arrived_is_sent_again_under_the_same_tag_once_it_is_proven_absent",),
    ),
    Mutation(
        "a second send under a new tag",
        "service/intents.py",
        "return Intent(replace(order, quantity=step.quantity, price=step.price), SendKind.PLACE)",
        'return Intent(replace(order, quantity=step.quantity, price=step.price, tag=new_tag("NTEST")), SendKind.PLACE)',
        "The broker refuses a tag twice: the second lock on the door opens only where the tag stays.",
        (f"{DAY}::test_a_place_that_never_arrived_is_sent_again_under_the_same_tag_once_it_is_proven_absent",),
    ),
    Mutation(
        "a new tag while an earlier one is in doubt",
        "domain/plan.py",
        "return live.status is OrderStatus.SUBMITTING and unsent and not live.doubted",
        "return live.status is OrderStatus.SUBMITTING and unsent",
        "A tag that may have reached the broker would be given up, and a second order placed beside it.",
        (f"{PLAN}::test_an_order_once_in_doubt_keeps_its_tag_and_never_grows",),
    ),
    Mutation(
        "a refused second send frees the tag",
        "service/intents.py",
        "case (SendKind.PLACE, Refused()) if order.doubted:",
        "case (SendKind.PLACE, Refused()) if order.doubted and order.tag is None:",
        "A refusal answers its own send alone; the first one may still arrive beside a new order.",
        (f"{HANDS}::test_a_refusal_of_the_second_send_frees_no_tag_that_may_still_arrive",),
    ),
    Mutation(
        "a second send that grows",
        "domain/plan.py",
        "return Resend(live, min(live.quantity, wanted.quantity), wanted.price)",
        "return Resend(live, wanted.quantity, wanted.price)",
        "If the first send arrives late, more could rest than was decided when its tag was made.",
        (f"{PLAN}::test_an_order_once_in_doubt_keeps_its_tag_and_never_grows",),
    ),
    Mutation(
        "the order's answer applied without being current",
        "service/order_router.py",
        "if not self._rows.sends.is_current():",
        "if self._ports.tenure.generation < 0:",
        "A late thread would overwrite what its successor has learnt from the book meanwhile.",
        (f"{PROTOCOL}::test_the_reply_to_a_replaced_generation_is_kept_as_evidence_and_not_applied",),
    ),
    Mutation(
        "a decision on an old book",
        "service/order_router.py",
        "young = self._ports.clock.monotonic() - book_began <= self._ports.settings.book_max_age",
        "young = self._ports.clock.monotonic() >= book_began",
        "Fills and manual acts since an old book would not be in what is sent.",
        (f"{GUARDS}::test_nothing_is_sent_on_a_book_that_grew_old_while_waiting_for_the_rate",),
    ),
    Mutation(
        "quantity changed by modify",
        "domain/plan.py",
        'return _cancelled(live, f"remainder={live.remainder}, wanted={wanted.quantity}", now)',
        "from dataclasses import replace\n\n"
        "        return Modify(replace(live, quantity=live.filled + wanted.quantity), wanted.price)",
        "A modify of the quantity races the fills: the total it names may be more than is held.",
        (f"{PLAN}::test_more_shares_than_rest_are_covered_by_replacing_the_order",),
    ),
    Mutation(
        "modified while filled",
        "domain/plan.py",
        "if live.filled or _modified_in_vain(live):",
        "if _modified_in_vain(live):",
        "Whether a modify restates the total or the rest of a partly filled order is not safe to assume.",
        (f"{PLAN}::test_another_price_is_a_modify_while_nothing_is_filled_and_a_replacement_afterwards",),
    ),
    Mutation(
        "a halt ignored",
        "domain/plan.py",
        "    if now.halted is not None and now.phase in (Phase.BEFORE, Phase.OPEN):\n",
        "    if now.halted is not None and now.phase is Phase.AFTER:\n",
        "An operator's halt must stop new orders from the next statement on.",
        (f"{PROTOCOL}::test_a_halt_row_stops_new_orders_from_the_next_statement_on",),
    ),
    Mutation(
        "what is not free is sold",
        "domain/wanted.py",
        "if isinstance(wanted, Hold) or free is None or wanted.quantity <= free:",
        "if isinstance(wanted, Hold) or True:",
        "What the owner offers himself would be offered by us as well: together more than the account holds.",
        (
            f"{OWNER}::test_what_the_owner_offers_himself_is_not_ours_to_offer_as_well",
            f"{OWNER}::test_a_position_of_more_shares_than_the_account_can_sell_covers_what_it_can",
        ),
    ),
    Mutation(
        "requests into the closing auction",
        "domain/plan.py",
        "if now.in_auction and instrument is not None and instrument.auction:",
        "if now.in_auction and instrument is None:",
        "What the exchange has ended at the freeze would be sent again into a phase that takes no request.",
        (f"{ORDER}::test_the_closing_auction_ends_far_orders_as_a_lapse_and_nothing_is_sent_into_it",),
    ),
    Mutation(
        "a refusal tried for ever",
        "domain/history.py",
        "if kind is Kind.HUMAN or tries >= MOST_TRIES:",
        "if kind is Kind.HUMAN:",
        "The broker counts refused orders, too; what was refused three times needs a person.",
        (f"{ORDER}::test_a_rejection_is_tried_again_as_its_words_allow_and_never_closes_a_position",),
    ),
    Mutation(
        "a cancel hammered",
        "domain/plan.py",
        "return Cancel(live, because) if now.at >= again else waiting_for(live)",
        "return Cancel(live, because)",
        "A cancel that is always refused would be asked for each second of the day.",
        (f"{ORDER}::test_a_cancel_that_the_broker_refuses_again_and_again_is_asked_ever_more_slowly_and_told",),
    ),
    Mutation(
        "two live sells allowed by the database",
        "repositories/migrations/versions/v0001_first_schema.py",
        "CREATE UNIQUE INDEX one_live_sell",
        "CREATE INDEX one_live_sell",
        "The last lock: a second live sell must be impossible even for a bug.",
        (f"{PROTOCOL}::test_the_database_itself_forbids_a_second_live_sell",),
    ),
)
