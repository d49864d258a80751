-- What an API key may do: permissions by name, as roles have them. Keys of before go on as they were. A key can be replaced by another
-- one while it still works for a while: when it ends is set then.
lock table app.api_keys in access exclusive mode;
alter table app.api_keys add column scopes text[] not null default
  '{workspace.read,conversations.read,conversations.write,documents.read,documents.manage}';
alter table app.api_keys alter column scopes drop default;
alter table app.api_keys add constraint api_keys_scopes_check
  check (cardinality(scopes) between 1 and 40 and array_position(scopes, null) is null);
grant select (scopes), insert (scopes) on app.api_keys to app_platform;
grant select (scopes) on app.api_keys to app_door;
grant update (expires_at) on app.api_keys to app_tenant;

-- The door of 0016, which now says what the key may do: names with spaces between.
drop function app.enter_key(text, uuid, timestamptz, timestamptz);
create function app.enter_key(
  credential text, request uuid, at timestamptz, seen timestamptz,
  out tenant uuid, out actor uuid, out stale boolean, out scopes text)
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
  select k.tenant_id, k.key_id, k.last_used_at is null or k.last_used_at < seen, array_to_string(k.scopes, ' ')
  into tenant, actor, stale, scopes
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
