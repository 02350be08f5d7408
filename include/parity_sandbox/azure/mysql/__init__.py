"""Azure Database for MySQL, flexible servers, behind Resource Manager: what is asked of them, and their states."""

from parity_sandbox.azure.mysql.routes import FlexibleServers, create_servers

__all__ = ["FlexibleServers", "create_servers"]
