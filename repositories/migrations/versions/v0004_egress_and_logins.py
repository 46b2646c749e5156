"""Where accounts leave from, who shares an address, and every login that was tried."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

USERS = """
ALTER TABLE users
    ADD COLUMN egress_ip inet,
    ADD COLUMN egress_ip_2 inet,
    ADD COLUMN family text,
    ADD CONSTRAINT users_egress_ip_is_one_ipv4_address CHECK (
        family(egress_ip) = 4 AND masklen(egress_ip) = 32 AND host(egress_ip) <> '0.0.0.0'),
    ADD CONSTRAINT users_egress_ip_2_is_one_ipv4_address CHECK (
        family(egress_ip_2) = 4 AND masklen(egress_ip_2) = 32 AND host(egress_ip_2) <> '0.0.0.0'),
    ADD CONSTRAINT users_egress_ip_2_follows_a_first_one CHECK (egress_ip_2 IS NULL OR egress_ip IS NOT NULL),
    ADD CONSTRAINT users_egress_ips_differ CHECK (egress_ip <> egress_ip_2),
    ADD CONSTRAINT users_family_is_a_word CHECK (family ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$');

-- Says in a sentence what the constraints say in a name, and starts the user anew with another way out.
CREATE FUNCTION users_egress_is_sound() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    address inet;
BEGIN
    FOREACH address IN ARRAY ARRAY[NEW.egress_ip, NEW.egress_ip_2] LOOP
        IF family(address) <> 4 OR masklen(address) <> 32 OR host(address) = '0.0.0.0' THEN
            RAISE EXCEPTION 'User %: the egress address % is not one IPv4 address, such as 203.0.113.7.',
                NEW.name, address
                USING ERRCODE = 'check_violation', CONSTRAINT = 'users_egress_ip_is_one_ipv4_address';
        END IF;
    END LOOP;
    IF NEW.egress_ip_2 IS NOT NULL AND NEW.egress_ip IS NULL THEN
        RAISE EXCEPTION 'User %: egress_ip_2 is the second address; set egress_ip first.', NEW.name
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_egress_ip_2_follows_a_first_one';
    END IF;
    IF NEW.egress_ip = NEW.egress_ip_2 THEN
        RAISE EXCEPTION 'User %: the second egress address % is the first one; leave it empty or choose another.',
            NEW.name, host(NEW.egress_ip)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_egress_ips_differ';
    END IF;
    IF NEW.family !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' THEN
        RAISE EXCEPTION 'User %: the family % must be a word of letters, digits, dots, dashes or underscores.',
            NEW.name, NEW.family USING ERRCODE = 'check_violation', CONSTRAINT = 'users_family_is_a_word';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.revision = OLD.revision
       AND (NEW.egress_ip, NEW.egress_ip_2, NEW.family) IS DISTINCT FROM (OLD.egress_ip, OLD.egress_ip_2, OLD.family)
    THEN
        NEW.revision := OLD.revision + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER users_egress_is_sound BEFORE INSERT OR UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION users_egress_is_sound();
"""

LOGINS = """
CREATE TABLE logins (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    generation  bigint NOT NULL,
    revision    integer NOT NULL,
    credentials text NOT NULL,
    totp_period bigint NOT NULL,
    begun_at    timestamptz NOT NULL DEFAULT now(),
    outcome     text CONSTRAINT logins_outcome_is_known CHECK (outcome IN ('accepted', 'refused', 'failed')),
    ended_at    timestamptz,
    text        text,
    session     text,
    CONSTRAINT no_code_twice UNIQUE (user_id, totp_period)
);
CREATE INDEX logins_of_user ON logins (user_id, id);
ALTER TABLE logins ENABLE ROW LEVEL SECURITY;
ALTER TABLE logins FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON logins USING (
    nullif(current_setting('ninefifteen.user_id', true), '') IS NULL
    OR user_id = nullif(current_setting('ninefifteen.user_id', true), '')::bigint);
"""


def upgrade() -> None:
    """Add to the schema; no row is lost."""
    op.execute(USERS)
    op.execute(LOGINS)


def downgrade() -> None:
    """What was refused must not be forgotten."""
    raise NotImplementedError("Going back would forget refused logins and addresses: restore a backup instead.")
