-- The roles, what they may become, and the empty schema. The migrator runs this before every migration, in every
-- database, as a superuser or as the database's owner with CREATEROLE. It is one statement, so it happens as a whole or
-- not at all; where everything is in place it writes nothing. The passwords of the logins are set by the program.
do $$
declare
  r record;
  missing text;
begin
  -- One migrator at a time in this database. Roles belong to the whole server, where this lock does not reach.
  perform pg_advisory_xact_lock(7305001);

  -- The roles. app_owner owns the schema; the logins can do nothing but become what the grants below say.
  select string_agg(name, ', ') into missing
  from unnest(array['app_owner', 'app_tenant', 'app_door', 'app_platform', 'samtal_tenant', 'samtal_platform']) as name
  where to_regrole(name) is null;
  if missing is not null and not (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) then
    raise exception using message = format(
      'The login %I must make the roles %s and may not. As a superuser run: alter role %1$I createrole;', current_user, missing);
  end if;
  for r in
    select name, login
    from (values ('app_owner', 'nologin'), ('app_tenant', 'nologin'), ('app_door', 'nologin'), ('app_platform', 'nologin'),
                 ('samtal_tenant', 'login'), ('samtal_platform', 'login')) as wanted (name, login)
    where to_regrole(name) is null
  loop
    begin
      execute format('create role %I %s noinherit', r.name, r.login);
    exception when duplicate_object or unique_violation then
      null; -- Another database's migrator has just made it.
    end;
  end loop;

  -- Who may become whom. Inheritance is a property of each grant (PostgreSQL 16): none, so a login that has not said
  -- `set role` can do nothing.
  if not pg_has_role('samtal_tenant', 'app_tenant', 'set') then
    grant app_tenant to samtal_tenant with inherit false, set true;
  end if;
  if not pg_has_role('samtal_tenant', 'app_door', 'set') then
    grant app_door to samtal_tenant with inherit false, set true;
  end if;
  if not pg_has_role('samtal_platform', 'app_platform', 'set') then
    grant app_platform to samtal_platform with inherit false, set true;
  end if;
  if not pg_has_role(current_user, 'app_owner', 'set') then
    if not pg_has_role(current_user, 'app_owner', 'usage with admin option') then
      raise exception using message = format(
        'The login %I must be able to become app_owner. As a superuser run: grant app_owner to %1$I with inherit false, set true;',
        current_user);
    end if;
    grant app_owner to current_user with inherit false, set true;
  end if;

  -- The limits of the logins: a request that was given up does not stop its statement, these do.
  for round in 1..2 loop
    for r in
      select login, setting, value
      from (values ('samtal_tenant'), ('samtal_platform')) as logins (login),
           (values ('statement_timeout', '15s'), ('lock_timeout', '5s'), ('idle_in_transaction_session_timeout', '30s'))
             as limits (setting, value)
      where not exists (
        select from pg_db_role_setting
        where setdatabase = 0 and setrole = to_regrole(login) and format('%s=%s', setting, value) = any (setconfig))
    loop
      if round = 1 then
        -- First wait for the migrators of other databases, then look again: a grant, even of what is granted, locks the
        -- role for all databases of the server, and two that change one setting at once would fail.
        grant app_tenant to samtal_tenant with inherit false, set true;
        exit;
      end if;
      execute format('alter role %I set %I = %L', r.login, r.setting, r.value);
    end loop;
  end loop;

  -- This database: for the logins and nobody else. (A database made from a template starts with PUBLIC's rights again.)
  if exists (
    select from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) as acl
    where datname = current_database() and acl.grantee = 0
  ) then
    execute format('revoke all on database %I from public', current_database());
  end if;
  for r in
    select login from (values ('samtal_tenant'), ('samtal_platform')) as logins (login)
    where not has_database_privilege(login, current_database(), 'connect')
  loop
    execute format('grant connect on database %I to %I', current_database(), r.login);
  end loop;
  if exists (
    select from pg_namespace, aclexplode(nspacl) as acl
    where nspname = 'public' and acl.grantee = 0 and acl.privilege_type = 'CREATE'
  ) then
    revoke create on schema public from public;
  end if;

  -- What the migrations build on.
  if to_regnamespace('app') is null then
    create schema app authorization app_owner;
  end if;
  if not exists (select from pg_extension where extname = 'vector') then
    if not exists (select from pg_available_extensions where name = 'vector') then
      raise exception using message =
        'This server has no pgvector. Install pgvector 0.8.2 or later on it, then migrate again.';
    end if;
    begin
      create extension vector;
    exception when insufficient_privilege then
      raise exception using message = format(
        'The extension vector is missing. As a superuser run in the database %I: create extension vector;', current_database());
    end;
  end if;

  -- Large objects are nobody's rows: no policy keeps them apart. Everybody may make them as PostgreSQL comes; a superuser takes
  -- that away (elsewhere whoever makes the database does, docs/operators/settings.md).
  if (select rolsuper from pg_roles where rolname = current_user) then
    for r in
      select p.oid::regprocedure as name from pg_proc p
      where p.pronamespace = 'pg_catalog'::regnamespace and (p.proname like 'lo\_%' or p.proname in ('loread', 'lowrite'))
        and has_function_privilege('public', p.oid, 'execute')
    loop
      execute format('revoke execute on function %s from public', r.name);
    end loop;
  end if;
end $$;
