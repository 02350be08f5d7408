#!/usr/bin/env bash
# Writes .env for docker compose: .env.example with secrets of its own, readable by you alone. Never over an existing one.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077
if [ -e .env ]; then
    chmod 600 .env
    echo "make-env: .env is there already; it is now readable by you alone, and otherwise as it was." >&2
    exit 1
fi
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
fernet=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')
while IFS= read -r line; do
    case $line in
        AIRFLOW_FERNET_KEY=) echo "$line$fernet" ;;
        POSTGRES_PASSWORD= | REDIS_PASSWORD= | AIRFLOW_JWT_SECRET= | AIRFLOW_API_SECRET= | PARITY_MASK_KEY=) echo "$line$(secret)" ;;
        *) echo "$line" ;;
    esac
done < .env.example > .env
echo "make-env: wrote .env. Now set AIRFLOW_URL, PARITY_EXCHANGE_S3 and PARITY_EXCHANGE_ADLS in it."
