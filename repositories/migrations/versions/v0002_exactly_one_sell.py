"""What exactly one sell needs: the table of steps, settlements, exits, halts that cancel, what the owner may sell."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STEPS = (
    ("SELL", "SUBMITTING", "ACCEPTED REJECTED CANCELLED OPEN LAPSED EXECUTED"),
    ("SELL", "ACCEPTED", "OPEN REJECTED CANCELLED LAPSED EXECUTED"),
    ("SELL", "OPEN", "CANCELLING REJECTED CANCELLED LAPSED EXECUTED"),
    ("SELL", "CANCELLING", "OPEN REJECTED CANCELLED LAPSED EXECUTED"),
    ("SELL", "REJECTED", "ACCEPTED OPEN EXECUTED CANCELLED LAPSED"),
    ("SELL", "CANCELLED", "ACCEPTED OPEN EXECUTED REJECTED LAPSED"),
    ("SELL", "LAPSED", "ACCEPTED OPEN EXECUTED REJECTED CANCELLED"),
    ("SELL", "EXECUTED", "OPEN"),
    ("BUY", "SUBMITTING", "ACCEPTED REJECTED CANCELLED OPEN LAPSED ONGOING"),
    ("BUY", "ACCEPTED", "OPEN REJECTED CANCELLED LAPSED ONGOING"),
    ("BUY", "OPEN", "CANCELLING REJECTED CANCELLED LAPSED ONGOING"),
    ("BUY", "CANCELLING", "OPEN REJECTED CANCELLED LAPSED ONGOING"),
    ("BUY", "REJECTED", "ACCEPTED OPEN ONGOING CANCELLED LAPSED"),
    ("BUY", "CANCELLED", "ACCEPTED OPEN ONGOING REJECTED LAPSED"),
    ("BUY", "LAPSED", "ACCEPTED OPEN ONGOING REJECTED CANCELLED"),
    ("BUY", "ONGOING", "OPEN CLOSED"),
    ("BUY", "REQUESTED", "SUBMITTING REJECTED"),
    ("BUY", "CLOSED", "ONGOING OPEN"),
)
"""Side, state, and the states that may follow it."""

COLUMNS = """
ALTER TABLE users ADD COLUMN owner_policy text NOT NULL DEFAULT 'respect'
    CONSTRAINT users_owner_policy_is_known CHECK (owner_policy IN ('respect', 're-protect'));
ALTER TABLE positions ADD COLUMN isin text;
ALTER TABLE orders
    ADD COLUMN evidence_at timestamptz,
    ADD COLUMN absent_reads integer NOT NULL DEFAULT 0,
    ADD COLUMN changed_by_owner boolean NOT NULL DEFAULT false;
ALTER TABLE orders DROP CONSTRAINT orders_at_broker_need_a_number, ADD CONSTRAINT orders_at_broker_need_a_number CHECK (
    broker_order_id IS NOT NULL OR reason = 'SETTLED'
    OR status NOT IN ('ACCEPTED', 'OPEN', 'CANCELLING', 'EXECUTED', 'LAPSED'));
ALTER TABLE halts ADD COLUMN cancel_orders boolean NOT NULL DEFAULT false;
UPDATE halts SET because = 'no reason was given' WHERE because = '';
ALTER TABLE halts ADD CONSTRAINT halts_say_why CHECK (because <> '');
ALTER TABLE instruments ADD COLUMN auction boolean;
ALTER TABLE sends DROP CONSTRAINT sends_outcome_check, ADD CONSTRAINT sends_outcome_is_known CHECK (
    outcome IN ('accepted', 'refused', 'not_sent', 'unknown', 'absent', 'found', 'settled'));
"""

TABLES = """
CREATE TABLE order_transitions (
    side    text NOT NULL,
    before  text NOT NULL,
    after   text NOT NULL,
    PRIMARY KEY (side, before, after)
);

CREATE TABLE settlements (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id        bigint NOT NULL REFERENCES orders,
    user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    verdict         text NOT NULL CONSTRAINT settlements_verdict_is_known CHECK (verdict IN ('placed', 'not-placed')),
    broker_order_id text CONSTRAINT settlements_number_is_there CHECK (broker_order_id <> ''),
    filled          integer CONSTRAINT settlements_filled_is_a_quantity CHECK (filled >= 0),
    price           numeric CONSTRAINT settlements_price_is_a_price CHECK (price > 0 AND price < 1e9),
    because         text NOT NULL CONSTRAINT settlements_say_why CHECK (because <> ''),
    created_by      text NOT NULL DEFAULT current_user,
    created_at      timestamptz NOT NULL DEFAULT now(),
    answered_at     timestamptz,
    answer          text,
    CONSTRAINT settlements_placed_has_a_number CHECK (
        (verdict = 'placed') = (broker_order_id IS NOT NULL)
        AND (verdict = 'placed' OR (filled IS NULL AND price IS NULL)))
);
CREATE UNIQUE INDEX one_standing_settlement ON settlements (order_id) WHERE answered_at IS NULL;
CREATE INDEX settlements_standing ON settlements (user_id) WHERE answered_at IS NULL;

CREATE TABLE exits (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position_id bigint NOT NULL REFERENCES positions,
    user_id     bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    at_most_percent_below_last numeric NOT NULL DEFAULT 1 CONSTRAINT exits_percent_is_sensible CHECK (
        at_most_percent_below_last >= 0 AND at_most_percent_below_last <= 20),
    because     text NOT NULL DEFAULT '',
    price       numeric CONSTRAINT exits_price_is_a_price CHECK (price > 0 AND price < 1e9),
    last_price  numeric,
    priced_on   date,
    created_by  text NOT NULL DEFAULT current_user,
    created_at  timestamptz NOT NULL DEFAULT now() CONSTRAINT exits_time_is_finite CHECK (isfinite(created_at)),
    ended_at    timestamptz
);
CREATE UNIQUE INDEX one_standing_exit ON exits (position_id) WHERE ended_at IS NULL;
CREATE INDEX exits_standing ON exits (user_id) WHERE ended_at IS NULL;

CREATE TABLE free_shares (
    user_id     bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    day         date NOT NULL,
    symbol      text NOT NULL,
    sellable    integer NOT NULL CHECK (sellable >= 0),
    noted_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, day, symbol)
);

CREATE TABLE journal_archive (
    id          bigint PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor       text NOT NULL,
    user_id     bigint,
    position_id bigint,
    order_id    bigint,
    event       text NOT NULL,
    detail      jsonb NOT NULL
);
CREATE INDEX journal_archive_of_position ON journal_archive (position_id, id) WHERE position_id IS NOT NULL;
CREATE INDEX journal_archive_of_user ON journal_archive (user_id, id);
"""

FUNCTIONS = """
-- Binds the service alone: a person with SQL may correct what a program may not.
CREATE FUNCTION orders_take_known_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('ninefifteen.actor', true), '') NOT LIKE 'service:%' THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM order_transitions t
                   WHERE t.side = NEW.side AND t.before = OLD.status AND t.after = NEW.status) THEN
        RAISE EXCEPTION 'orders_take_known_steps: order %: % to % is no step of a % order.',
            OLD.id, OLD.status, NEW.status, NEW.side USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status IN ('EXECUTED', 'ONGOING', 'REJECTED', 'CANCELLED', 'LAPSED')
       AND (NEW.evidence IS NULL OR NEW.evidence_at IS NOT DISTINCT FROM OLD.evidence_at)
       AND EXISTS (SELECT FROM sends s WHERE s.order_id = OLD.id AND s.outcome IS DISTINCT FROM 'not_sent') THEN
        RAISE EXCEPTION 'orders_end_on_evidence: order %: % to % without evidence.', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_take_known_steps BEFORE UPDATE ON orders FOR EACH ROW
    WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION orders_take_known_steps();

CREATE FUNCTION user_of_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.user_id := (SELECT user_id FROM orders WHERE id = NEW.order_id);
    IF NEW.user_id IS NULL THEN
        RAISE EXCEPTION 'Order % does not exist; nothing was written.', NEW.order_id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER user_of_order BEFORE INSERT ON settlements FOR EACH ROW EXECUTE FUNCTION user_of_order();

CREATE FUNCTION user_of_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.user_id := (SELECT user_id FROM positions WHERE id = NEW.position_id AND closed_at IS NULL);
    IF NEW.user_id IS NULL THEN
        RAISE EXCEPTION 'Position % does not exist or is closed; nothing was written.', NEW.position_id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER user_of_position BEFORE INSERT ON exits FOR EACH ROW EXECUTE FUNCTION user_of_position();

-- A row may leave the journal only when the same row stands in the archive.
CREATE OR REPLACE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'The journal is append-only: move old rows with archive_journal(before).';
    END IF;
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'journal' AND EXISTS (
        SELECT FROM journal_archive a WHERE a.id = OLD.id AND ROW(a.*) IS NOT DISTINCT FROM ROW(OLD.*)) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The journal is append-only: row % stays as it is; write a new row that corrects it.', OLD.id;
END $$;
CREATE TRIGGER journal_is_not_truncated BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_archive_is_append_only BEFORE UPDATE OR DELETE ON journal_archive
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_archive_is_not_truncated BEFORE TRUNCATE ON journal_archive
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();

CREATE FUNCTION archive_journal(before timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    INSERT INTO journal_archive SELECT * FROM journal j WHERE j.at < before;
    DELETE FROM journal j WHERE j.at < before;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END $$;

-- What a person changes with SQL alone stands in the journal, too: what it was, and what it became.
CREATE FUNCTION journal_what_a_hand_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := to_jsonb(OLD);
    after jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}'::jsonb ELSE to_jsonb(NEW) END;
BEGIN
    IF coalesce(current_setting('ninefifteen.actor', true), '') = '' AND before IS DISTINCT FROM after THEN
        INSERT INTO journal (actor, user_id, position_id, order_id, event, detail) VALUES (
            'sql:' || session_user,
            (CASE WHEN TG_TABLE_NAME = 'users' THEN before ->> 'id' ELSE before ->> 'user_id' END)::bigint,
            (CASE WHEN TG_TABLE_NAME = 'positions' THEN before ->> 'id' ELSE before ->> 'position_id' END)::bigint,
            (CASE WHEN TG_TABLE_NAME = 'orders' THEN before ->> 'id' ELSE before ->> 'order_id' END)::bigint,
            CASE WHEN TG_OP = 'DELETE' THEN 'DELETED_BY_HAND' ELSE 'CHANGED_BY_HAND' END,
            jsonb_build_object('table', TG_TABLE_NAME, 'row', before -> 'id',
                'was', (SELECT jsonb_object_agg(key, value) FROM jsonb_each(before) b
                        WHERE TG_OP = 'DELETE' OR b.value IS DISTINCT FROM after -> b.key),
                'is', (SELECT jsonb_object_agg(key, value) FROM jsonb_each(after) a
                       WHERE a.value IS DISTINCT FROM before -> a.key)));
    END IF;
    RETURN NULL;
END $$;
"""

WAKING = ("settlements", "exits")
PRIVATE = ("settlements", "exits", "free_shares", "journal_archive")
WATCHED = ("users", "positions", "orders", "halts", "settlements", "exits")

POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON {table} USING (
    nullif(current_setting('ninefifteen.user_id', true), '') IS NULL
    OR user_id = nullif(current_setting('ninefifteen.user_id', true), '')::bigint);
"""


def upgrade() -> None:
    """Add to the first schema; no row is lost."""
    for statements in (COLUMNS, TABLES, FUNCTIONS):
        op.execute(statements)
    for side, before, after in STEPS:
        for state in after.split():
            op.execute(f"INSERT INTO order_transitions VALUES ('{side}', '{before}', '{state}')")
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
    """The rows of the new tables would be lost."""
    raise NotImplementedError("Going back would lose settlements and exits: restore a backup instead.")
