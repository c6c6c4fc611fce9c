DROP FUNCTION IF EXISTS audit_request();
