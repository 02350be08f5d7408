"""Entra ID: tokens for services and managed identities, really signed and really checked by the others."""
