"""PostgreSQL, the only memory: engine and unit of work, tables, one repository per noun."""
