-- Passkeys (W3C Web Authentication): keys on a person's devices. One opens the account by itself, and counts as a second factor; the
-- public half is kept. Codes on paper are for whoever has any second factor, and no longer for that of an app alone.
lock table app.people, app.second_factors, app.recovery_codes in access exclusive mode;
alter table app.recovery_codes drop constraint recovery_codes_factor_fkey;
alter table app.recovery_codes add constraint recovery_codes_person_fkey
  foreign key (person_id) references app.people (person_id) on delete cascade;

create table app.passkeys (
  passkey_id uuid not null,
  person_id uuid not null,
  credential_id bytea not null,
  credential jsonb not null,
  name text not null,
  created_at timestamptz not null,
  used_at timestamptz,
  constraint passkeys_pkey primary key (passkey_id),
  constraint passkeys_credential_key unique (credential_id),
  constraint passkeys_person_fkey foreign key (person_id) references app.people (person_id) on delete cascade,
  constraint passkeys_credential_id_check check (octet_length(credential_id) between 16 and 1023),
  constraint passkeys_credential_check check (octet_length(credential::text) <= 8000),
  constraint passkeys_name_check check (char_length(name) between 1 and 60)
);
call app.directory('app.passkeys',
  reads => 'passkey_id, person_id, credential_id, credential, name, created_at, used_at',
  inserts => 'passkey_id, person_id, credential_id, credential, name, created_at',
  updates => 'credential, used_at',
  deletes => true);
create index passkeys_person_idx on app.passkeys (person_id);
