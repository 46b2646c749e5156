"""What is read and written of a paper account's rows, in SQL."""

from sqlalchemy import text

from domain.paper import PaperOrder

LOCK = text(
    "SELECT user_id, cash, day, settled_at, latency_seconds AS latency, open_delay_seconds AS open_delay,"
    " book_delay_seconds AS book_delay FROM paper_accounts WHERE user_id = :user_id FOR UPDATE"
)
OVER = "('complete', 'cancelled', 'rejected')"
"""An order in one of these states changes no more."""
WHOLE = ", ".join(PaperOrder.__slots__)
LATEST = WHOLE.replace("history, errands", "jsonb_build_array(history -> -1) AS history, NULL AS errands")
LIVE = text(
    f"SELECT {WHOLE} FROM paper_orders WHERE user_id = :user_id AND day = :day AND state NOT IN {OVER} ORDER BY number"
)
ENDED = text(
    f"SELECT {LATEST} FROM paper_orders WHERE user_id = :user_id AND day = :day AND state IN {OVER} ORDER BY number"
)
ONE = text(f"SELECT {WHOLE} FROM paper_orders WHERE user_id = :user_id AND day = :day AND number = :number")
BURNT = text("SELECT EXISTS (SELECT 1 FROM paper_orders WHERE user_id = :user_id AND day = :day AND tag = :tag)")
TRADED = text(
    "SELECT symbol, side, sum(filled) AS quantity, sum(value) AS value, max(number) AS last_number FROM paper_orders"
    " WHERE user_id = :user_id AND day = :day GROUP BY symbol, side"
)
TRADES = text(
    "SELECT t.number, t.filled, t.quantity, t.price, t.at, o.symbol, o.side FROM paper_trades t"
    " JOIN paper_orders o ON o.user_id = t.user_id AND o.number = t.number"
    " WHERE t.user_id = :user_id AND o.day = :day ORDER BY t.at, t.number, t.filled"
)
KEEP = text("UPDATE paper_accounts SET cash = :cash, day = :day, settled_at = :settled_at WHERE user_id = :user_id")
KEEP_ORDERS = text(
    "INSERT INTO paper_orders AS o (user_id, number, day, tag, shown_tag, source, side, symbol, quantity, price, state,"
    " filled, cancelled, value, reason, entered_at, visible_from, confirmed_at, admitted, resting, history, errands)"
    " SELECT :user_id, r.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(number text, day date, tag text,"
    " shown_tag text, source text, side text, symbol text, quantity int, price numeric, state text, filled int,"
    " cancelled int, value numeric, reason text, entered_at timestamptz, visible_from timestamptz,"
    " confirmed_at timestamptz, admitted boolean, resting boolean, history jsonb, errands jsonb)"
    " ON CONFLICT (user_id, number) DO UPDATE SET (shown_tag, quantity, price, state, filled, cancelled, value, reason,"
    " confirmed_at, admitted, resting, history, errands) = (excluded.shown_tag, excluded.quantity, excluded.price,"
    " excluded.state, excluded.filled, excluded.cancelled, excluded.value, excluded.reason, excluded.confirmed_at,"
    " excluded.admitted, excluded.resting, excluded.history, excluded.errands)"
)
KEEP_TRADES = text(
    "INSERT INTO paper_trades (user_id, number, filled, quantity, price, at) SELECT :user_id, r.*"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(number text, filled int, quantity int, price numeric, at timestamptz)"
)
EMPTY_HOLDINGS = text("DELETE FROM paper_holdings WHERE user_id = :user_id")
KEEP_HOLDINGS = text(
    "INSERT INTO paper_holdings (user_id, symbol, quantity, average_price) SELECT :user_id, r.*"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(symbol text, quantity int, average_price numeric)"
)
HANDS = text(
    "SELECT id, deed, coalesce(symbol, '') AS symbol, coalesce(quantity, 0) AS quantity, coalesce(price, 0) AS price,"
    " coalesce(number, '') AS number FROM paper_hands WHERE user_id = :user_id AND done_at IS NULL ORDER BY id"
)
KEEP_HANDS = text(
    "UPDATE paper_hands h SET number = nullif(r.number, ''), done_at = r.done_at, words = r.words"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, number text, done_at timestamptz, words text)"
    " WHERE h.user_id = :user_id AND h.id = r.id"
)
FAULTS = text(
    "SELECT id, kind, seconds, text, code, rows, probability FROM paper_faults"
    " WHERE user_id = :user_id AND call IN (:call, 'any') AND times IS DISTINCT FROM 0 ORDER BY id"
)
STRIKE = text("UPDATE paper_faults SET times = times - 1, struck = struck + 1 WHERE id = :id")
