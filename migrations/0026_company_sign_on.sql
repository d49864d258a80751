-- A company's own provider: whom it vouches for, of addresses in domains that the company has proven to be its own.
create table app.domains (
  tenant_id uuid not null,
  domain_id uuid not null,
  domain text not null,
  proof text not null,
  created_at timestamptz not null,
  proven_at timestamptz,
  constraint domains_pkey primary key (tenant_id, domain_id),
  constraint domains_domain_key unique (tenant_id, domain),
  constraint domains_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint domains_domain_check check (octet_length(domain) between 3 and 253 and domain = lower(domain collate "C")),
  constraint domains_proof_check check (char_length(proof) between 16 and 100)
);
call app.protect('app.domains', rights => 'select, insert, delete');
grant update (proven_at) on app.domains to app_tenant;
-- Whoever signs in types an address before anybody knows whose they are.
call app.directory('app.domains', reads => 'tenant_id, domain_id, domain, proven_at');
-- A domain is one company's.
create unique index domains_proven_key on app.domains (domain) where proven_at is not null;

create table app.providers (
  tenant_id uuid not null,
  provider_id uuid not null,
  name text not null,
  issuer text not null,
  client_id text not null,
  secret_sealed bytea,
  required boolean not null,
  changed_at timestamptz not null,
  constraint providers_pkey primary key (tenant_id),
  constraint providers_provider_key unique (tenant_id, provider_id),
  constraint providers_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint providers_name_check check (char_length(name) between 1 and 60),
  constraint providers_issuer_check check (octet_length(issuer) between 1 and 500),
  constraint providers_client_id_check check (octet_length(client_id) between 1 and 500),
  constraint providers_secret_sealed_check check (octet_length(secret_sealed) between 37 and 2000)
);
call app.protect('app.providers');
call app.directory('app.providers',
  reads => 'tenant_id, provider_id, name, issuer, client_id, secret_sealed, required',
  updates => 'secret_sealed');
create index providers_provider_idx on app.providers (provider_id);
