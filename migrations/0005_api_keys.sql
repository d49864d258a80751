-- API keys, by a keyed hash of their secret. A key is revoked and never deleted, so that what it did stays explained.
create table app.api_keys (
  tenant_id uuid not null,
  key_id uuid not null,
  name text not null,
  prefix text not null,
  key_hash bytea not null,
  created_by uuid,
  created_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  constraint api_keys_pkey primary key (tenant_id, key_id),
  -- For a request that brings a key: its tenant is not known before.
  constraint api_keys_key_hash_key unique (key_hash),
  constraint api_keys_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint api_keys_created_by_fkey foreign key (tenant_id, created_by)
    references app.memberships (tenant_id, member_id) on delete set null (created_by),
  constraint api_keys_name_check check (char_length(name) between 1 and 60),
  constraint api_keys_key_hash_check check (octet_length(key_hash) = 32)
);
call app.protect('app.api_keys', rights => 'select, insert, update (name, revoked_at)');
call app.directory('app.api_keys',
  reads => 'tenant_id, key_id, key_hash, expires_at, last_used_at, revoked_at',
  inserts => 'tenant_id, key_id, name, prefix, key_hash, created_by, created_at, expires_at',
  updates => 'last_used_at');
