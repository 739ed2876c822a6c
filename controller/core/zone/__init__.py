"""A zone: its release machine, coincidence, response ladder and conditions."""
