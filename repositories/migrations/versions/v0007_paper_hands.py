"""What the owner of a paper account does by his own hand: a wish each, carried out by his account at its next page."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE paper_hands (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     bigint NOT NULL REFERENCES paper_accounts ON DELETE CASCADE,
    deed        text NOT NULL CONSTRAINT paper_hands_deed_is_known CHECK (deed IN ('BUY', 'SELL', 'CANCEL')),
    symbol      text CONSTRAINT paper_hands_symbol_is_one CHECK (symbol <> ''),
    quantity    integer CONSTRAINT paper_hands_quantity_is_positive CHECK (quantity > 0),
    price       numeric CONSTRAINT paper_hands_price_is_a_price CHECK (price > 0 AND price < 1e9),
    number      text CONSTRAINT paper_hands_number_is_one CHECK (number <> ''),
    asked_at    timestamptz NOT NULL DEFAULT now(),
    done_at     timestamptz,
    words       text NOT NULL DEFAULT '',
    CONSTRAINT paper_hands_say_what CHECK (CASE WHEN deed = 'CANCEL' THEN number IS NOT NULL
        ELSE symbol IS NOT NULL AND quantity IS NOT NULL AND price IS NOT NULL END)
);
CREATE INDEX paper_hands_waiting ON paper_hands (user_id, id) WHERE done_at IS NULL;
CREATE TRIGGER wake_tenant AFTER INSERT OR UPDATE OR DELETE ON paper_hands
    FOR EACH ROW EXECUTE FUNCTION wake_tenant();
CREATE TRIGGER journal_what_a_hand_changes AFTER UPDATE OR DELETE ON paper_hands
    FOR EACH ROW EXECUTE FUNCTION journal_what_a_hand_changes();
ALTER TABLE paper_hands ENABLE ROW LEVEL SECURITY;
ALTER TABLE paper_hands FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON paper_hands USING (
    nullif(current_setting('ninefifteen.user_id', true), '') IS NULL
    OR user_id = nullif(current_setting('ninefifteen.user_id', true), '')::bigint);
"""


def upgrade() -> None:
    """Add to the fifth schema; no row is lost."""
    op.execute(TABLE)


def downgrade() -> None:
    """What the owners did by hand would be lost."""
    raise NotImplementedError("Going back would lose what owners did by hand: restore a backup instead.")
