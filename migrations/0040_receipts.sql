-- Answers that a model writes: what a workspace wants of its assistant, and for each answer, whoever made it, a receipt: what it was made of, by
-- what and how, as it was written down (JSON) with a keyed hash of that under a key that the database does not have. Kept for 90 days, or until
-- the conversation goes that it was for.
create table app.assistants (
  tenant_id uuid not null,
  instruction text not null,
  changed_at timestamptz not null,
  constraint assistants_pkey primary key (tenant_id),
  constraint assistants_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint assistants_instruction_check check (char_length(instruction) <= 2000)
);
call app.protect('app.assistants', rights => 'select, insert, update');

create table app.receipts (
  tenant_id uuid not null,
  receipt_id uuid not null,
  conversation_id uuid,
  record text not null,
  mac bytea not null,
  created_at timestamptz not null,
  constraint receipts_pkey primary key (tenant_id, receipt_id),
  constraint receipts_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint receipts_conversation_fkey foreign key (tenant_id, conversation_id)
    references app.conversations (tenant_id, conversation_id) on delete cascade,
  constraint receipts_record_check check (octet_length(record) between 2 and 200000),
  constraint receipts_mac_check check (octet_length(mac) = 32)
);
call app.protect('app.receipts', rights => 'select, insert');
-- What is older than 90 days is deleted.
call app.directory('app.receipts', reads => 'created_at', deletes => true);
create index receipts_created_idx on app.receipts (created_at);
create index receipts_conversation_idx on app.receipts (tenant_id, conversation_id) where conversation_id is not null;

-- Which receipt an answer in a conversation has. (Receipts go before it does, so there is no foreign key.)
alter table app.asked add column receipt_id uuid;
