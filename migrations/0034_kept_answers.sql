-- Requests that are done once, however often a program sends them (`Idempotency-Key`): whose key has sent one, a hash of the name that it gave
-- it, one of the request, and, when it is done, its answer for a day. Sealed, for an answer may hold what is shown this once.
create table app.kept_answers (
  tenant_id uuid not null,
  key_id uuid not null,
  name_hash bytea not null,
  -- Of this try. Whoever has begun before, and was given up, ends nothing of it.
  answer_id uuid not null,
  request_hash bytea not null,
  begun_at timestamptz not null,
  leased_until timestamptz,
  status smallint,
  answer_sealed bytea,
  constraint kept_answers_pkey primary key (tenant_id, key_id, name_hash),
  constraint kept_answers_key_fkey foreign key (tenant_id, key_id) references app.api_keys (tenant_id, key_id) on delete cascade,
  constraint kept_answers_name_hash_check check (octet_length(name_hash) = 32),
  constraint kept_answers_request_hash_check check (octet_length(request_hash) = 32),
  constraint kept_answers_status_check check (status between 200 and 499),
  constraint kept_answers_answer_sealed_check check (octet_length(answer_sealed) between 37 and 66000),
  -- It is being done, for so long at most, or it is done.
  constraint kept_answers_done_check check (
    (leased_until is null) = (status is not null) and (status is null) = (answer_sealed is null))
);
call app.protect('app.kept_answers');
-- What is older than a day is deleted, and what is sealed is sealed anew with a new key.
call app.directory('app.kept_answers',
  reads => 'tenant_id, key_id, name_hash, answer_id, answer_sealed, begun_at',
  updates => 'answer_sealed',
  deletes => true);
create index kept_answers_begun_idx on app.kept_answers (begun_at);
