-- How contacts come in from a web page: the widget's key, which stands in the page for all to see, and what a visitor's
-- browser keeps to go on with, by its hash.
create table app.widgets (
  tenant_id uuid not null,
  widget_id uuid not null,
  created_at timestamptz not null,
  constraint widgets_pkey primary key (tenant_id, widget_id),
  -- For a visitor who brings the key: the tenant is not known before.
  constraint widgets_widget_key unique (widget_id),
  constraint widgets_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade
);
call app.protect('app.widgets', rights => 'select, insert');
call app.directory('app.widgets',
  reads => 'tenant_id, widget_id, created_at',
  inserts => 'tenant_id, widget_id, created_at');

create table app.contact_sessions (
  tenant_id uuid not null,
  session_id uuid not null,
  contact_id uuid not null,
  token_hash bytea not null,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint contact_sessions_pkey primary key (tenant_id, session_id),
  constraint contact_sessions_token_hash_key unique (token_hash),
  constraint contact_sessions_contact_fkey foreign key (tenant_id, contact_id)
    references app.contacts (tenant_id, contact_id) on delete cascade,
  constraint contact_sessions_token_hash_check check (octet_length(token_hash) = 32)
);
call app.protect('app.contact_sessions', rights => 'select, insert, delete');
call app.directory('app.contact_sessions',
  reads => 'tenant_id, session_id, contact_id, token_hash, last_seen_at',
  updates => 'last_seen_at',
  deletes => true);
-- For a contact that is deleted; for removing those that nobody came back to.
create index contact_sessions_contact_idx on app.contact_sessions (tenant_id, contact_id);
create index contact_sessions_seen_idx on app.contact_sessions (last_seen_at);
