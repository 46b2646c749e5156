"""A database of the first schema, with rows in it, becomes one of today's; nothing is lost."""

import psycopg
from alembic import command

from repositories.database import Database
from repositories.schema import _config, upgrade

ROWS = """
INSERT INTO users (id, name, broker, exit_rule) VALUES (2, 'asha', 'kotak_neo', '{"target_percent": 6}');
INSERT INTO positions (id, user_id, symbol, quantity, avg_price) VALUES (7, 2, 'IFBIND-EQ', 10, 800);
INSERT INTO orders (id, user_id, position_id, side, symbol, status, tag, broker_order_id, quantity, price, trading_day)
    VALUES (1, 2, 7, 'SELL', 'IFBIND-EQ', 'OPEN', 'NTEST1', '11', 10, 848, '2026-11-23');
INSERT INTO sends (order_id, user_id, kind, attempt, generation, quantity, price, send_by, outcome)
    VALUES (1, 2, 'place', 1, 1, 10, 848, now(), 'accepted');
INSERT INTO halts (user_id, because) VALUES (2, '');
INSERT INTO journal (actor, user_id, event) VALUES ('operator:cli', 2, 'USER_ADDED');
"""


def test_rows_of_the_first_schema_live_on(database: Database, psql: psycopg.Connection) -> None:
    psql.execute("DROP SCHEMA public CASCADE")
    psql.execute("CREATE SCHEMA public")
    with database.engine.begin() as connection:
        command.upgrade(_config(connection), "0001")
    psql.execute(ROWS.encode())
    assert upgrade(database).up_to_date
    assert psql.execute("SELECT name, owner_policy FROM users").fetchall() == [("asha", "respect")]
    assert psql.execute("SELECT status, absent_reads, changed_by_owner FROM orders").fetchall() == [("OPEN", 0, False)]
    assert psql.execute("SELECT because FROM halts").fetchall() == [("no reason was given",)]
    assert psql.execute("SELECT count(*) FROM journal").fetchall() == [(1,)]
