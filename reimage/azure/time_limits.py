"""How long a call to Azure may take, in seconds. Apart from the clients, which are slow to import."""

CONNECT_SECONDS = 5
READ_SECONDS = 15
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
