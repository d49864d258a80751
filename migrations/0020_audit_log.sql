-- The audit log: who did what, when and from where, written in the act's own transaction and never changed. Entries of a tenant
-- are numbered without gaps, and each holds a keyed hash of itself and the one before; the head says which is the last. So a row
-- that was changed, removed or put in is found by `samtal audit verify`, also by whoever owns the database and not the key.
create table app.audit_entries (
  tenant_id uuid not null,
  number bigint not null,
  at timestamptz not null,
  act text not null,
  actor_kind text not null,
  actor_id uuid,
  actor_name text not null,
  address text,
  request_id uuid not null,
  subject_id uuid,
  subject_name text not null,
  before jsonb not null,
  after jsonb not null,
  hash bytea not null,
  constraint audit_entries_pkey primary key (tenant_id, number),
  constraint audit_entries_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint audit_entries_number_check check (number > 0),
  constraint audit_entries_act_check check (char_length(act) between 1 and 40),
  constraint audit_entries_actor_kind_check check (char_length(actor_kind) between 1 and 20),
  constraint audit_entries_names_check check (char_length(actor_name) <= 200 and char_length(subject_name) <= 300),
  constraint audit_entries_hash_check check (octet_length(hash) = 32)
);
call app.protect('app.audit_entries', rights => 'select, insert');
call app.directory('app.audit_entries',
  reads => 'tenant_id, number, at, act, actor_kind, actor_id, actor_name, address, request_id, subject_id, subject_name, before, after, hash',
  inserts => 'tenant_id, number, at, act, actor_kind, actor_id, actor_name, address, request_id, subject_id, subject_name, before, after, hash');
create index audit_entries_act_idx on app.audit_entries (tenant_id, act, number);
create index audit_entries_actor_idx on app.audit_entries (tenant_id, actor_id, number);

create table app.audit_heads (
  tenant_id uuid not null,
  number bigint not null,
  hash bytea not null,
  proof bytea not null,
  constraint audit_heads_pkey primary key (tenant_id),
  constraint audit_heads_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade
);
call app.protect('app.audit_heads', rights => 'select, insert, update (number, hash, proof)');
call app.directory('app.audit_heads',
  reads => 'tenant_id, number, hash, proof',
  inserts => 'tenant_id, number, hash, proof',
  updates => 'number, hash, proof');
