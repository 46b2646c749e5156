"""A hand that writes an exit rule or a broker by SQL is told at once what is wrong, in a sentence.

Rows that are bad already stay as they are, and may be changed in every other column. What is a rule: domain/exits.py.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FUNCTIONS = """
-- What is wrong with an exit rule; NULL for nothing.
CREATE FUNCTION exit_rule_trouble(rule jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    examples constant text := '{"target_percent": 6} or {"target_price": 815.5}';
    name text;
    written text;
    most numeric;
    number numeric;
BEGIN
    IF jsonb_typeof(rule) IS DISTINCT FROM 'object' OR (SELECT count(*) FROM jsonb_object_keys(rule)) <> 1 THEN
        RETURN format('an exit rule is a JSON object with one key, such as %s; this is %s', examples,
            coalesce(left(rule::text, 80), 'NULL'));
    END IF;
    SELECT key, value #>> '{}' INTO name, written FROM jsonb_each(rule);
    most := CASE name WHEN 'target_percent' THEN 1000 WHEN 'target_price' THEN 10000000 END;
    IF most IS NULL THEN
        RETURN format('the exit rule %s is not known; write %s', quote_literal(left(name, 80)), examples);
    END IF;
    BEGIN
        IF jsonb_typeof(rule -> name) IN ('number', 'string')
           AND written ~ '^\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*$' THEN
            number := trim(written)::numeric;
        END IF;
    EXCEPTION WHEN numeric_value_out_of_range OR invalid_text_representation THEN
        number := NULL;
    END;
    IF number IS NULL OR number <= 0 OR number > most THEN
        RETURN format('the exit rule''s %s must be a number above 0 and at most %s; this is %s', name, most,
            left((rule -> name)::text, 80));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION users_row_is_sound() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    trouble text;
BEGIN
    IF NEW.broker NOT IN ('kotak_neo', 'paper') AND (TG_OP = 'INSERT' OR NEW.broker IS DISTINCT FROM OLD.broker) THEN
        RAISE EXCEPTION 'User %: the broker % is not known; known are: kotak_neo, paper.',
            NEW.name, quote_literal(left(NEW.broker, 80))
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_broker_is_known';
    END IF;
    IF NEW.exit_rule IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.exit_rule IS DISTINCT FROM OLD.exit_rule) THEN
        trouble := exit_rule_trouble(NEW.exit_rule);
        IF trouble IS NOT NULL THEN
            RAISE EXCEPTION 'User %: %.', NEW.name, trouble
                USING ERRCODE = 'check_violation', CONSTRAINT = 'users_exit_rule_can_be_read';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER users_row_is_sound BEFORE INSERT OR UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION users_row_is_sound();

-- NULL means the rule of the user.
CREATE FUNCTION positions_rule_is_sound() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    trouble text;
BEGIN
    IF NEW.exit_rule IS NULL
       OR (TG_OP = 'UPDATE' AND NEW.exit_rule IS NOT DISTINCT FROM OLD.exit_rule) THEN
        RETURN NEW;
    END IF;
    trouble := exit_rule_trouble(NEW.exit_rule);
    IF trouble IS NOT NULL THEN
        RAISE EXCEPTION 'Position % of %: %.', NEW.id, NEW.symbol, trouble
            USING ERRCODE = 'check_violation', CONSTRAINT = 'positions_exit_rule_can_be_read';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER positions_rule_is_sound BEFORE INSERT OR UPDATE ON positions
    FOR EACH ROW EXECUTE FUNCTION positions_rule_is_sound();
"""


def upgrade() -> None:
    """Add to the seventh schema; no row is changed."""
    op.execute(FUNCTIONS)


def downgrade() -> None:
    """Rows that can be read stay readable."""
    op.execute("DROP TRIGGER positions_rule_is_sound ON positions; DROP TRIGGER users_row_is_sound ON users")
    op.execute("DROP FUNCTION positions_rule_is_sound, users_row_is_sound, exit_rule_trouble")
