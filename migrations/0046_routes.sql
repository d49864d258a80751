-- What a model is asked first for; what it costs, day by day; what the models used in a conversation, month by month; and how many answers a
-- model wrote and how many the built-in answerer told, day by day.
alter table app.models add column uses text not null default 'all';
alter table app.models add constraint models_uses_check check (uses in ('all', 'simple'));

-- What a million tokens cost, in millionths, since each of these days; what is asked on a day costs what stands here for it.
create table app.model_prices (
  tenant_id uuid not null,
  model_id uuid not null,
  since date not null,
  input bigint not null,
  cached bigint not null,
  output bigint not null,
  constraint model_prices_pkey primary key (tenant_id, model_id, since),
  constraint model_prices_model_fkey foreign key (tenant_id, model_id)
    references app.models (tenant_id, model_id) on delete cascade,
  constraint model_prices_money_check check (input >= 0 and cached >= 0 and output >= 0)
);
-- The owner is bound by the policies, too; in this transaction nobody else reaches the table. The columns that held them go in a later release:
-- a program from before this still reads them.
alter table app.models no force row level security;
insert into app.model_prices (tenant_id, model_id, since, input, cached, output)
  select tenant_id, model_id, prices_since, input_price, cached_price, output_price from app.models where prices_since is not null;
alter table app.models force row level security;
call app.protect('app.model_prices');

create table app.conversation_usage (
  tenant_id uuid not null,
  conversation_id uuid not null,
  -- Its first day.
  month date not null,
  calls bigint not null,
  input bigint not null,
  cached bigint not null,
  output bigint not null,
  cost bigint,
  constraint conversation_usage_pkey primary key (tenant_id, conversation_id, month),
  constraint conversation_usage_conversation_fkey foreign key (tenant_id, conversation_id)
    references app.conversations (tenant_id, conversation_id) on delete cascade
);
call app.protect('app.conversation_usage');
-- The dearest of a month.
create index conversation_usage_dearest_idx on app.conversation_usage (tenant_id, month, cost desc nulls last, conversation_id);

create table app.answer_days (
  tenant_id uuid not null,
  day date not null,
  by_model bigint not null,
  built_in bigint not null,
  constraint answer_days_pkey primary key (tenant_id, day),
  constraint answer_days_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade
);
call app.protect('app.answer_days');

-- Days are forgotten after 25 months.
call app.directory('app.model_days', reads => 'tenant_id, day, model_id', deletes => true);
create index model_days_day_idx on app.model_days (day);
call app.directory('app.answer_days', reads => 'tenant_id, day', deletes => true);
create index answer_days_day_idx on app.answer_days (day);
