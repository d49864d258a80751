-- The models that a tenant's assistant asks, in the order of their places; what they have used, day by day; what a month may cost; and the
-- calls that are under way, each with what it may cost at most. What nobody settled in time counts as spent in full, so that a server which
-- ends in the middle spends nothing beside the budget.
create table app.models (
  tenant_id uuid not null,
  model_id uuid not null,
  wire text not null,
  name text not null,
  address text not null,
  key_sealed bytea,
  -- What is shown of the key.
  key_end text,
  enabled boolean not null,
  place integer not null,
  -- Of a million tokens, in millionths.
  input_price bigint,
  cached_price bigint,
  output_price bigint,
  prices_since date,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  constraint models_pkey primary key (tenant_id, model_id),
  constraint models_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint models_wire_check check (wire in ('openai', 'anthropic', 'gemini')),
  constraint models_name_check check (char_length(name) between 1 and 200),
  constraint models_address_check check (octet_length(address) between 1 and 500),
  constraint models_key_sealed_check check (octet_length(key_sealed) between 37 and 2000),
  constraint models_key_end_check check (char_length(key_end) <= 4 and (key_end is null) = (key_sealed is null)),
  constraint models_place_check check (place >= 0),
  constraint models_prices_check check (
    num_nulls(input_price, cached_price, output_price, prices_since) in (0, 4)
    and input_price >= 0 and cached_price >= 0 and output_price >= 0)
);
call app.protect('app.models');
-- Keys are sealed anew with a new key of the installation's.
call app.directory('app.models', reads => 'tenant_id, model_id, key_sealed', updates => 'key_sealed');

create table app.model_days (
  tenant_id uuid not null,
  day date not null,
  model_id uuid not null,
  -- As the provider called it then: the model may be gone.
  name text not null,
  calls bigint not null,
  failures bigint not null,
  input bigint not null,
  cached bigint not null,
  output bigint not null,
  cost bigint,
  constraint model_days_pkey primary key (tenant_id, day, model_id),
  constraint model_days_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade
);
call app.protect('app.model_days');

create table app.model_budgets (
  tenant_id uuid not null,
  -- Nothing was set: as much as comes.
  most bigint,
  alert_at smallint not null,
  alerted boolean not null,
  -- Its first day. What follows is of this month alone.
  month date not null,
  spent bigint not null,
  reserved bigint not null,
  constraint model_budgets_pkey primary key (tenant_id),
  constraint model_budgets_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint model_budgets_alert_at_check check (alert_at between 1 and 100),
  constraint model_budgets_money_check check (most >= 0 and spent >= 0 and reserved >= 0)
);
call app.protect('app.model_budgets');

create table app.model_calls (
  tenant_id uuid not null,
  call_id uuid not null,
  -- In whose budget it is reserved.
  month date not null,
  micros bigint not null,
  leased_until timestamptz not null,
  constraint model_calls_pkey primary key (tenant_id, call_id),
  constraint model_calls_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint model_calls_micros_check check (micros >= 0)
);
call app.protect('app.model_calls');
create index model_calls_leased_idx on app.model_calls (tenant_id, leased_until);

-- Who has a role of a company's own with all that an admin had goes on as an admin's equal.
alter table app.roles alter column permissions type text[] using
  case when permissions @> '{workspace.read,conversations.others,conversations.write,documents.manage,members.manage,keys.manage,settings.manage,audit.read}'::text[]
    then permissions || '{assistant.manage}'::text[] else permissions end;
