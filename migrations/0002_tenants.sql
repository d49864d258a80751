-- Tenants: one row a company. It may read and rename itself; the platform makes it, and reads whether it is suspended.
create table app.tenants (
  tenant_id uuid not null,
  name text not null,
  created_at timestamptz not null,
  suspended_at timestamptz,
  constraint tenants_pkey primary key (tenant_id),
  constraint tenants_name_check check (char_length(name) between 1 and 100)
);
call app.protect('app.tenants', rights => 'select, update (name)');
call app.directory('app.tenants',
  reads => 'tenant_id, name, suspended_at',
  inserts => 'tenant_id, name, created_at');
