"""An account is live, or it is not: orders of a simulator are never taken for those of the broker."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LIVE = """
ALTER TABLE users ADD COLUMN live_since timestamptz;
UPDATE users SET live_since = now() WHERE live;

-- Becoming live for the first time is for an account without orders, which were a simulator's; a change of it starts
-- the account anew.
CREATE FUNCTION users_live_is_sound() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.live_since := CASE WHEN TG_OP = 'UPDATE' THEN OLD.live_since END;
    IF NEW.live AND NEW.live_since IS NULL THEN
        IF EXISTS (SELECT 1 FROM orders WHERE user_id = NEW.id AND status <> 'REQUESTED') THEN
            RAISE EXCEPTION
                'User %: its orders were a simulator''s, so it cannot become live. Enter the account as another user.',
                NEW.name USING ERRCODE = 'check_violation', CONSTRAINT = 'users_live_begins_without_orders';
        END IF;
        NEW.live_since := now();
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.revision = OLD.revision AND NEW.live <> OLD.live THEN
        NEW.revision := OLD.revision + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER users_live_is_sound BEFORE INSERT OR UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION users_live_is_sound();
"""


def upgrade() -> None:
    """Add to the schema; no row is lost."""
    op.execute(LIVE)


def downgrade() -> None:
    """Who has traded with money must not be forgotten."""
    raise NotImplementedError("Going back would forget which accounts are live: restore a backup instead.")
