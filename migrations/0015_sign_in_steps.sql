-- A sign-in is a session that opens nothing yet: whose it is, how that was shown, what is still owed, and what was chosen on
-- the way. Without a tenant nobody is found by it.
alter table app.sessions add column proofs jsonb not null default '[]';
alter table app.sessions add column owed text;
alter table app.sessions add column chosen_id uuid;
alter table app.sessions add column next_path text;
alter table app.sessions add constraint sessions_proofs_check check (jsonb_typeof(proofs) = 'array');
alter table app.sessions add constraint sessions_owed_check check (owed is null or tenant_id is null);
alter table app.sessions add constraint sessions_owed_length_check check (char_length(owed) between 1 and 40);
alter table app.sessions add constraint sessions_next_path_check check (char_length(next_path) <= 2000);
grant select (proofs, owed, chosen_id, next_path), update (proofs, owed, chosen_id, next_path) on app.sessions to app_platform;
