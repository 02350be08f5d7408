"""Proves, every night, that data which moved from AWS to Azure is still the same data."""
