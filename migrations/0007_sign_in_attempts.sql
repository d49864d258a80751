-- Attempts to sign in that count against a limit. An attempt has a row for each subject that it counts against: the
-- account and the address, both as keyed hashes.
create table app.sign_in_attempts (
  attempt_id uuid not null,
  subject bytea not null,
  attempted_at timestamptz not null,
  constraint sign_in_attempts_pkey primary key (attempt_id, subject),
  constraint sign_in_attempts_subject_check check (octet_length(subject) = 32)
);
call app.directory('app.sign_in_attempts',
  reads => 'attempt_id, subject, attempted_at',
  inserts => 'attempt_id, subject, attempted_at',
  deletes => true);

-- For counting a subject's attempts in the window.
create index sign_in_attempts_subject_idx on app.sign_in_attempts (subject, attempted_at);
