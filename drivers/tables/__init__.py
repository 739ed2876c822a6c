"""Tables of measurements as text: CSV and its relatives, as loggers, spreadsheets and laboratories write them."""
