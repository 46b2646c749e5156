"""The day that the demo plays: who takes part, what happens when, what is shown, and how it is judged.

    cast ─► script ─► stage (rows, broker's control door, screen) ─► evidence ─► judgement ─► report

The broker and the service are processes of their own; the demo reads rows, writes SQL, and moves the market.
"""
