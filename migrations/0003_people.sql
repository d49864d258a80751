-- People who sign in. A person belongs to no tenant and may be a member of several, so tenants cannot see this table:
-- the name and email that they may see are copied to the membership.
create table app.people (
  person_id uuid not null,
  email text not null,
  name text not null,
  password_hash text,
  created_at timestamptz not null,
  constraint people_pkey primary key (person_id),
  constraint people_email_key unique (email),
  -- The application has lower-cased it by Unicode's rules. This compares by ASCII's, which no locale or version changes.
  constraint people_email_check check (octet_length(email) <= 254 and email = lower(email collate "C")),
  constraint people_name_check check (char_length(name) between 1 and 100)
);
call app.directory('app.people',
  reads => 'person_id, email, name, password_hash, created_at',
  inserts => 'person_id, email, name, password_hash, created_at',
  updates => 'password_hash');
