"""Puts the brokers of paper accounts together: their market, their line, their book in rows."""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from broker.kotak_neo import KotakAccount, KotakNeo
from broker.paper import (
    Bell,
    Conversation,
    Market,
    PaperBroker,
    PaperLine,
    QuoteBoard,
    QuotedMarket,
    file_market,
    names_a_user,
    unserved,
)
from domain.book import Instrument, Quote
from domain.candles import Candle, Interval
from domain.clock import Clock
from domain.errors import BadInput
from domain.market import Calendar
from domain.tenure import Tenure
from domain.users import User
from repositories.database import Database
from repositories.paper import PaperInstruments, PaperRepository
from repositories.users import UsersRepository
from service.instrument_table import InstrumentTable
from settings import Settings

Reader = Callable[[int, Tenure], tuple[KotakAccount, KotakNeo]]
"""The account of a user, and a client that reads it on behalf of another tenant's thread."""
PAGES = 4
"""Pages that may be open at one moment. A page is worked on while it is open, by threads that share one interpreter:
more at once are each open for longer, and would take the connections of accounts with money."""


class Papers:
    """Every paper account of the process. `table` is the real accounts' instrument table, `call_deadline` in seconds.

    Raises BadInput for prices or instruments that cannot be read.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        calendar: Calendar,
        settings: Settings,
        call_deadline: float,
        table: InstrumentTable,
        reader: Reader,
    ) -> None:
        self._database = database
        self._pages = database.another(PAGES)
        self._clock = clock
        self._calendar = calendar
        self._settings = settings
        self._call_deadline = call_deadline
        self._table = table
        self._reader = reader
        self._source = settings.paper_prices.strip()
        self._quoted = names_a_user(self._source)
        self._file = None if self._quoted else file_market(self._source, settings.paper_instruments, calendar)
        self._own_table = InstrumentTable(PaperInstruments(database))
        self._boards: dict[int, QuoteBoard] = {}
        self._lines: dict[int, PaperLine] = {}
        self._bell = Bell(clock)
        self._lock = threading.Lock()

    @property
    def words(self) -> str:
        """Where prices come from."""
        return f"quotes of {self._source}" if self._file is None else self._file.words

    @property
    def instruments(self) -> InstrumentTable:
        """The instruments that paper accounts trade in: the exchange's, or those of a file, which stay apart."""
        return self._table if self._quoted else self._own_table

    def broker(self, tenure: Tenure) -> PaperBroker:
        """The broker of one tenure. Raises BadInput where the prices are those of a user who has none."""
        market, line = self._market(tenure), self._line(tenure.user_id)
        store = PaperRepository(self._pages, tenure)
        guard = self._database.require_idle
        talk = Conversation(tenure, self._clock, self._calendar, store, market, line, guard, self._bell)
        return PaperBroker(talk, market, line, self._clock)

    def close(self) -> None:
        """Let the pages go; the tenants' threads have ended by then."""
        self._bell.close()
        self._pages.close()

    def _line(self, user_id: int) -> PaperLine:
        """One for each account, as long as the process lives: a restart must not double the rate."""
        settings = self._settings
        rates = (settings.orders_per_second, settings.reads_per_second, settings.kotak_calls_per_second)
        with self._lock:
            if user_id not in self._lines:
                busy = settings.kotak_busy_is_unsent
                self._lines[user_id] = PaperLine(self._clock, *rates, self._call_deadline, busy)
            return self._lines[user_id]

    def _market(self, tenure: Tenure) -> Market:
        return self._file or self._of_a_user(tenure)

    def _of_a_user(self, tenure: Tenure) -> QuotedMarket:
        users = UsersRepository(self._database)
        user = quoted_user(self._source, users)
        eyes = Eyes(lambda: self._reader(user.id, tenure), self._table, user.name, lambda: _enabled(users, user.id))
        with self._lock:
            board = self._boards.setdefault(user.id, QuoteBoard(self._clock))
        return QuotedMarket(board, eyes.quotes, eyes, user.name, eyes.close)


class Eyes:
    """What a paper account may see of a real one, and only while that one is enabled and its own tenant has a session:
    a login on its behalf could lock the account, or end its session. Changed credentials make another account.
    """

    def __init__(
        self,
        reader: Callable[[], tuple[KotakAccount, KotakNeo]],
        table: InstrumentTable,
        name: str,
        enabled: Callable[[], bool],
    ) -> None:
        self._reader = reader
        self._table = table
        self._name = name
        self._enabled = enabled
        self._account, self._client = reader()

    def quotes(self, tokens: Sequence[str]) -> Iterable[Quote]:
        """Last prices. Raises BrokerUnavailable."""
        self._require_session()
        return self._client.quotes(tokens)

    def load(self, day: date) -> None:
        """Make sure of the day's instruments. Raises BrokerUnavailable."""
        self._table.load(day, self.fetch)

    def find(self, symbol: str) -> Instrument | None:
        """The line of a trading symbol."""
        return self._table.find(symbol)

    def fetch(self) -> Iterable[Instrument]:
        """The instrument file of the day. Raises BrokerUnavailable."""
        self._require_session()
        return self._client.instruments()

    def candles(self, token: str, interval: Interval, first: date, last: date) -> tuple[Candle, ...]:
        """Prices of the past. Raises BrokerUnavailable."""
        self._require_session()
        return self._client.candles(token, interval, first, last)

    def close(self) -> None:
        """Let connections go."""
        self._client.close()

    def _require_session(self) -> None:
        if not self._enabled():
            raise unserved(self._name)
        if self._account.session() is None:
            self._look_again()
        if self._account.session() is None:
            raise unserved(self._name)

    def _look_again(self) -> None:
        try:
            account, client = self._reader()
        except BadInput as error:
            raise unserved(self._name) from error
        if account is not self._account:
            self._client.close()
            self._account, self._client = account, client


def _enabled(users: UsersRepository, user_id: int) -> bool:
    try:
        return users.get(user_id).enabled
    except BadInput:
        return False


def quoted_user(name: str, users: UsersRepository) -> User:
    """The user whose quotes are meant. Raises BadInput."""
    try:
        user = users.find(name)
    except BadInput as error:
        raise BadInput(
            f"NINEFIFTEEN_PAPER_PRICES={name[:80]} is neither walk:SEED nor a price script (FILE.csv), and there is no"
            " user of that name whose quotes could be meant."
        ) from error
    if user.paper:
        raise BadInput(
            f"NINEFIFTEEN_PAPER_PRICES={name[:80]} names a paper account, which has no quotes of its own: name a user"
            " with a real account, or write walk:SEED or the path of a price script."
        )
    return user
