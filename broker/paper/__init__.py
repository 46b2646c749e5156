"""The paper account: a `Broker` on the simulator's exchange in process, its book kept as rows."""

from broker.paper.bell import Bell
from broker.paper.client import PaperBroker
from broker.paper.conversation import Conversation
from broker.paper.line import PaperLine
from broker.paper.market import FileMarket, Market
from broker.paper.quoted import QuoteBoard, QuotedMarket, unserved
from broker.paper.source import DEFAULT, file_market, names_a_user

__all__ = [
    "DEFAULT",
    "Bell",
    "Conversation",
    "FileMarket",
    "Market",
    "PaperBroker",
    "PaperLine",
    "QuoteBoard",
    "QuotedMarket",
    "file_market",
    "names_a_user",
    "unserved",
]
