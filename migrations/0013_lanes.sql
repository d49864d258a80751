-- Jobs in lanes, one that waits for each subject, and what is done again and again.
alter table app.jobs add column lane text;
-- The owner is bound by the policies, too; in this transaction nobody else reaches the table.
alter table app.jobs no force row level security;
update app.jobs set lane = case kind when 'answer' then 'prompt' else 'bulk' end;
-- Of several that wait for one subject the oldest stays.
delete from app.jobs j using app.jobs older
where older.tenant_id = j.tenant_id and older.kind = j.kind and older.subject_id = j.subject_id
  and older.job_id < j.job_id and older.lease_id is null and older.dead_at is null and j.lease_id is null
  and j.dead_at is null;
alter table app.jobs force row level security;
alter table app.jobs alter column lane set not null;
alter table app.jobs add constraint jobs_lane_check check (lane in ('prompt', 'bulk'));

-- What a program from before this asks for, while it still runs: it knows neither lanes nor that one job waits for each
-- subject. Goes in a later release.
create function app.place_job() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if new.lane is not null then
    return new;
  end if;
  new.lane := case new.kind when 'answer' then 'prompt' else 'bulk' end;
  if exists (
    select from app.jobs
    where tenant_id = new.tenant_id and kind = new.kind and subject_id = new.subject_id
      and lease_id is null and dead_at is null
  ) then
    return null;
  end if;
  return new;
end $$;
create trigger jobs_place before insert on app.jobs for each row execute function app.place_job();

-- A tenant that asks again for what waits already touches that row: it may see whether there is one, and have it done sooner.
grant select (tenant_id, kind, subject_id, lease_id, dead_at, run_at), update (run_at) on app.jobs to app_tenant;
grant select (lane) on app.jobs to app_platform;
create unique index jobs_waiting_key on app.jobs (tenant_id, kind, subject_id) where lease_id is null and dead_at is null;

-- For claiming: which tenants have something in a lane, and what of it is due; how much of a tenant's is being done.
drop index app.jobs_due_idx;
create index jobs_due_idx on app.jobs (lane, tenant_id, run_at, job_id) where dead_at is null;
create index jobs_leased_idx on app.jobs (lane, tenant_id) where lease_id is not null;

create table app.schedules (
  name text not null,
  due_at timestamptz not null,
  constraint schedules_pkey primary key (name),
  constraint schedules_name_check check (char_length(name) between 1 and 40)
);
call app.directory('app.schedules',
  reads => 'name, due_at',
  inserts => 'name, due_at',
  updates => 'due_at');
