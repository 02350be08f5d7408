"""Thin clients, one file each, and the protocol of a remote run."""
