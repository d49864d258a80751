-- Roles that a company cuts to measure, of permissions by name; and members who are kept out for a while. A membership names its role: one
-- of the four, or one of the company's own by its id, which is then there.
lock table app.tenants, app.memberships, app.invitations, app.sessions in access exclusive mode;
create table app.roles (
  tenant_id uuid not null,
  role_id uuid not null,
  name text not null,
  permissions text[] not null,
  created_at timestamptz not null,
  constraint roles_pkey primary key (tenant_id, role_id),
  constraint roles_name_key unique (tenant_id, name),
  constraint roles_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint roles_name_check check (char_length(name) between 1 and 40),
  constraint roles_permissions_check check (cardinality(permissions) between 1 and 40 and array_position(permissions, null) is null)
);
call app.protect('app.roles');
call app.directory('app.roles', reads => 'tenant_id, role_id, name, permissions');
call app.door('app.roles', 'tenant_id, role_id, permissions');

alter table app.memberships drop constraint memberships_role_check;
alter table app.memberships add constraint memberships_role_check
  check (role in ('owner', 'admin', 'agent', 'viewer') or role ~ '^rol_[0-9a-f]{32}$');
alter table app.memberships add column role_id uuid
  generated always as (case when left(role, 4) = 'rol_' then substr(role, 5)::uuid end) stored;
alter table app.memberships add column suspended_at timestamptz;
alter table app.memberships add constraint memberships_role_fkey
  foreign key (tenant_id, role_id) references app.roles (tenant_id, role_id);
-- For the sessions of a tenant's members.
create index sessions_tenant_idx on app.sessions (tenant_id, session_hash) where tenant_id is not null;
grant select (role_id, suspended_at) on app.memberships to app_door, app_platform;
alter table app.invitations add column role_id uuid
  generated always as (case when left(role, 4) = 'rol_' then substr(role, 5)::uuid end) stored;
grant select (role_id) on app.invitations to app_platform;
alter table app.invitations drop constraint invitations_role_check;
alter table app.invitations add constraint invitations_role_check
  check (role in ('owner', 'admin', 'agent', 'viewer') or role ~ '^rol_[0-9a-f]{32}$');

-- The door of 0025, which now says what a role of the company's own may do, as names with spaces between, and is closed to who is
-- kept out.
drop function app.enter_session(text, uuid, timestamptz, timestamptz, timestamptz, timestamptz);
create function app.enter_session(
  credential text, request uuid, at timestamptz, begun timestamptz, idle timestamptz, seen timestamptz,
  out tenant uuid, out actor uuid, out person uuid, out role text, out stale boolean, out permissions text)
  language plpgsql volatile
as $$
declare
  done text;
  began timestamptz;
  used timestamptz;
  own uuid;
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
  select m.member_id, m.role, m.role_id into actor, role, own
  from app.memberships m join app.tenants t on t.tenant_id = m.tenant_id
  where m.tenant_id = tenant and m.person_id = person and t.suspended_at is null and m.suspended_at is null
    and coalesce(began > at - make_interval(mins => t.session_minutes), true)
    and coalesce(used > at - make_interval(mins => t.idle_minutes), true);
  if actor is null then
    done := set_config('app.tenant_id', '', true);
    tenant := null;
    return;
  end if;
  if own is not null then
    select array_to_string(r.permissions, ' ') into permissions
    from app.roles r where r.tenant_id = tenant and r.role_id = own;
  end if;
  done := set_config('app.user_id', actor::text, true);
end $$;
grant execute on function app.enter_session(text, uuid, timestamptz, timestamptz, timestamptz, timestamptz) to app_door;
