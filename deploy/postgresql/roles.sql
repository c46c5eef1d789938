-- Rights of the portal's processes on PostgreSQL, as a superuser, after each migration (as the owner of the tables, if that
-- one has CREATEROLE). May be run again. Whole or not at all:
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -d DATABASE -f deploy/postgresql/roles.sql
--
-- Six roles: the owner of the tables, as whom `migrate` runs and nothing else does; reimage_portal_web; reimage_portal_worker, who also
-- seals; reimage_portal_beat, who writes its heartbeat and nothing else; reimage_portal_auditor, who reads the log;
-- reimage_portal_redactor, as whom `audit_redact` runs and nothing else does. Give each a password, or let it sign in by
-- certificate: ALTER ROLE … LOGIN PASSWORD '…'.
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'reimage_portal_web', 'reimage_portal_worker', 'reimage_portal_beat', 'reimage_portal_auditor',
    'reimage_portal_redactor'
  ] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', name);
    END IF;
  END LOOP;
END $$;

-- Nobody but the owner makes tables: one of another's, even a temporary one, could stand in for the portal's.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $$ BEGIN
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA public TO %I',
    (SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename = 'django_migrations'));
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;

GRANT USAGE ON SCHEMA public
  TO reimage_portal_web, reimage_portal_worker, reimage_portal_beat, reimage_portal_auditor, reimage_portal_redactor;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reimage_portal_web, reimage_portal_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO reimage_portal_web, reimage_portal_worker;

GRANT SELECT, INSERT, UPDATE, DELETE ON health_heartbeat TO reimage_portal_beat;
GRANT USAGE ON SEQUENCE health_heartbeat_id_seq TO reimage_portal_beat;

-- The log: both may add to it and nobody may change it. The triggers refuse as well; this is for the day without them.
REVOKE ALL ON audit_auditevent, audit_auditpersonaltext, audit_auditleaf, audit_auditsubtree, audit_auditcheckpoint,
  audit_auditanchor, audit_auditstream FROM PUBLIC, reimage_portal_web, reimage_portal_worker;
GRANT SELECT, INSERT ON audit_auditevent, audit_auditpersonaltext TO reimage_portal_web, reimage_portal_worker;
GRANT SELECT ON audit_auditleaf, audit_auditsubtree, audit_auditcheckpoint, audit_auditanchor, audit_auditstream
  TO reimage_portal_web;
GRANT SELECT, INSERT ON audit_auditleaf, audit_auditsubtree, audit_auditcheckpoint TO reimage_portal_worker;
GRANT SELECT, INSERT, UPDATE ON audit_auditanchor, audit_auditstream TO reimage_portal_worker;
GRANT SELECT ON audit_auditevent, audit_auditpersonaltext, audit_auditleaf, audit_auditsubtree, audit_auditcheckpoint,
  audit_auditanchor TO reimage_portal_auditor;

-- Redaction: the one right to remove anything, and the right to record that it was done. Nothing else, not even to read
-- requests or people.
GRANT SELECT, INSERT ON audit_auditevent TO reimage_portal_redactor;
GRANT SELECT, DELETE ON audit_auditpersonaltext TO reimage_portal_redactor;
GRANT SELECT ON audit_auditleaf TO reimage_portal_redactor;
GRANT USAGE ON SEQUENCE audit_auditevent_id_seq TO reimage_portal_redactor;

-- What a migration did is not for them to write.
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM reimage_portal_web, reimage_portal_worker;
