DROP FUNCTION audit_via();
