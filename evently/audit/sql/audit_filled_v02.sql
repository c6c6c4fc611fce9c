DROP FUNCTION IF EXISTS audit_filled();
