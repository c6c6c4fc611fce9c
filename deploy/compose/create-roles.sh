#!/bin/sh
# Run by PostgreSQL's container before its first start.
set -eu
psql --username "$POSTGRES_USER" --dbname postgres \
    --set owner_password="$OWNER_PASSWORD" --set app_password="$APP_PASSWORD" --file /roles.sql
