-- A second factor of a person's: codes that an app on the phone makes of a seed, and codes on paper for when the phone is gone.
-- The seed is sealed; of a code on paper a keyed hash is kept. Wrong codes are counted: after a hundred in a row the seed opens
-- nothing before there is a new password. One that is being set up is so by one session, for a while.
create table app.second_factors (
  person_id uuid not null,
  factor_id uuid not null,
  seed_sealed bytea not null,
  created_at timestamptz not null,
  begun_by bytea not null,
  confirmed_at timestamptz,
  last_step bigint not null default 0,
  failures integer not null default 0,
  constraint second_factors_pkey primary key (person_id),
  constraint second_factors_person_fkey foreign key (person_id) references app.people (person_id) on delete cascade,
  constraint second_factors_seed_sealed_check check (octet_length(seed_sealed) between 37 and 1000)
);
call app.directory('app.second_factors',
  reads => 'person_id, factor_id, seed_sealed, created_at, begun_by, confirmed_at, last_step, failures',
  inserts => 'person_id, factor_id, seed_sealed, created_at, begun_by',
  updates => 'factor_id, seed_sealed, created_at, begun_by, confirmed_at, last_step, failures',
  deletes => true);

create table app.recovery_codes (
  person_id uuid not null,
  code_hash bytea not null,
  used_at timestamptz,
  constraint recovery_codes_pkey primary key (person_id, code_hash),
  constraint recovery_codes_factor_fkey foreign key (person_id) references app.second_factors (person_id) on delete cascade,
  constraint recovery_codes_code_hash_check check (octet_length(code_hash) = 32)
);
call app.directory('app.recovery_codes',
  reads => 'person_id, code_hash, used_at',
  inserts => 'person_id, code_hash',
  updates => 'used_at',
  deletes => true);
