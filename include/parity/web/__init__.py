"""The pages: every run, its reports and its Data Docs, behind whatever guard they are given."""

from parity.web.app import create_app

__all__ = ["create_app"]
