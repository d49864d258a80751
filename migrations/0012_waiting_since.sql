-- Since when a conversation waits for a person, so that who waits longest is served first, whatever they say meanwhile.
-- Unknown where a program from before this wrote the row: then the last thing said counts.
alter table app.conversations add column waiting_since timestamptz;
-- The line of those who wait, the longest first, and the number of them.
create index conversations_waiting_idx
  on app.conversations (tenant_id, coalesce(waiting_since, updated_at), conversation_id)
  where state = 'open' and handler = 'people' and assignee_id is null;
