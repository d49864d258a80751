-- Doors: a transaction of a tenant's that is opened by the credential itself, in one round trip. It begins as app_door, which
-- sees the one key or session whose hash is presented, then of that tenant who works there and whether it is suspended; the
-- function that finds them sets tenant, user and request for the transaction, which goes on as app_tenant. It runs with its
-- caller's rights. For a credential that opens nothing it sets nothing.
-- (First the locks, in the order in which the program takes them, so that nobody waits for us who holds what we wait for.)
lock table app.tenants, app.memberships, app.api_keys, app.sessions in access exclusive mode;
grant usage on schema app to app_door;

-- What was presented in this transaction.
create function app.credential() returns bytea
  language sql stable parallel safe
  return nullif(current_setting('app.credential', true), '')::bytea;
grant execute on function app.credential() to app_door;
grant execute on function app.tenant_id() to app_door;

-- Lets app_door see of a directory the row whose hash was presented, or rows of the tenant that was found by one.
create procedure app.door(t regclass, reads text, hash name default null)
  language plpgsql set search_path = pg_catalog
as $$
begin
  if hash is null then
    execute format('create policy door on %s for select to app_door using (tenant_id = (select app.tenant_id()))', t);
  else
    execute format('create policy door on %s for select to app_door using (%I = (select app.credential()))', t, hash);
  end if;
  execute format('grant select (%s) on %s to app_door', reads, t);
end $$;
call app.door('app.api_keys', 'tenant_id, key_id, key_hash, expires_at, last_used_at, revoked_at', 'key_hash');
call app.door('app.sessions', 'session_hash, tenant_id, person_id, created_at, last_seen_at, expires_at', 'session_hash');
call app.door('app.memberships', 'tenant_id, member_id, person_id, role');
call app.door('app.tenants', 'tenant_id, suspended_at');

-- By the keyed hash of an API key's secret. `stale`: not noted as used since then. (Settings are made in assignments, which cost a
-- tenth of what a statement does.)
create function app.enter_key(
  credential text, request uuid, at timestamptz, seen timestamptz,
  out tenant uuid, out actor uuid, out stale boolean)
  language plpgsql volatile
as $$
declare
  done text;
  live boolean;
begin
  done := set_config('app.tenant_id', '', true);
  done := set_config('app.user_id', '', true);
  done := set_config('app.request_id', request::text, true);
  done := set_config('app.credential', credential, true);
  select k.tenant_id, k.key_id, k.last_used_at is null or k.last_used_at < seen into tenant, actor, stale
  from app.api_keys k
  where k.key_hash = (select app.credential()) and k.revoked_at is null and (k.expires_at is null or k.expires_at > at);
  done := set_config('app.credential', '', true);
  if tenant is null then
    return;
  end if;
  done := set_config('app.tenant_id', tenant::text, true);
  select t.suspended_at is null into live from app.tenants t where t.tenant_id = tenant;
  if live then
    done := set_config('app.user_id', actor::text, true);
  else
    done := set_config('app.tenant_id', '', true);
    tenant := null;
  end if;
end $$;
grant execute on function app.enter_key(text, uuid, timestamptz, timestamptz) to app_door;

-- By the hash of a session's id: one that began after `begun` and was last seen after `idle`. `stale`: not since `seen`.
create function app.enter_session(
  credential text, request uuid, at timestamptz, begun timestamptz, idle timestamptz, seen timestamptz,
  out tenant uuid, out actor uuid, out person uuid, out role text, out stale boolean)
  language plpgsql volatile
as $$
declare
  done text;
begin
  done := set_config('app.tenant_id', '', true);
  done := set_config('app.user_id', '', true);
  done := set_config('app.request_id', request::text, true);
  done := set_config('app.credential', credential, true);
  select s.tenant_id, s.person_id, s.last_seen_at < seen into tenant, person, stale
  from app.sessions s
  where s.session_hash = (select app.credential()) and s.expires_at > at and s.created_at > begun and s.last_seen_at > idle;
  done := set_config('app.credential', '', true);
  if tenant is null then
    return;
  end if;
  done := set_config('app.tenant_id', tenant::text, true);
  select m.member_id, m.role into actor, role
  from app.memberships m join app.tenants t on t.tenant_id = m.tenant_id
  where m.tenant_id = tenant and m.person_id = person and t.suspended_at is null;
  if actor is null then
    done := set_config('app.tenant_id', '', true);
    tenant := null;
  else
    done := set_config('app.user_id', actor::text, true);
  end if;
end $$;
grant execute on function app.enter_session(text, uuid, timestamptz, timestamptz, timestamptz, timestamptz) to app_door;
