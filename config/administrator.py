"""Gives each user of Airflow's simple auth manager a password, in a file that only the containers' user can read.

Airflow would do the same, but write the password to the API server's log and let everybody read the file.
"""

import json
import os
import secrets
from pathlib import Path


def write_passwords(file: Path, users: list[str]) -> list[str]:
    """Add a password for each of ``users`` without one, and return who they are."""
    passwords = json.loads(file.read_text() or "{}") if file.exists() else {}
    new = [user for user in users if user not in passwords]
    passwords |= {user: secrets.token_urlsafe(16) for user in new}
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    os.fchmod(descriptor, 0o600)  # one of an earlier version was readable by all
    with os.fdopen(descriptor, "w") as stream:
        stream.truncate()
        stream.write(json.dumps(passwords) + "\n")
    return new


if __name__ == "__main__":
    place = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    named = os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"].split(",")
    for user in write_passwords(place, [one.split(":")[0].strip() for one in named]):
        print(f"The password of {user} is in {place}: docker compose exec api-server cat {place}")
