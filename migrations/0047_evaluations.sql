-- Runs of a company's own questions, whose answers are known: what the assistant told, and whether that was right. A run that is deleted keeps its
-- row for a day, without its questions, so that it counts among those of that day.
create table app.evaluations (
  tenant_id uuid not null,
  evaluation_id uuid not null,
  name text not null,
  state text not null,
  error text,
  created_at timestamptz not null,
  finished_at timestamptz,
  deleted_at timestamptz,
  constraint evaluations_pkey primary key (tenant_id, evaluation_id),
  constraint evaluations_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint evaluations_name_check check (char_length(name) between 1 and 100),
  constraint evaluations_state_check check (state in ('waiting', 'running', 'done', 'failed')),
  constraint evaluations_error_check check (char_length(error) <= 500 and (error is null or state = 'failed')),
  constraint evaluations_finished_check check ((finished_at is null) = (state in ('waiting', 'running')))
);
call app.protect('app.evaluations');

create table app.evaluation_results (
  tenant_id uuid not null,
  evaluation_id uuid not null,
  position integer not null,
  question text not null,
  -- The words that answer; nothing where the documents have no answer.
  expected text,
  -- What came of it, once it was asked.
  outcome text,
  told text,
  correct boolean,
  constraint evaluation_results_pkey primary key (tenant_id, evaluation_id, position),
  constraint evaluation_results_evaluation_fkey foreign key (tenant_id, evaluation_id)
    references app.evaluations (tenant_id, evaluation_id) on delete cascade,
  constraint evaluation_results_question_check check (char_length(question) between 1 and 1000),
  constraint evaluation_results_expected_check check (char_length(expected) between 1 and 500),
  constraint evaluation_results_outcome_check check (outcome in ('answer', 'passages', 'refused')),
  constraint evaluation_results_told_check check (char_length(told) <= 2000),
  constraint evaluation_results_asked_check check (num_nulls(outcome, told, correct) in (0, 3))
);
call app.protect('app.evaluation_results');

-- What was asked in the last days, the newest first: what became of it, and what who asked says of it.
create index asked_recent_idx on app.asked (tenant_id, asked_at desc);
