"""The MySQL accounts of our functions: no password, an IAM token over TLS, and no more than their work needs.

Only RDS has the plugin: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from contract.mysql import LOADER_ACCOUNT, READER_ACCOUNT

if TYPE_CHECKING:
    from lambdas.shared.mysql import Connection

PRIVILEGES: Mapping[str, Sequence[str]] = {
    # `rds_loader` writes, corrects live state and lets old days go; the schema is not its business.
    LOADER_ACCOUNT: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    READER_ACCOUNT: ("SELECT",),
}
IAM_LOGIN = "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'"


def account_statements(database: str, login: str = IAM_LOGIN) -> list[str]:
    """Return the statements that make the accounts of `database`; each may be run again."""
    statements = []
    for account, privileges in PRIVILEGES.items():
        granted = ", ".join(privileges)
        statements += [
            f"CREATE USER IF NOT EXISTS '{account}'@'%' {login}",
            # The token is sent as it is: without TLS anybody on the way could use it.
            f"ALTER USER '{account}'@'%' REQUIRE SSL",
            f"GRANT {granted} ON `{database}`.* TO '{account}'@'%'",
        ]
    return statements


def make_accounts(connection: Connection, database: str) -> list[str]:
    """Make the accounts that are missing and return the names of all; raises `pymysql.MySQLError`."""
    with connection.cursor() as cursor:
        for statement in account_statements(database):
            cursor.execute(statement)
    return list(PRIVILEGES)
