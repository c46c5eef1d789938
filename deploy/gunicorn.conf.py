"""How gunicorn serves the portal. GUNICORN_CMD_ARGS or the command line win over it."""

import os

bind = "0.0.0.0:8000"  # in a container; a reverse proxy ends TLS in front of it
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
preload_app = True  # the code is imported once and shared by the workers, and logs from the first line on
timeout = 60
graceful_timeout = 10
max_requests = 5000  # a worker is replaced now and then, whatever it may leak
max_requests_jitter = 500
control_socket_disable = True  # the processes are steered by signals, not through a socket
loglevel = os.environ.get("LOG_LEVEL", "INFO").lower()
