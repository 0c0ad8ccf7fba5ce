"""What opens the rehearsal org, and nothing else."""

CLIENT_ID = "rehearsal-client-id"
CLIENT_SECRET = "rehearsal-client-secret"  # noqa: S105 - opens nothing but a stand-in
USERNAME = "integration@example.com"
PASSWORD = "rehearsal-password"  # noqa: S105
SECURITY_TOKEN = "rehearsal-token"  # noqa: S105
REFRESH_TOKEN = "rehearsal-refresh-token"  # noqa: S105
