"""Gunicorn for the bare views, with as many processes and threads as Evently's."""

from evently.supervisor.options import web_threads, web_workers

workers = web_workers()
threads = web_threads()
worker_class = "gthread"
keepalive = 15
accesslog = None
loglevel = "warning"
control_socket_disable = True
worker_tmp_dir = "/dev/shm"
