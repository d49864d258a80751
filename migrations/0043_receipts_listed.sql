-- Receipts as a list. What it is ordered and asked by is taken out of the record by the database itself, so that it cannot say anything else than
-- that: these columns are an index, and no part of what is authenticated. (By patterns, not as JSON: a record that somebody has changed is still
-- a row. Inside of a JSON text each quote has a backslash before it, so no text can look like a field.)
alter table app.receipts
  add column verdict text generated always as (substring(record from '"verdict":"([a-z_]+)"')) stored,
  add column outcome text generated always as (substring(record from '"outcome":"([a-z_]+)"')) stored,
  -- Whether it is of an answer that was made again to look at, and not for anybody who asked.
  add column replay boolean generated always as (strpos(record, '"replay_of":"rec_') > 0) stored;
create index receipts_list_idx on app.receipts (tenant_id, receipt_id) include (created_at, verdict, outcome, replay, conversation_id);

-- Of what a company has more than it may keep, the oldest go: work across tenants sees whose they are and how old, and no word of them.
grant select (tenant_id, receipt_id) on app.receipts to app_platform;
