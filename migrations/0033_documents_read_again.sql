-- Documents are cut in another way now: Markdown by what it says on the page, long answers under their question, and the words of questions
-- counted twice. Each that is ready is read once more, as if somebody had asked for it; what was made of it before is found until then.
lock table app.documents, app.jobs in access exclusive mode;
-- The owner is bound by the policies, too; in this transaction nobody else reaches the tables.
alter table app.documents no force row level security;
alter table app.jobs no force row level security;
insert into app.jobs (tenant_id, job_id, kind, lane, subject_id, attempts, run_at, created_at)
  select tenant_id, gen_random_uuid(), 'index_document', 'bulk', document_id, 0, updated_at, updated_at
  from app.documents where state in ('ready', 'processing')
  on conflict (tenant_id, kind, subject_id) where lease_id is null and dead_at is null do nothing;
update app.documents set state = 'queued' where state = 'ready';
alter table app.documents force row level security;
alter table app.jobs force row level security;
