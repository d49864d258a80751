-- Conversations: contacts, what was said and by whom, and who may speak. The conversation's row is the lock under which a
-- message gets its number; `fence` rises whenever somebody else may speak, so that an answer begun before is too late.
create table app.contacts (
  tenant_id uuid not null,
  contact_id uuid not null,
  name text,
  email text,
  created_at timestamptz not null,
  constraint contacts_pkey primary key (tenant_id, contact_id),
  constraint contacts_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint contacts_name_check check (char_length(name) between 1 and 100),
  constraint contacts_email_check check (octet_length(email) between 3 and 254)
);
call app.protect('app.contacts');

create table app.conversations (
  tenant_id uuid not null,
  conversation_id uuid not null,
  contact_id uuid not null,
  state text not null,
  handler text not null,
  assignee_id uuid,
  fence bigint not null,
  last_seq bigint not null,
  -- The number up to which the assistant has nothing left to answer.
  answered_seq bigint not null,
  -- At first the conversation's own id, so that every message's is greater than it.
  last_message_id uuid not null,
  last_author text,
  last_text text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint conversations_pkey primary key (tenant_id, conversation_id),
  constraint conversations_contact_fkey foreign key (tenant_id, contact_id)
    references app.contacts (tenant_id, contact_id) on delete cascade,
  constraint conversations_assignee_fkey foreign key (tenant_id, assignee_id)
    references app.memberships (tenant_id, member_id) on delete set null (assignee_id),
  constraint conversations_state_check check (state in ('open', 'resolved')),
  constraint conversations_handler_check check (handler in ('assistant', 'people')),
  constraint conversations_assignee_check check (assignee_id is null or handler = 'people'),
  constraint conversations_fence_check check (fence >= 0),
  constraint conversations_last_seq_check check (last_seq >= 0),
  constraint conversations_answered_seq_check check (answered_seq between 0 and last_seq),
  constraint conversations_last_text_check check (char_length(last_text) <= 200)
);
call app.protect('app.conversations');
-- For the inbox: what is open or resolved, the latest first. For the conversations of a contact.
create index conversations_inbox_idx on app.conversations (tenant_id, state, updated_at, conversation_id);
create index conversations_contact_idx on app.conversations (tenant_id, contact_id, conversation_id);

-- Order by id is order by sequence: the id is made under the conversation's lock, greater than the one before.
create table app.messages (
  tenant_id uuid not null,
  conversation_id uuid not null,
  message_id uuid not null,
  seq bigint not null,
  author text not null,
  name text,
  text text not null,
  event text,
  refused boolean not null,
  citations jsonb,
  client_id text,
  created_at timestamptz not null,
  constraint messages_pkey primary key (tenant_id, conversation_id, message_id),
  constraint messages_conversation_fkey foreign key (tenant_id, conversation_id)
    references app.conversations (tenant_id, conversation_id) on delete cascade,
  constraint messages_seq_check check (seq >= 1),
  constraint messages_author_check check (author in ('contact', 'agent', 'assistant', 'system')),
  constraint messages_name_check check (char_length(name) <= 100),
  constraint messages_text_check check (char_length(text) between 1 and 20000),
  constraint messages_event_check check (
    (event is null) = (author <> 'system') and event in ('handed_off', 'taken_over', 'handed_back', 'resolved')),
  constraint messages_client_id_check check (client_id ~ '^[A-Za-z0-9_-]{1,64}$')
) partition by range (message_id);
call app.protect('app.messages', rights => 'select, insert');

-- A partition a month for two years, by the time in the ids (UUIDv7, RFC 9562: the first 48 bits are milliseconds). What
-- is older or newer goes to the default one.
do $$
declare
  first date := date '2026-11-01';
  edges uuid[] := (
    select array_agg((lpad(to_hex((extract(epoch from first + make_interval(months => m)) * 1000)::bigint), 12, '0')
      || repeat('0', 20))::uuid order by m)
    from generate_series(0, 24) m);
  name text;
begin
  for m in 0 .. 23 loop
    name := 'messages_' || to_char(first + make_interval(months => m), 'YYYY_MM');
    execute format('create table app.%I partition of app.messages for values from (%L) to (%L)',
      name, edges[m + 1], edges[m + 2]);
    execute format('call app.seal(%L)', 'app.' || name);
  end loop;
  create table app.messages_default partition of app.messages default;
  call app.seal('app.messages_default');
end $$;

-- What must be there once for the whole conversation, which a partition cannot see: each number, each client id of an
-- author.
create table app.message_keys (
  tenant_id uuid not null,
  conversation_id uuid not null,
  seq bigint not null,
  message_id uuid not null,
  author text not null,
  client_id text,
  constraint message_keys_pkey primary key (tenant_id, conversation_id, seq),
  constraint message_keys_client_key unique (tenant_id, conversation_id, author, client_id),
  constraint message_keys_conversation_fkey foreign key (tenant_id, conversation_id)
    references app.conversations (tenant_id, conversation_id) on delete cascade
);
call app.protect('app.message_keys', rights => 'select, insert');
