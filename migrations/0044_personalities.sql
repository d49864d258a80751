-- What a tenant's assistant is like: several, one of which is in use; each with its versions, which are written once and never changed. What
-- was said of name and tone becomes the first one. (A program from before this still reads `app.assistants`; that goes in a later release.)
create table app.personalities (
  tenant_id uuid not null,
  personality_id uuid not null,
  -- The number of its latest version, which counts.
  version integer not null,
  in_use boolean not null,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  constraint personalities_pkey primary key (tenant_id, personality_id),
  constraint personalities_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint personalities_version_check check (version > 0)
);
-- One is in use.
create unique index personalities_in_use_key on app.personalities (tenant_id) where in_use;

create table app.personality_versions (
  tenant_id uuid not null,
  personality_id uuid not null,
  version integer not null,
  personality jsonb not null,
  restores integer,
  changed_by uuid,
  changed_by_name text not null,
  changed_at timestamptz not null,
  constraint personality_versions_pkey primary key (tenant_id, personality_id, version),
  constraint personality_versions_personality_fkey foreign key (tenant_id, personality_id)
    references app.personalities (tenant_id, personality_id) on delete cascade,
  constraint personality_versions_version_check check (version > 0),
  constraint personality_versions_personality_check check (
    jsonb_typeof(personality) = 'object' and pg_column_size(personality) <= 250000),
  constraint personality_versions_changed_by_name_check check (char_length(changed_by_name) <= 200)
);

-- The owner is bound by the policies, too; in this transaction nobody else reaches the table.
lock table app.assistants in access exclusive mode;
alter table app.assistants no force row level security;
insert into app.personalities (tenant_id, personality_id, version, in_use, created_at, changed_at)
  select tenant_id, gen_random_uuid(), 1, true, changed_at, changed_at from app.assistants where instruction <> '';
insert into app.personality_versions (tenant_id, personality_id, version, personality, changed_by_name, changed_at)
  select p.tenant_id, p.personality_id, 1, jsonb_build_object('name', 'Standard', 'instruction', a.instruction), '', a.changed_at
  from app.personalities p join app.assistants a on a.tenant_id = p.tenant_id;
alter table app.assistants force row level security;

call app.protect('app.personalities');
-- Of many versions the oldest are forgotten.
call app.protect('app.personality_versions', rights => 'select, insert, delete');
