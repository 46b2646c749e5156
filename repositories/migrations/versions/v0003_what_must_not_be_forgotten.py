"""What a restart must not forget: both stories of a figure, whether a day was seen to its end, orders of others."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE account_days
    ADD COLUMN others integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN average numeric,
    ADD COLUMN confirmed boolean NOT NULL DEFAULT false;
ALTER TABLE free_shares ADD COLUMN plain integer, ADD COLUMN netted integer;
UPDATE free_shares SET plain = sellable, netted = sellable;
ALTER TABLE orders ADD COLUMN band_checked boolean NOT NULL DEFAULT false;
ALTER TABLE exits ADD COLUMN after_send bigint;
UPDATE exits e SET after_send = (
    SELECT max(s.id) FROM sends s JOIN orders o ON o.id = s.order_id
    WHERE o.position_id = e.position_id AND s.created_at < e.created_at);
"""

TABLES = """
-- Rows of the broker's book that are not orders of ours; a row does not leave the book of its day.
CREATE TABLE strangers (
    user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    day             date NOT NULL,
    broker_order_id text NOT NULL,
    report          jsonb NOT NULL,
    PRIMARY KEY (user_id, day, broker_order_id)
);
"""

FUNCTIONS = """
-- What had been sent when somebody asked for the exit: told by rows, since two machines' clocks may differ.
CREATE FUNCTION exit_comes_after() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.after_send := (
        SELECT max(s.id) FROM sends s JOIN orders o ON o.id = s.order_id WHERE o.position_id = NEW.position_id);
    RETURN NEW;
END $$;
CREATE TRIGGER exit_comes_after BEFORE INSERT ON exits FOR EACH ROW EXECUTE FUNCTION exit_comes_after();
"""

POLICY = """
ALTER TABLE strangers ENABLE ROW LEVEL SECURITY;
ALTER TABLE strangers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON strangers USING (
    nullif(current_setting('ninefifteen.user_id', true), '') IS NULL
    OR user_id = nullif(current_setting('ninefifteen.user_id', true), '')::bigint);
"""


def upgrade() -> None:
    """Add to the second schema; no row is lost."""
    for statements in (COLUMNS, TABLES, FUNCTIONS, POLICY):
        op.execute(statements)


def downgrade() -> None:
    """What was remembered would be lost."""
    raise NotImplementedError("Going back would lose what the account's days have shown: restore a backup instead.")
