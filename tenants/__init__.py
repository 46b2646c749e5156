"""Many tenants in one process, each in its thread: started, stopped, restarted, abandoned. Knows nothing of trading.

    wanted ──claim──► STARTING ──► the thread speaks for itself ──┬─ asked to stop ────► started anew, or STOPPED
       ▲                                                          ├─ fell, or hangs ───► BACKOFF, at last FAILED
       │                                                          ├─ an outage ────────► BACKOFF, uncounted
       └────────── delay over, revision rose, row corrected ◄─────┴─ rows to correct ──► REFUSED

Every start is a claim, every claim a new generation; a thread is never killed, it loses its right to act.
"""
