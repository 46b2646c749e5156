"""The tables as SQLAlchemy Core sees them. The migrations make them; a test compares the two."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import INET, JSONB

metadata = MetaData()

NOW = DateTime(timezone=True)

users = Table(
    "users",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("broker", Text, nullable=False),
    Column("exit_rule", JSONB, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("live_since", NOW),
    Column("revision", Integer, nullable=False),
    Column("created_at", NOW, nullable=False),
    Column("owner_policy", Text, nullable=False),
    Column("egress_ip", INET),
    Column("egress_ip_2", INET),
    Column("family", Text),
)

credentials = Table(
    "credentials",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("incoming", JSONB),
    Column("sealed", Text),
    Column("sealed_at", NOW),
)

logins = Table(
    "logins",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("credentials", Text, nullable=False),
    Column("totp_period", BigInteger, nullable=False),
    Column("begun_at", NOW, nullable=False),
    Column("outcome", Text),
    Column("ended_at", NOW),
    Column("text", Text),
    Column("session", Text),
)

installation = Table(
    "installation",
    metadata,
    Column("singleton", Boolean, primary_key=True),
    Column("tag_prefix", Text, nullable=False),
    Column("created_at", NOW, nullable=False),
)

supervisors = Table(
    "supervisors",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", NOW, nullable=False),
    Column("lease_until", NOW, nullable=False),
    Column("stopped_at", NOW),
    Column("drill", Boolean, nullable=False),
    Column("bell_at", NOW),
    Column("close_at", NOW),
    Column("cycle_seconds", Float, nullable=False),
)

tenants = Table(
    "tenants",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("supervisor_id", BigInteger),
    Column("generation", BigInteger, nullable=False),
    Column("claimed_at", NOW, nullable=False),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("generation", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("beat_at", NOW, nullable=False),
    Column("book_at", NOW),
)

positions = Table(
    "positions",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("avg_price", Numeric, nullable=False),
    Column("opened_at", NOW, nullable=False),
    Column("closed_at", NOW),
    Column("exit_rule", JSONB(none_as_null=True)),
    Column("exit_price", Numeric),
    Column("close_reason", Text),
    Column("sold_quantity", Integer, nullable=False),
    Column("sold_value", Numeric, nullable=False),
    Column("reason", Text),
    Column("reason_text", Text),
    Column("reason_at", NOW),
    Column("isin", Text),
)

orders = Table(
    "orders",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("position_id", BigInteger),
    Column("side", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("ticker", Text),
    Column("placed_symbol", Text),
    Column("status", Text, nullable=False),
    Column("tag", Text),
    Column("broker_order_id", Text),
    Column("quantity", Integer, nullable=False),
    Column("price", Numeric),
    Column("filled", Integer, nullable=False),
    Column("execution_qty", Integer),
    Column("execution_price", Numeric),
    Column("execution_time", NOW),
    Column("trading_day", Date),
    Column("reason", Text),
    Column("reason_text", Text),
    Column("evidence", JSONB(none_as_null=True)),
    Column("created_at", NOW, nullable=False),
    Column("status_at", NOW, nullable=False),
    Column("seen_at", NOW),
    Column("absent_since", NOW),
    Column("evidence_at", NOW),
    Column("absent_reads", Integer, nullable=False),
    Column("band_checked", Boolean, nullable=False),
    Column("changed_by_owner", Boolean, nullable=False),
)

sends = Table(
    "sends",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("order_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("price", Numeric),
    Column("send_by", NOW, nullable=False),
    Column("created_at", NOW, nullable=False),
    Column("outcome", Text),
    Column("outcome_at", NOW),
    Column("text", Text),
    Column("evidence", JSONB(none_as_null=True)),
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("at", NOW, nullable=False),
    Column("actor", Text, nullable=False),
    Column("user_id", BigInteger),
    Column("position_id", BigInteger),
    Column("order_id", BigInteger),
    Column("event", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
)

instruments = Table(
    "instruments",
    metadata,
    Column("symbol", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("isin", Text, nullable=False),
    Column("tick", Numeric, nullable=False),
    Column("lot", Integer, nullable=False),
    Column("freeze_quantity", Integer),
    Column("band_low", Numeric),
    Column("band_high", Numeric),
    Column("loaded_on", Date, nullable=False),
    Column("auction", Boolean),
)

market_days = Table(
    "market_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("bell_at", NOW),
    Column("close_at", NOW),
    Column("because", Text, nullable=False),
)

halts = Table(
    "halts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("user_id", BigInteger),
    Column("because", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", NOW, nullable=False),
    Column("ended_at", NOW),
    Column("cancel_orders", Boolean, nullable=False),
)

settlements = Table(
    "settlements",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("order_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("broker_order_id", Text),
    Column("filled", Integer),
    Column("price", Numeric),
    Column("because", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", NOW, nullable=False),
    Column("answered_at", NOW),
    Column("answer", Text),
)

exits = Table(
    "exits",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("position_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("at_most_percent_below_last", Numeric, nullable=False),
    Column("because", Text, nullable=False),
    Column("price", Numeric),
    Column("last_price", Numeric),
    Column("priced_on", Date),
    Column("after_send", BigInteger),
    Column("created_by", Text, nullable=False),
    Column("created_at", NOW, nullable=False),
    Column("ended_at", NOW),
)

order_transitions = Table(
    "order_transitions",
    metadata,
    Column("side", Text, primary_key=True),
    Column("before", Text, primary_key=True),
    Column("after", Text, primary_key=True),
)

journal_archive = Table(
    "journal_archive",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("at", NOW, nullable=False),
    Column("actor", Text, nullable=False),
    Column("user_id", BigInteger),
    Column("position_id", BigInteger),
    Column("order_id", BigInteger),
    Column("event", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
)

account_days = Table(
    "account_days",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("total", Integer, nullable=False),
    Column("outside_bought", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("sold_seen", BigInteger, nullable=False),
    Column("value_seen", Numeric, nullable=False),
    Column("bought_seen", BigInteger, nullable=False),
    Column("noted_at", NOW, nullable=False),
    Column("others", ARRAY(Integer), nullable=False),
    Column("average", Numeric),
    Column("confirmed", Boolean, nullable=False),
    Column("final", Boolean, nullable=False),
)

free_shares = Table(
    "free_shares",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("sellable", Integer, nullable=False),
    Column("noted_at", NOW, nullable=False),
    Column("plain", Integer),
    Column("netted", Integer),
)

strangers = Table(
    "strangers",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("broker_order_id", Text, primary_key=True),
    Column("report", JSONB, nullable=False),
)

paper_accounts = Table(
    "paper_accounts",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("cash", Numeric, nullable=False),
    Column("day", Date),
    Column("settled_at", NOW),
    Column("latency_seconds", Float, nullable=False),
    Column("open_delay_seconds", Float, nullable=False),
    Column("book_delay_seconds", Float, nullable=False),
)

paper_holdings = Table(
    "paper_holdings",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("average_price", Numeric, nullable=False),
)

paper_orders = Table(
    "paper_orders",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("day", Date, nullable=False),
    Column("tag", Text, nullable=False),
    Column("shown_tag", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("price", Numeric, nullable=False),
    Column("state", Text, nullable=False),
    Column("filled", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("value", Numeric, nullable=False),
    Column("reason", Text, nullable=False),
    Column("entered_at", NOW, nullable=False),
    Column("visible_from", NOW, nullable=False),
    Column("confirmed_at", NOW),
    Column("admitted", Boolean, nullable=False),
    Column("resting", Boolean, nullable=False),
    Column("history", JSONB, nullable=False),
    Column("errands", JSONB, nullable=False),
)

paper_trades = Table(
    "paper_trades",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("filled", Integer, primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("price", Numeric, nullable=False),
    Column("at", NOW, nullable=False),
)

paper_hands = Table(
    "paper_hands",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("deed", Text, nullable=False),
    Column("symbol", Text),
    Column("quantity", Integer),
    Column("price", Numeric),
    Column("number", Text),
    Column("asked_at", NOW, nullable=False),
    Column("done_at", NOW),
    Column("words", Text, nullable=False),
)

paper_faults = Table(
    "paper_faults",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("call", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("times", Integer),
    Column("seconds", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("code", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("probability", Float, nullable=False),
    Column("struck", Integer, nullable=False),
    Column("created_at", NOW, nullable=False),
)
