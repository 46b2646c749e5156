"""The proof: seeded days with kills, freezes and outages, judged by the broker's own ledger and by the rows."""
