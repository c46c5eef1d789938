"""Who a person is: Entra sign-in, users, app roles, sessions. Knows nothing of grants or machines."""
