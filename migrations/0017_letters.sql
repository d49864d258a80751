-- Letters by mail, each with a link that opens one thing, once. What stands in a link is not kept: it is made of the letter's
-- ids by a key of the installation's. A letter is sent by a job of a tenant in which its reader works.
lock table app.people, app.jobs in access exclusive mode;
alter table app.people add column verified_at timestamptz;
-- Rises with every change of the password: what was begun with an older one opens nothing.
alter table app.people add column password_epoch integer not null default 0;
-- Who is there already goes on. (The owner is bound by the policies, too; in this transaction nobody else reaches the table.)
alter table app.people no force row level security;
update app.people set verified_at = created_at;
alter table app.people force row level security;
grant select (verified_at, password_epoch), insert (verified_at), update (verified_at, password_epoch) on app.people to app_platform;

create table app.letters (
  tenant_id uuid not null,
  letter_id uuid not null,
  person_id uuid not null,
  kind text not null,
  email text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  sent_at timestamptz,
  used_at timestamptz,
  constraint letters_pkey primary key (tenant_id, letter_id),
  constraint letters_membership_fkey foreign key (tenant_id, person_id)
    references app.memberships (tenant_id, person_id) on delete cascade,
  constraint letters_kind_check check (char_length(kind) between 1 and 40),
  constraint letters_email_check check (octet_length(email) <= 254)
);
call app.protect('app.letters', rights => 'select');
grant update (sent_at) on app.letters to app_tenant;
call app.directory('app.letters',
  reads => 'tenant_id, letter_id, person_id, kind, email, created_at, expires_at, used_at',
  inserts => 'tenant_id, letter_id, person_id, kind, email, created_at, expires_at',
  updates => 'used_at',
  deletes => true);
create index letters_person_idx on app.letters (tenant_id, person_id, created_at);

-- Letters are asked for by work across tenants, and have a lane of their own: a mail server that is slow holds up nobody else.
create policy platform_insert on app.jobs for insert to app_platform with check (true);
grant insert (tenant_id, job_id, kind, lane, subject_id, attempts, run_at, created_at) on app.jobs to app_platform;
alter table app.jobs drop constraint jobs_lane_check;
alter table app.jobs add constraint jobs_lane_check check (lane in ('prompt', 'bulk', 'mail'));
