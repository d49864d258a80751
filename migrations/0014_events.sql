-- What has happened, written with the change that it tells of. Readers go on from where they were by (transaction_id,
-- event_id), below the oldest transaction that may still write: so none is missed, whoever commits first.
create table app.events (
  tenant_id uuid not null,
  event_id uuid not null,
  transaction_id xid8 not null,
  kind text not null,
  subject_id uuid not null,
  within_id uuid,
  actor_id uuid not null,
  created_at timestamptz not null,
  constraint events_pkey primary key (tenant_id, event_id),
  constraint events_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint events_kind_check check (char_length(kind) between 1 and 60)
);
call app.protect('app.events', rights => 'insert');
call app.directory('app.events',
  reads => 'tenant_id, event_id, transaction_id, kind, subject_id, within_id, actor_id, created_at',
  deletes => true);
create index events_order_idx on app.events (transaction_id, event_id);
create index events_created_idx on app.events (created_at);
