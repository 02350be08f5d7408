"""Alerts: issues of a run, their lifecycle, messages and senders."""
