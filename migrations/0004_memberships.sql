-- Memberships: a person in a tenant, with the name and email that the tenant knows and the role that says what it may do.
create table app.memberships (
  tenant_id uuid not null,
  member_id uuid not null,
  person_id uuid not null,
  name text not null,
  email text not null,
  role text not null,
  created_at timestamptz not null,
  constraint memberships_pkey primary key (tenant_id, member_id),
  constraint memberships_person_key unique (tenant_id, person_id),
  constraint memberships_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint memberships_person_fkey foreign key (person_id) references app.people (person_id),
  constraint memberships_name_check check (char_length(name) between 1 and 100),
  constraint memberships_email_check check (octet_length(email) <= 254),
  constraint memberships_role_check check (role in ('owner', 'agent'))
);
call app.protect('app.memberships');
call app.directory('app.memberships',
  reads => 'tenant_id, member_id, person_id, role, created_at',
  inserts => 'tenant_id, member_id, person_id, name, email, role, created_at');

-- For signing in: the tenants of a person.
create index memberships_person_idx on app.memberships (person_id);
