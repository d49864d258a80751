-- Meetings: the room, who came to it, and what was written there. Who has a meeting's code comes to it, as a visitor comes by a widget's key:
-- the tenant is found by the code in the directory. Codes are secrets of 20 letters (99 bits), so an index over all tenants tells nothing.
create table app.meetings (
  tenant_id uuid not null,
  meeting_id uuid not null,
  code text not null,
  title text not null,
  state text not null,
  -- Nothing: at once.
  starts_at timestamptz,
  minutes integer not null,
  time_zone text,
  -- By when it was to be over: it is not ended for being empty before.
  ends_at timestamptz not null,
  passcode_hash bytea,
  waiting_room boolean not null,
  locked boolean not null,
  conversation_id uuid,
  created_by uuid,
  created_at timestamptz not null,
  started_at timestamptz,
  -- Since when nobody has been in it.
  empty_since timestamptz,
  ended_at timestamptz,
  constraint meetings_pkey primary key (tenant_id, meeting_id),
  -- For who brings the code: the tenant is not known before.
  constraint meetings_code_key unique (code),
  constraint meetings_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint meetings_conversation_fkey foreign key (tenant_id, conversation_id)
    references app.conversations (tenant_id, conversation_id) on delete set null (conversation_id),
  constraint meetings_member_fkey foreign key (tenant_id, created_by)
    references app.memberships (tenant_id, member_id) on delete set null (created_by),
  constraint meetings_code_check check (code ~ '^[a-hjkmnp-z2-9]{20}$'),
  constraint meetings_title_check check (char_length(title) between 1 and 200),
  constraint meetings_state_check check (state in ('scheduled', 'live', 'ended')),
  constraint meetings_minutes_check check (minutes between 5 and 1440),
  constraint meetings_time_zone_check check (char_length(time_zone) between 1 and 64),
  constraint meetings_passcode_hash_check check (octet_length(passcode_hash) = 32),
  constraint meetings_ended_check check ((state = 'ended') = (ended_at is not null))
);
call app.protect('app.meetings');
call app.directory('app.meetings', reads => 'tenant_id, meeting_id, code, state, started_at, empty_since, ends_at');
-- For the lists; for what nobody has ended; for a conversation or a member that goes.
create index meetings_state_idx on app.meetings (tenant_id, state, meeting_id);
create index meetings_open_idx on app.meetings (ends_at) where state <> 'ended';
create index meetings_conversation_idx on app.meetings (tenant_id, conversation_id) where conversation_id is not null;
create index meetings_member_idx on app.meetings (tenant_id, created_by) where created_by is not null;

create table app.meeting_people (
  tenant_id uuid not null,
  meeting_id uuid not null,
  person_id uuid not null,
  kind text not null,
  member_id uuid,
  contact_id uuid,
  name text not null,
  role text not null,
  state text not null,
  -- Whether they may come in: they need not wait, or a host has let them in.
  admitted boolean not null,
  hand_at timestamptz,
  -- By which they come back after a reload: a keyed hash of it.
  secret_hash bytea not null,
  consented_at timestamptz not null,
  created_at timestamptz not null,
  -- When they were last known to be there, to some minutes.
  seen_at timestamptz not null,
  joined_at timestamptz,
  left_at timestamptz,
  constraint meeting_people_pkey primary key (tenant_id, meeting_id, person_id),
  constraint meeting_people_meeting_fkey foreign key (tenant_id, meeting_id)
    references app.meetings (tenant_id, meeting_id) on delete cascade,
  constraint meeting_people_member_fkey foreign key (tenant_id, member_id)
    references app.memberships (tenant_id, member_id) on delete set null (member_id),
  constraint meeting_people_contact_fkey foreign key (tenant_id, contact_id)
    references app.contacts (tenant_id, contact_id) on delete set null (contact_id),
  constraint meeting_people_kind_check check (kind in ('member', 'contact', 'guest')),
  constraint meeting_people_name_check check (char_length(name) between 1 and 80),
  constraint meeting_people_role_check check (role in ('host', 'speaker', 'viewer')),
  constraint meeting_people_state_check check (state in ('waiting', 'in', 'left', 'removed', 'refused')),
  constraint meeting_people_secret_hash_check check (octet_length(secret_hash) = 32)
);
call app.protect('app.meeting_people');
create index meeting_people_member_idx on app.meeting_people (tenant_id, member_id) where member_id is not null;
create index meeting_people_contact_idx on app.meeting_people (tenant_id, contact_id) where contact_id is not null;

create table app.meeting_messages (
  tenant_id uuid not null,
  meeting_id uuid not null,
  seq integer not null,
  person_id uuid not null,
  client_id text not null,
  text text not null,
  created_at timestamptz not null,
  constraint meeting_messages_pkey primary key (tenant_id, meeting_id, seq),
  -- Sent twice, it is there once.
  constraint meeting_messages_client_key unique (tenant_id, meeting_id, person_id, client_id),
  constraint meeting_messages_person_fkey foreign key (tenant_id, meeting_id, person_id)
    references app.meeting_people (tenant_id, meeting_id, person_id) on delete cascade,
  constraint meeting_messages_seq_check check (seq between 1 and 2000),
  constraint meeting_messages_client_id_check check (client_id ~ '^[A-Za-z0-9_-]{1,64}$'),
  constraint meeting_messages_text_check check (char_length(text) between 1 and 2000)
);
call app.protect('app.meeting_messages', rights => 'select, insert');

-- That a meeting began or ended is said in the conversation from which it was made.
alter table app.messages drop constraint messages_event_check;
alter table app.messages add constraint messages_event_check check (
  (event is null) = (author <> 'system') and event in ('handed_off', 'taken_over', 'handed_back', 'resolved', 'meeting'));

-- Who has a role of a company's own with all that an agent had goes on as an agent's equal.
alter table app.roles alter column permissions type text[] using
  case when permissions @> '{workspace.read,conversations.read,conversations.write,documents.read,documents.manage}'::text[]
    then permissions || '{meetings.manage}'::text[] else permissions end;
