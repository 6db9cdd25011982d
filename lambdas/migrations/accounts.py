"""The MySQL accounts of our functions: no password, an IAM token over TLS, and no more than their work needs.

Only RDS has the plugin: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from contract.mysql import LOADER_ACCOUNT, PLACES_ACCOUNT, READER_ACCOUNT

if TYPE_CHECKING:
    from lambdas.shared.mysql import Connection

PRIVILEGES: Mapping[str, Sequence[str]] = {
    # `rds_loader` writes, corrects live state and lets old days go; the schema is not its business.
    LOADER_ACCOUNT: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    READER_ACCOUNT: ("SELECT",),
    # What it reads it was made to write; of everything else it sees nothing.
    PLACES_ACCOUNT: (),
}
TABLE_PRIVILEGES: Mapping[str, Mapping[str, Sequence[str]]] = {
    PLACES_ACCOUNT: {
        "places": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "place_feeds": ("SELECT", "INSERT", "DELETE"),
        # A box that is new asks for its totals of the hours that MySQL has.
        "hours_due": ("SELECT", "INSERT", "UPDATE"),
    },
}
"""What an account may do to single tables, beside what it may do to all."""
IAM_LOGIN = "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'"


def account_statements(database: str, login: str = IAM_LOGIN) -> list[str]:
    """Return the statements that make the accounts of `database`; each may be run again."""
    statements = []
    for account, privileges in PRIVILEGES.items():
        statements += [
            f"CREATE USER IF NOT EXISTS '{account}'@'%' {login}",
            # The token is sent as it is: without TLS anybody on the way could use it.
            f"ALTER USER '{account}'@'%' REQUIRE SSL",
        ]
        if privileges:
            statements.append(f"GRANT {', '.join(privileges)} ON `{database}`.* TO '{account}'@'%'")
        for table, allowed in TABLE_PRIVILEGES.get(account, {}).items():
            statements.append(f"GRANT {', '.join(allowed)} ON `{database}`.`{table}` TO '{account}'@'%'")
    return statements


def make_accounts(connection: Connection, database: str) -> list[str]:
    """Make the accounts that are missing and return the names of all; raises `pymysql.MySQLError`."""
    with connection.cursor() as cursor:
        for statement in account_statements(database):
            cursor.execute(statement)
    return list(PRIVILEGES)
