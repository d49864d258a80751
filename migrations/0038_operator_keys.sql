-- Keys of whoever runs the installation, by a keyed hash of their secret; and companies that they make, suspend and let in again by them.
-- A key is revoked and never deleted, so that what it did stays explained.
lock table app.tenants, app.invitations in access exclusive mode;
create table app.operator_keys (
  key_id uuid not null,
  name text not null,
  prefix text not null,
  key_hash bytea not null,
  permissions text[] not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  replaced_at timestamptz,
  revoked_at timestamptz,
  constraint operator_keys_pkey primary key (key_id),
  constraint operator_keys_key_hash_key unique (key_hash),
  constraint operator_keys_name_check check (char_length(name) between 1 and 60),
  constraint operator_keys_prefix_check check (char_length(prefix) between 1 and 20),
  constraint operator_keys_key_hash_check check (octet_length(key_hash) = 32),
  constraint operator_keys_permissions_check check (cardinality(permissions) between 1 and 20 and array_position(permissions, null) is null),
  constraint operator_keys_expires_at_check check (expires_at - created_at <= interval '366 days')
);
call app.directory('app.operator_keys',
  reads => 'key_id, name, prefix, key_hash, permissions, created_at, expires_at, last_used_at, replaced_at, revoked_at',
  inserts => 'key_id, name, prefix, key_hash, permissions, created_at, expires_at',
  updates => 'expires_at, last_used_at, replaced_at, revoked_at');

-- Why a company is suspended; and by which request of a program it was made (hashes of the key with the name of the request, and of what
-- was asked for), so that one which is sent again makes no second one.
alter table app.tenants add column suspended_reason text;
alter table app.tenants add column made_as bytea;
alter table app.tenants add column made_of bytea;
alter table app.tenants add constraint tenants_suspended_reason_check
  check (char_length(suspended_reason) between 1 and 200);
alter table app.tenants add constraint tenants_made_as_check check (octet_length(made_as) = 32);
alter table app.tenants add constraint tenants_made_of_check check (octet_length(made_of) = 32);
alter table app.tenants add constraint tenants_made_key unique (made_as);
create policy platform_update on app.tenants for update to app_platform using (true) with check (true);
grant select (created_at, suspended_reason, made_as, made_of), insert (made_as, made_of), update (suspended_at, suspended_reason)
  on app.tenants to app_platform;

-- Its first owner is asked to join, and asked anew as long as nobody has.
create policy platform_insert on app.invitations for insert to app_platform with check (true);
grant select (created_at), insert (tenant_id, invitation_id, email, role, by_hand, created_at, expires_at), update (revoked_at)
  on app.invitations to app_platform;
