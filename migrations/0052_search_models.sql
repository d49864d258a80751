-- A model of a tenant's may be for the search. What it makes of a piece is kept beside what the model of the house makes of it, under the id of
-- the set that it is of: another model, address or length is another set, and two sets are never compared. And why such a model did not
-- answer the last time, for who looks after the documents.
alter table app.models drop constraint models_uses_check;
alter table app.models add constraint models_uses_check check (uses in ('all', 'simple', 'search'));
-- The set, and the numbers of a vector in it: known once the model was tried.
alter table app.models add column vectors_id uuid;
alter table app.models add column dimensions integer;
alter table app.models add constraint models_vectors_check check (
  num_nulls(vectors_id, dimensions) in (0, 2) and (dimensions is null or dimensions between 64 and 2000)
  and (vectors_id is null or uses = 'search') and (vectors_id is not null or uses <> 'search' or not enabled));
create unique index models_search_idx on app.models (tenant_id) where uses = 'search' and enabled;

create table app.search_faults (
  tenant_id uuid not null,
  -- While documents were read, or something was asked.
  during text not null,
  why text not null,
  at timestamptz not null,
  constraint search_faults_pkey primary key (tenant_id, during),
  constraint search_faults_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint search_faults_during_check check (during in ('reading', 'asking')),
  constraint search_faults_why_check check (char_length(why) between 1 and 500)
);
call app.protect('app.search_faults');
