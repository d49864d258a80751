-- What the assistant remembers of a talk that has grown longer than a model is sent: a summary of what was said up to a number. And of a
-- contact: what they have said of themselves, in words of theirs, where the workspace wants that. Both go with their conversation. Whether it
-- wants that, and whether personal data is hidden before it is sent to a model's provider, stands in the tenant's row, as all settings do.
create table app.conversation_summaries (
  tenant_id uuid not null,
  conversation_id uuid not null,
  -- The number of the last message in it.
  upto_seq bigint not null,
  text text not null,
  changed_at timestamptz not null,
  constraint conversation_summaries_pkey primary key (tenant_id, conversation_id),
  constraint conversation_summaries_conversation_fkey foreign key (tenant_id, conversation_id)
    references app.conversations (tenant_id, conversation_id) on delete cascade,
  constraint conversation_summaries_upto_seq_check check (upto_seq >= 1),
  constraint conversation_summaries_text_check check (char_length(text) <= 2000)
);
call app.protect('app.conversation_summaries', rights => 'select, insert, update');

create table app.contact_facts (
  tenant_id uuid not null,
  fact_id uuid not null,
  contact_id uuid not null,
  -- Where it was said: the number of the message.
  conversation_id uuid not null,
  seq bigint not null,
  text text not null,
  created_at timestamptz not null,
  constraint contact_facts_pkey primary key (tenant_id, fact_id),
  constraint contact_facts_contact_fkey foreign key (tenant_id, contact_id)
    references app.contacts (tenant_id, contact_id) on delete cascade,
  constraint contact_facts_conversation_fkey foreign key (tenant_id, conversation_id)
    references app.conversations (tenant_id, conversation_id) on delete cascade,
  constraint contact_facts_seq_check check (seq >= 1),
  constraint contact_facts_text_check check (char_length(text) between 1 and 200)
);
call app.protect('app.contact_facts', rights => 'select, insert, delete');
-- What is older than a year is deleted, and what a workspace does not want any more.
call app.directory('app.contact_facts', reads => 'tenant_id, fact_id, created_at', deletes => true);
create index contact_facts_contact_idx on app.contact_facts (tenant_id, contact_id, created_at, fact_id);
create index contact_facts_conversation_idx on app.contact_facts (tenant_id, conversation_id);
create index contact_facts_created_idx on app.contact_facts (created_at);

alter table app.tenants add column remember_facts boolean not null default false;
alter table app.tenants add column mask_personal_data boolean not null default false;
grant update (remember_facts, mask_personal_data) on app.tenants to app_tenant;
grant select (remember_facts) on app.tenants to app_platform;
