-- Keys that sign requests instead of being sent with them, and what they have signed lately, so that it counts once.
lock table app.api_keys in access exclusive mode;
alter table app.api_keys add column signs boolean not null default false;
create table app.nonces (
  tenant_id uuid not null,
  key_id uuid not null,
  nonce_hash bytea not null,
  used_at timestamptz not null,
  constraint nonces_pkey primary key (tenant_id, key_id, nonce_hash),
  constraint nonces_key_fkey foreign key (tenant_id, key_id) references app.api_keys (tenant_id, key_id) on delete cascade,
  constraint nonces_nonce_hash_check check (octet_length(nonce_hash) = 32)
);
call app.protect('app.nonces', rights => 'select, insert');
call app.directory('app.nonces', reads => 'used_at', deletes => true);
create index nonces_used_idx on app.nonces (used_at);
