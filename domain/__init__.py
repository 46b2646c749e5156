"""What the trade knows: positions, orders, days, prices. Imports nothing of ours and does no input or output."""
