DROP FUNCTION audit_actor();
