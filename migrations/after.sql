-- What the platform may see of the migrations' ledger. sqlx makes that table before the first migration, so no migration
-- owns it; the migrator runs this as app_owner after every run. Where the grant is in place it writes nothing.
do $$
begin
  perform pg_advisory_xact_lock(7305001);
  if not (
    select bool_and(has_column_privilege('app_platform', 'app.schema_migrations', name, 'select'))
    from unnest(array['version', 'checksum', 'success']) as name
  ) then
    grant select (version, checksum, success) on app.schema_migrations to app_platform;
  end if;
end $$;
