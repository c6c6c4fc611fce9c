# Evently without its embedded servers: PostgreSQL and Valkey (or Redis) are containers of their
# own, see compose.yml. The image holds nothing secret, and runs as an ordinary user on a read-only
# root: all it writes is in /var/lib/evently, /var/lib/evently-register and /tmp.
FROM docker.io/library/python:3.13-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DEBUG=false BIND=0.0.0.0 PORT=8000 \
    EVENTLY_HOME=/var/lib/evently STATIC_ROOT=/srv/evently/collected

RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/evently evently \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/evently-register
WORKDIR /srv/evently

# First the requirements, which change less often than the code.
COPY requirements.lock script/bootstrap ./
RUN mkdir script && mv bootstrap script/ && script/bootstrap && rm -rf /root/.cache

COPY . .
# Bytecode and static files, so that a start has nothing to write. The values are placeholders, and
# stay in this step.
RUN python -m compileall -q evently events bookings waitlists notifications boxoffice .venv/lib \
    && SECRET_KEY=only-for-this-step EVENTLY_DIGEST_KEY=only-for-this-step \
    EVENTLY_PII_KEYS=step:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    EMAIL_URL=smtp://localhost PUBLIC_URL=http://localhost \
    .venv/bin/python manage.py collectstatic

USER 10001:10001
VOLUME /var/lib/evently /var/lib/evently-register
EXPOSE 8000
# The supervisor as the first process: it gets SIGTERM, and stops its processes in order.
ENTRYPOINT [".venv/bin/python", "-m", "evently.supervisor"]
HEALTHCHECK --start-period=60s --interval=15s --timeout=5s \
    CMD [".venv/bin/python", "-m", "evently.supervisor.alive"]
