"""Paper accounts: what a broker would keep of them (cash, holdings, orders, trades), and faults on command."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BROKERS = """
ALTER TABLE users DROP CONSTRAINT users_broker_is_known,
    ADD CONSTRAINT users_broker_is_known CHECK (broker IN ('kotak_neo', 'paper')),
    ADD CONSTRAINT users_on_paper_are_never_live CHECK (broker <> 'paper' OR NOT live);
"""

TABLES = """
CREATE TABLE paper_accounts (
    user_id             bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    cash                numeric NOT NULL DEFAULT 1000000
                        CONSTRAINT paper_accounts_cash_is_a_sum CHECK (cash > -1e15 AND cash < 1e15),
    day                 date,
    settled_at          timestamptz CONSTRAINT paper_accounts_times_are_finite CHECK (isfinite(settled_at)),
    latency_seconds     double precision NOT NULL DEFAULT 0 CONSTRAINT paper_accounts_latency_is_sensible
                        CHECK (latency_seconds >= 0 AND latency_seconds <= 60),
    open_delay_seconds  double precision NOT NULL DEFAULT 0.05 CONSTRAINT paper_accounts_open_delay_is_sensible
                        CHECK (open_delay_seconds >= 0 AND open_delay_seconds <= 300),
    book_delay_seconds  double precision NOT NULL DEFAULT 0 CONSTRAINT paper_accounts_book_delay_is_sensible
                        CHECK (book_delay_seconds >= 0 AND book_delay_seconds <= 300)
);

CREATE TABLE paper_holdings (
    user_id         bigint NOT NULL REFERENCES paper_accounts ON DELETE CASCADE,
    symbol          text NOT NULL CHECK (symbol <> ''),
    quantity        integer NOT NULL CONSTRAINT paper_holdings_quantity_is_positive CHECK (quantity > 0),
    average_price   numeric NOT NULL CONSTRAINT paper_holdings_price_is_a_price
                    CHECK (average_price >= 0 AND average_price < 1e9),
    PRIMARY KEY (user_id, symbol)
);

CREATE TABLE paper_orders (
    user_id         bigint NOT NULL REFERENCES paper_accounts ON DELETE CASCADE,
    number          text NOT NULL,
    day             date NOT NULL,
    tag             text NOT NULL,
    shown_tag       text NOT NULL,
    source          text NOT NULL,
    side            text NOT NULL CHECK (side IN ('BUY', 'SELL')),
    symbol          text NOT NULL,
    quantity        integer NOT NULL CHECK (quantity > 0),
    price           numeric NOT NULL CHECK (price > 0),
    state           text NOT NULL,
    filled          integer NOT NULL,
    cancelled       integer NOT NULL,
    value           numeric NOT NULL,
    reason          text NOT NULL,
    entered_at      timestamptz NOT NULL,
    visible_from    timestamptz NOT NULL,
    confirmed_at    timestamptz,
    admitted        boolean NOT NULL,
    resting         boolean NOT NULL,
    history         jsonb NOT NULL,
    errands         jsonb NOT NULL,
    PRIMARY KEY (user_id, number),
    CONSTRAINT paper_orders_tag_is_burnt_for_the_day UNIQUE (user_id, day, tag),
    CONSTRAINT paper_orders_fill_no_more_than_they_are CHECK (filled >= 0 AND filled + cancelled <= quantity)
);

CREATE TABLE paper_trades (
    user_id     bigint NOT NULL,
    number      text NOT NULL,
    filled      integer NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    price       numeric NOT NULL CHECK (price > 0),
    at          timestamptz NOT NULL,
    PRIMARY KEY (user_id, number, filled),
    FOREIGN KEY (user_id, number) REFERENCES paper_orders ON DELETE CASCADE,
    CONSTRAINT paper_trades_add_up CHECK (quantity <= filled)
);

CREATE TABLE paper_faults (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     bigint NOT NULL REFERENCES paper_accounts ON DELETE CASCADE,
    call        text NOT NULL CONSTRAINT paper_faults_call_is_known CHECK (call IN (
                'place', 'modify', 'cancel', 'orders', 'history', 'trades', 'holdings', 'quotes', 'any')),
    kind        text NOT NULL CONSTRAINT paper_faults_kind_is_known CHECK (kind IN (
                'lost_reply', 'drop_before', 'late_reply', 'hang', 'hang_after', '502_html', '502_after', '503_after',
                'garbage_after', 'ok_without_number', '429', 'session_death', 'ip_refused', 'ip_changed', 'reject',
                'sync_reject', 'late_row', 'no_data', 'missing_rows', 'malformed_row')),
    times       integer DEFAULT 1 CONSTRAINT paper_faults_times_are_a_number CHECK (times >= 0),
    seconds     double precision NOT NULL DEFAULT 0 CONSTRAINT paper_faults_seconds_are_sensible
                CHECK (seconds >= 0 AND seconds <= 3600),
    text        text NOT NULL DEFAULT 'RMS:Rule: Rejected on command',
    code        integer NOT NULL DEFAULT 1004,
    rows        integer NOT NULL DEFAULT 1 CHECK (rows > 0),
    probability double precision NOT NULL DEFAULT 1 CONSTRAINT paper_faults_probability_is_one
                CHECK (probability > 0 AND probability <= 1),
    struck      integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX paper_faults_waiting ON paper_faults (user_id, id) WHERE times IS DISTINCT FROM 0;
"""

FUNCTIONS = """
CREATE FUNCTION open_paper_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO paper_accounts (user_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER open_paper_account AFTER INSERT ON users FOR EACH ROW
    WHEN (NEW.broker = 'paper') EXECUTE FUNCTION open_paper_account();

-- What was bought on paper must never be sold for money, nor money's shares on paper.
CREATE FUNCTION paper_stays_paper() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'paper_stays_paper: user % trades with % and cannot go over to %: enter another user.',
        OLD.name, OLD.broker, NEW.broker USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER paper_stays_paper BEFORE UPDATE OF broker ON users FOR EACH ROW
    WHEN (NEW.broker IS DISTINCT FROM OLD.broker AND 'paper' IN (NEW.broker, OLD.broker))
    EXECUTE FUNCTION paper_stays_paper();

CREATE FUNCTION paper_fills_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Paper order %: filled may only grow (% to %).', OLD.number, OLD.filled, NEW.filled
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER paper_fills_only_grow BEFORE UPDATE ON paper_orders
    FOR EACH ROW WHEN (NEW.filled < OLD.filled) EXECUTE FUNCTION paper_fills_only_grow();
"""

WAKING = ("paper_accounts", "paper_holdings")
PRIVATE = ("paper_accounts", "paper_holdings", "paper_orders", "paper_trades", "paper_faults")
WATCHED = ("paper_accounts", "paper_holdings", "paper_orders", "paper_trades")

POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON {table} USING (
    nullif(current_setting('ninefifteen.user_id', true), '') IS NULL
    OR user_id = nullif(current_setting('ninefifteen.user_id', true), '')::bigint);
"""


def upgrade() -> None:
    """Add to the fourth schema; no row is lost."""
    for statements in (BROKERS, TABLES, FUNCTIONS):
        op.execute(statements)
    for table in WAKING:
        op.execute(
            f"CREATE TRIGGER wake_tenant AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION wake_tenant()"
        )
    for table in WATCHED:
        op.execute(
            f"CREATE TRIGGER journal_what_a_hand_changes AFTER UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION journal_what_a_hand_changes()"
        )
    for table in PRIVATE:
        op.execute(POLICY.format(table=table))


def downgrade() -> None:
    """The books of the paper accounts would be lost."""
    raise NotImplementedError("Going back would lose the books of the paper accounts: restore a backup instead.")
