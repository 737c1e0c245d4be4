"""Padan: integrates BKN's civil-service data with the functional-position data that BPS fosters."""
