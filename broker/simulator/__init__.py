"""A broker that speaks Kotak Neo's wire over HTTP on this machine: accounts, orders, a market and faults on command.

It imports nothing of ours, so that it can judge us.
"""

from broker.simulator.accounts import Account
from broker.simulator.faults import Fault
from broker.simulator.kinds import Kind
from broker.simulator.process import serve
from broker.simulator.simulator import Simulator

__all__ = ["Account", "Fault", "Kind", "Simulator", "serve"]
