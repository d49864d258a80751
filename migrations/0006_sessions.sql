-- Sessions of browsers, by the hash of the cookie's value. Before sign-in a session has neither person nor tenant;
-- with the membership that it was opened for, it ends.
create table app.sessions (
  session_hash bytea not null,
  person_id uuid,
  tenant_id uuid,
  data jsonb not null,
  device text,
  address text,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  constraint sessions_pkey primary key (session_hash),
  constraint sessions_person_fkey foreign key (person_id) references app.people (person_id) on delete cascade,
  constraint sessions_membership_fkey foreign key (tenant_id, person_id)
    references app.memberships (tenant_id, person_id) on delete cascade,
  constraint sessions_session_hash_check check (octet_length(session_hash) = 32),
  -- Without a person the foreign key would not look at the tenant.
  constraint sessions_person_check check (person_id is not null or tenant_id is null),
  constraint sessions_device_check check (char_length(device) <= 200),
  constraint sessions_address_check check (char_length(address) <= 64)
);
call app.directory('app.sessions',
  reads => 'session_hash, person_id, tenant_id, data, device, address, created_at, last_seen_at, expires_at',
  inserts => 'session_hash, person_id, tenant_id, data, device, address, created_at, last_seen_at, expires_at',
  updates => 'person_id, tenant_id, data, device, address, last_seen_at, expires_at',
  deletes => true);

-- For "sign out everywhere" and for memberships that end; for removing what has expired.
create index sessions_person_idx on app.sessions (person_id);
create index sessions_expires_idx on app.sessions (expires_at);
