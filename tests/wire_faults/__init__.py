"""Every fault of the wire menu between our link and a real server: no value of another register is ever good."""
