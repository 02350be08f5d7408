#!/usr/bin/env bash
# Build .venv and install what the other targets need. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Parity needs Python 3.11 or newer; '$python' is older. Set PYTHON=/path/to/python3.11." >&2
    exit 1
}

say() { printf '\033[2m· %s\033[0m\n' "$*"; }

[ -x .venv/bin/python ] || { say "creating .venv"; "$python" -m venv .venv; }
[ -x .venv/bin/uv ] || { say "installing uv"; .venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9; }
say "installing pinned dependencies"
.venv/bin/uv pip install --quiet --python .venv/bin/python \
    -r requirements/product.txt -r requirements/sandbox.txt -r requirements/dev.txt uv==0.13.9
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .

if ! command -v mariadbd >/dev/null && ! [ -x /usr/sbin/mariadbd ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing MariaDB (stands in for both MySQL servers)"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        # Debian starts the server when it installs it; ours are private and started on demand.
        apt-get install -y -qq --no-install-recommends mariadb-server >/dev/null
        service mariadb stop >/dev/null 2>&1 || true
    else
        echo "MariaDB is missing: run 'apt-get install mariadb-server' as root, then this again." >&2
        exit 1
    fi
fi
