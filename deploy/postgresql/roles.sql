-- Create Evently's two roles and its database. Run once, as a superuser, with both passwords:
--
--   sudo -u postgres psql -v owner_password="$OWNER" -v app_password="$APP" -f roles.sql
--
-- evently_owner owns all tables, and runs migrations and backups. evently_app is the application's:
-- it owns nothing, so that no bug can disable the database's rules. Migrations grant it what it
-- needs. Other names work, too: -v owner=… -v app=… -v database=…

\set ON_ERROR_STOP on
\if :{?owner}
\else
    \set owner evently_owner
\endif
\if :{?app}
\else
    \set app evently_app
\endif
\if :{?database}
\else
    \set database evently
\endif

CREATE ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE :"app" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app_password';

-- Texts are UTF-8, and sorted the same on every machine.
CREATE DATABASE :"database" OWNER :"owner" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';

-- No other role may connect, and only the owner creates anything there.
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"app";
\connect :"database"
ALTER SCHEMA public OWNER TO :"owner";
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
