"""What goes wrong with which call of the broker: the faults that every kind of chaos draws from."""

FAULTS = {
    "place": (
        "lost_reply",
        "drop_before",
        "502_html",
        "503_after",
        "garbage_after",
        "ok_without_number",
        "429",
        "reject",
    ),
    "modify": ("lost_reply", "drop_before", "503_after", "reject"),
    "cancel": ("lost_reply", "drop_before", "503_after", "reject"),
    "orders": ("session_death", "502_html", "no_data", "missing_rows", "malformed_row", "drop_before"),
    "holdings": ("502_html", "drop_before"),
    "login": ("502_html", "drop_before", "session_death"),
}
