-- Whom a provider vouches for: an account there (issuer and subject, OpenID Connect Core 1.0, section 5.7) that opens an account
-- here. A person has one of an issuer: whoever is given somebody's address later does not come in by it.
create table app.identities (
  identity_id uuid not null,
  person_id uuid not null,
  issuer text not null,
  subject text not null,
  provider text not null,
  email text not null,
  linked_at timestamptz not null,
  used_at timestamptz,
  constraint identities_pkey primary key (identity_id),
  constraint identities_subject_key unique (issuer, subject),
  constraint identities_person_key unique (person_id, issuer),
  constraint identities_person_fkey foreign key (person_id) references app.people (person_id) on delete cascade,
  constraint identities_issuer_check check (octet_length(issuer) between 1 and 500),
  constraint identities_subject_check check (octet_length(subject) between 1 and 255),
  constraint identities_provider_check check (char_length(provider) between 1 and 100),
  constraint identities_email_check check (octet_length(email) <= 254)
);
call app.directory('app.identities',
  reads => 'identity_id, person_id, issuer, subject, provider, email, linked_at, used_at',
  inserts => 'identity_id, person_id, issuer, subject, provider, email, linked_at, used_at',
  updates => 'used_at',
  deletes => true);

-- What has come back from a provider opens something once. Kept for as long as it could come back.
create table app.sign_on_answers (
  state_hash bytea not null,
  answered_at timestamptz not null,
  constraint sign_on_answers_pkey primary key (state_hash),
  constraint sign_on_answers_state_hash_check check (octet_length(state_hash) = 32)
);
call app.directory('app.sign_on_answers',
  reads => 'state_hash, answered_at',
  inserts => 'state_hash, answered_at',
  deletes => true);
