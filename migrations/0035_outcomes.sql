-- What an answer of the assistant's was: an answer, the passages nearest to the question, or neither. And what was asked, with what became
-- of it, so that people see what their documents do not say.
alter table app.messages add column outcome text
  constraint messages_outcome_check check (outcome in ('answer', 'passages', 'refused') and (outcome = 'refused') = refused);
create table app.asked (
  tenant_id uuid not null,
  conversation_id uuid not null,
  -- The number of the message that answers.
  seq bigint not null,
  question text not null,
  -- A hash of the same as questions are compared.
  folded bytea not null,
  outcome text not null,
  -- What who asked says of it: whether it answers.
  answers boolean,
  asked_at timestamptz not null,
  -- Since when it needs nobody's look any more: an answer was written, or none is to be.
  settled_at timestamptz,
  constraint asked_pkey primary key (tenant_id, conversation_id, seq),
  constraint asked_conversation_fkey foreign key (tenant_id, conversation_id)
    references app.conversations (tenant_id, conversation_id) on delete cascade,
  constraint asked_question_check check (char_length(question) between 1 and 2000),
  constraint asked_folded_check check (octet_length(folded) = 32),
  constraint asked_outcome_check check (outcome in ('answer', 'passages', 'refused'))
);
call app.protect('app.asked', rights => 'select, insert');
grant update (answers, settled_at) on app.asked to app_tenant;
create index asked_unanswered_idx on app.asked (tenant_id, asked_at desc)
  where settled_at is null and (outcome <> 'answer' or answers = false) and answers is not true;
create index asked_alike_idx on app.asked (tenant_id, folded)
  where settled_at is null and (outcome <> 'answer' or answers = false) and answers is not true;
