-- The settings of a tenant: each change is a version, written once. What is in force of them stands in the tenant's own row as
-- well, where every sign-in and every session looks.
create table app.settings (
  tenant_id uuid not null,
  version integer not null,
  settings jsonb not null,
  restores integer,
  changed_by uuid,
  changed_by_name text not null,
  changed_at timestamptz not null,
  constraint settings_pkey primary key (tenant_id, version),
  constraint settings_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint settings_version_check check (version >= 0),
  constraint settings_settings_check check (jsonb_typeof(settings) = 'object' and pg_column_size(settings) <= 20000),
  constraint settings_changed_by_name_check check (char_length(changed_by_name) <= 200)
);
call app.protect('app.settings', rights => 'select, insert');

alter table app.tenants add column session_minutes integer;
alter table app.tenants add column idle_minutes integer;
alter table app.tenants add column second_factor boolean not null default false;
alter table app.tenants add constraint tenants_session_minutes_check check (session_minutes >= 5);
alter table app.tenants add constraint tenants_idle_minutes_check check (idle_minutes >= 5);
grant update (name, session_minutes, idle_minutes, second_factor) on app.tenants to app_tenant;
grant select (session_minutes, idle_minutes, second_factor) on app.tenants to app_platform;
grant select (session_minutes, idle_minutes) on app.tenants to app_door;

-- As in 0016, and within what the tenant has set.
create or replace function app.enter_session(
  credential text, request uuid, at timestamptz, begun timestamptz, idle timestamptz, seen timestamptz,
  out tenant uuid, out actor uuid, out person uuid, out role text, out stale boolean)
  language plpgsql volatile
as $$
declare
  done text;
  began timestamptz;
  used timestamptz;
begin
  done := set_config('app.tenant_id', '', true);
  done := set_config('app.user_id', '', true);
  done := set_config('app.request_id', request::text, true);
  done := set_config('app.credential', credential, true);
  select s.tenant_id, s.person_id, s.last_seen_at < seen, s.created_at, s.last_seen_at
  into tenant, person, stale, began, used
  from app.sessions s
  where s.session_hash = (select app.credential()) and s.expires_at > at and s.created_at > begun and s.last_seen_at > idle;
  done := set_config('app.credential', '', true);
  if tenant is null then
    return;
  end if;
  done := set_config('app.tenant_id', tenant::text, true);
  select m.member_id, m.role into actor, role
  from app.memberships m join app.tenants t on t.tenant_id = m.tenant_id
  where m.tenant_id = tenant and m.person_id = person and t.suspended_at is null
    and coalesce(began > at - make_interval(mins => t.session_minutes), true)
    and coalesce(used > at - make_interval(mins => t.idle_minutes), true);
  if actor is null then
    done := set_config('app.tenant_id', '', true);
    tenant := null;
  else
    done := set_config('app.user_id', actor::text, true);
  end if;
end $$;
