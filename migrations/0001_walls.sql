-- The walls between tenants: who the tenant is, and the three procedures by which alone a table exists.

-- Nobody may use what nobody gave them: functions, too, are closed until they are granted.
alter default privileges revoke execute on routines from public;

grant usage on schema app to app_tenant, app_platform;

-- The tenant of this transaction; null, and so no rows, when none is set. On a pooled connection an earlier transaction
-- leaves '' behind, not null, and ''::uuid would be an error: hence nullif.
create function app.tenant_id() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('app.tenant_id', true), '')::uuid;
grant execute on function app.tenant_id() to app_tenant;

-- Makes a table the tenants': each sees and writes the rows with its own tenant_id, whatever the query says.
-- `rights` is what app_tenant may do, as `grant` writes it; a table that is only ever added to leaves words out.
create procedure app.protect(t regclass, rights text default 'select, insert, update, delete')
  language plpgsql set search_path = pg_catalog
as $$
begin
  if not exists (
    select from pg_attribute
    where attrelid = t and attname = 'tenant_id' and atttypid = 'uuid'::regtype and attnotnull and not attisdropped
  ) then
    raise exception '% has no column tenant_id uuid not null', t;
  end if;
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s force row level security', t);
  execute format(
    'create policy tenant on %s for all to app_tenant
       using (tenant_id = (select app.tenant_id()))
       with check (tenant_id = (select app.tenant_id()))', t);
  execute format('grant %s on %s to app_tenant', rights, t);
end $$;

-- Opens columns of a table to work across tenants: to app_platform, by verb and column. A table without tenant_id is
-- walled by this alone. Each table stands, with the same columns, in the list at the top of crates/store/src/proof.sql.
create procedure app.directory(
  t regclass,
  reads text,
  inserts text default null,
  updates text default null,
  deletes boolean default false
)
  language plpgsql set search_path = pg_catalog
as $$
begin
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s force row level security', t);
  execute format('create policy platform_select on %s for select to app_platform using (true)', t);
  execute format('grant select (%s) on %s to app_platform', reads, t);
  if inserts is not null then
    execute format('create policy platform_insert on %s for insert to app_platform with check (true)', t);
    execute format('grant insert (%s) on %s to app_platform', inserts, t);
  end if;
  if updates is not null then
    execute format('create policy platform_update on %s for update to app_platform using (true) with check (true)', t);
    execute format('grant update (%s) on %s to app_platform', updates, t);
  end if;
  if deletes then
    execute format('create policy platform_delete on %s for delete to app_platform using (true)', t);
    execute format('grant delete on %s to app_platform', t);
  end if;
end $$;

-- Closes a partition, which is reached through its parent and that table's policy alone.
create procedure app.seal(t regclass)
  language plpgsql set search_path = pg_catalog
as $$
begin
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s force row level security', t);
  execute format('revoke all on %s from public, app_tenant, app_platform', t);
end $$;
