DROP FUNCTION audit_request();
