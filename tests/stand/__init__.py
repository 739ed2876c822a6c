"""A test stand: plant and daemon as processes of their own on real sockets, started in no time, with faults at named places."""
