-- Work that is done after the request that asked for it: written in the transaction of the change, done by whichever
-- server claims it. A job holds ids only. A tenant adds its own; claiming and ending them is work across tenants.
create table app.jobs (
  tenant_id uuid not null,
  job_id uuid not null,
  kind text not null,
  subject_id uuid not null,
  attempts integer not null,
  run_at timestamptz not null,
  lease_id uuid,
  leased_until timestamptz,
  dead_at timestamptz,
  error text,
  created_at timestamptz not null,
  constraint jobs_pkey primary key (tenant_id, job_id),
  constraint jobs_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint jobs_kind_check check (char_length(kind) between 1 and 40),
  constraint jobs_attempts_check check (attempts >= 0),
  constraint jobs_lease_check check ((lease_id is null) = (leased_until is null)),
  constraint jobs_error_check check (char_length(error) <= 500)
);
call app.protect('app.jobs', rights => 'insert');
call app.directory('app.jobs',
  reads => 'tenant_id, job_id, kind, subject_id, attempts, run_at, lease_id, leased_until, dead_at, error, created_at',
  updates => 'attempts, run_at, lease_id, leased_until, dead_at, error',
  deletes => true);

-- For claiming: what is due, the oldest first.
create index jobs_due_idx on app.jobs (run_at, job_id) where dead_at is null;
