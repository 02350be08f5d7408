"""Airflow's FAB auth manager: passwords in Airflow's database, or Microsoft Entra if ``ENTRA_CLIENT_ID`` is set.

With Entra, a person's app roles decide what they may, at each login; without one they may nothing.
"""

import os

from flask_appbuilder.const import AUTH_DB, AUTH_OAUTH  # type: ignore[import-not-found]  # only in the image

ROLES = ("Viewer", "User", "Op", "Admin")
"""Airflow's roles; the app registration has app roles of the same values."""
CLIENT_ID = os.environ.get("ENTRA_CLIENT_ID")
AUTH_TYPE = AUTH_OAUTH if CLIENT_ID else AUTH_DB

if CLIENT_ID:
    AUTHORITY = f"https://login.microsoftonline.com/{os.environ['ENTRA_TENANT']}"
    AUTH_USER_REGISTRATION = True
    AUTH_USER_REGISTRATION_ROLE = "Public"
    AUTH_ROLES_SYNC_AT_LOGIN = True
    AUTH_ROLES_MAPPING = {role: [role] for role in ROLES}
    OAUTH_PROVIDERS = [
        {
            "name": "azure",
            "icon": "fa-windows",
            "token_key": "access_token",
            "remote_app": {
                "client_id": CLIENT_ID,
                "client_secret": os.environ["ENTRA_CLIENT_SECRET"],
                "api_base_url": f"{AUTHORITY}/oauth2/v2.0/",
                "authorize_url": f"{AUTHORITY}/oauth2/v2.0/authorize",
                "access_token_url": f"{AUTHORITY}/oauth2/v2.0/token",
                "jwks_uri": f"{AUTHORITY}/discovery/v2.0/keys",
                "client_kwargs": {"scope": "openid email profile"},
            },
        }
    ]
