#!/bin/sh
# Runs to its end before any component of Airflow starts, and may be repeated.
set -eu
for folder in /opt/parity/include/suites /opt/parity/include/databases; do
    if [ -n "$(find "$folder" ! -readable -print -quit 2>&1)" ]; then
        echo "init: user $(id -u) cannot read all of $folder. Run: chmod -R a+rX include/$(basename "$folder")," \
            "or set AIRFLOW_UID in .env to the owner's number (id -u)." >&2
        exit 1
    fi
done
python /opt/parity/config/administrator.py
python -m parity.history.create_database
airflow db migrate
case ${AIRFLOW__CORE__AUTH_MANAGER:-} in
    *FabAuthManager)
        airflow sync-perm
        # What shows Parity's pages; Op and Admin have it already.
        airflow roles add-perms Viewer User --action can_read --resource Plugins
        ;;
esac
# It opens the results store, and so brings its tables up to date.
parity runs --limit 1
