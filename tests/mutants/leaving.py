"""Mutations of how an account gets out: from which address, in which session, and how often."""

from tests.mutants.mutation import Mutation

EGRESS = "integration/test_kotak_egress.py"
ROWS = "integration/test_egress_rows.py"
RATE = "integration/test_kotak_rate.py"
LIVE = "integration/test_live_accounts.py"
DOOR = "integration/test_front_door.py"
THROTTLE = "unit/test_kotak_throttle.py"

LEAVING = (
    Mutation(
        "no address bound",
        "broker/kotak_neo/connections.py",
        "self._source = None if source is None else (source, 0)",
        "self._source = None",
        "Every account would leave by the default route, and share one address with strangers.",
        (f"{EGRESS}::test_login_reads_and_orders_of_two_accounts_leave_from_their_own_addresses",),
    ),
    Mutation(
        "default route where nothing can be bound",
        "broker/kotak_neo/account.py",
        "        raise AddressWrong(",
        '        return ""\n        raise AddressWrong(',
        "An address that is not there would be replaced by whatever the machine has.",
        (f"{EGRESS}::test_an_address_that_is_not_this_machines_is_never_replaced_by_the_default_route",),
    ),
    Mutation(
        "address believed unseen",
        "broker/kotak_neo/account.py",
        "(not session.address or session is self._seen)",
        "True",
        "Orders would go out before the broker was seen to see the account's own address.",
        (f"{EGRESS}::test_no_order_goes_out_before_the_broker_said_what_it_sees",),
    ),
    Mutation(
        "no second look before the open",
        "service/front_door.py",
        "if self._is_time_to_look(session):",
        "if False:",
        "What changed between the login and the bell would be found by refused orders alone.",
        (f"{DOOR}::test_an_address_that_went_astray_before_the_bell_holds_the_tenant_and_names_both",),
    ),
    Mutation(
        "tunnel mistaken for the request",
        "broker/kotak_neo/connections.py",
        "if self._tunnelling:",
        "if False:",
        "Behind a proxy nothing would ever be sent, or the last check would come before the tunnel.",
        (f"{EGRESS}::test_behind_a_proxy_the_last_check_still_comes_after_connect_and_tls",),
    ),
    Mutation(
        "strangers on one address",
        "domain/egress.py",
        "if one.family is None or one.family != claim.family",
        "if one.family != claim.family",
        "Two accounts of no declared family would be taken for one family.",
        (f"{ROWS}::test_two_of_no_family_on_one_address_are_not_both_served",),
    ),
    Mutation(
        "who runs on another's address goes on",
        "tenants/tenant.py",
        "if wish.barred:",
        "if False:",
        "An address given to a lower number would be used by two strangers until the next restart.",
        (f"{ROWS}::test_who_runs_on_an_address_that_a_lower_number_is_given_has_to_stop",),
    ),
    Mutation(
        "codes forgotten by a restart",
        "repositories/logins.py",
        "return session.execute(CLAIM, row).first() is not None",
        "return bool(session.execute(CLAIM, row)) or True",
        "A process that follows a killed one would send the same code again.",
        (f"{ROWS}::test_a_process_that_follows_at_once_sends_no_code_of_the_one_before",),
    ),
    Mutation(
        "refusals forgotten by a restart",
        "broker/kotak_neo/login/login.py",
        "if len(told) >= REFUSALS_ALLOWED:",
        "if False:",
        "Refused credentials would be tried again by every new process, until the broker locks the account.",
        (f"{ROWS}::test_refused_credentials_are_asked_twice_over_all_processes_until_something_changes",),
    ),
    Mutation(
        "a token back when its call begins",
        "broker/throttle.py",
        "if self._under_way + len(self._used) >= self._tokens:",
        "if self._under_way >= self._tokens:",
        "The broker would count more orders in a second than the account may send.",
        (f"{RATE}::test_no_second_of_the_broker_sees_more_places_modifies_and_cancels_than_the_rate",),
    ),
    Mutation(
        "reads pass the breaker",
        "broker/kotak_neo/exchange.py",
        "if breaker.remaining:",
        "if False:",
        "A broker that has had enough would be asked three times a cycle for as long as it lasts.",
        (f"{RATE}::test_a_broker_that_has_had_enough_is_asked_less_and_less_and_answers_close_the_breaker",),
    ),
    Mutation(
        "whoever is wanted served wherever the URL leads",
        "cli/kotak_lines.py",
        "        if objected is not None:\n",
        "        if False:\n",
        "A drill with the production database would close real positions with simulated fills.",
        (
            f"{LIVE}::test_a_live_account_meets_no_simulator",
            f"{LIVE}::test_a_live_account_without_an_address_of_its_own_is_refused",
        ),
    ),
    Mutation(
        "a live account that reaches any host",
        "broker/kotak_neo/hosts.py",
        "if not any(host == domain or",
        "if not any(True or host == domain or",
        "Whoever changes one answer of the login would be given the account's tokens, or a simulator its orders.",
        (
            "unit/test_kotak_session.py::test_a_live_account_reaches_no_other_host_and_no_simulator",
            f"{LIVE}::test_a_live_account_does_not_go_on_in_the_session_of_a_simulator",
        ),
    ),
    Mutation(
        "a simulator's orders taken for the broker's",
        "repositories/migrations/versions/v0006_live_accounts.py",
        "IF EXISTS (SELECT 1 FROM orders",
        "IF false AND EXISTS (SELECT 1 FROM orders",
        "Orders of a drill would be looked for at the broker, and their fills counted as real.",
        (f"{LIVE}::test_orders_of_a_simulator_are_never_taken_for_the_brokers",),
    ),
)
