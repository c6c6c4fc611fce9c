-- Create Evently's two logins, the roles that requests take, and the database. Run once, as a
-- superuser, with both passwords:
--
--   sudo -u postgres psql -v owner_password="$OWNER" -v app_password="$APP" -f roles.sql
--
-- evently_owner owns all tables, and runs migrations and backups. evently_app is the application's:
-- it owns nothing, so that no bug can disable the database's rules, and takes one of the roles below
-- for each request or task, with the rights and policies that migrations give them. Other names work, too: -v owner=… -v app=… -v database=…

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

-- The roles are those of the whole server: a second Evently on it uses the same. The login does not
-- inherit their rights: by itself, it may do nothing.
SELECT set_config('evently.login', :'app', false);
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['evently_visitor', 'evently_attendee', 'evently_organizer',
        'evently_worker', 'evently_superuser']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER', role);
        END IF;
        IF current_setting('server_version_num')::int >= 160000 THEN
            EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', role,
                current_setting('evently.login'));
        ELSE
            EXECUTE format('ALTER ROLE %I NOINHERIT', current_setting('evently.login'));
            EXECUTE format('GRANT %I TO %I', role, current_setting('evently.login'));
        END IF;
    END LOOP;
END
$$;

-- Texts are UTF-8, and sorted the same on every machine.
CREATE DATABASE :"database" OWNER :"owner" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';

-- No other role may connect, and only the owner creates anything there.
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"app";
\connect :"database"
ALTER SCHEMA public OWNER TO :"owner";
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
