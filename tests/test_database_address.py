"""What DATABASE_URL may say of PostgreSQL beside where it is."""

import dj_database_url

from portal.postgresql import connection_options


def test_the_limits_are_there_and_the_address_wins() -> None:
    database = dj_database_url.parse("postgres://portal@db/portal?sslmode=verify-full&connect_timeout=2")
    options = connection_options(database["OPTIONS"])
    assert (options["sslmode"], int(options["connect_timeout"])) == ("verify-full", 2)
    assert options["keepalives"] == 1
    assert "lock_timeout=5s" in options["options"]


def test_an_address_that_says_nothing_gets_them_all() -> None:
    options = connection_options({})
    assert options["connect_timeout"] == 5
    assert options["tcp_user_timeout"] == 20_000
